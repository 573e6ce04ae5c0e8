// Deterministic mode.
#pragma once

#include "cornu/base/api.h"

namespace cornu::config {

// From here on, what the current Context computes on the native engine has the same bits for any
// number of threads: work is cut by sizes, never by threads. Costs speed where a product or a
// convolution is too small to be cut (docs/determinism.md). Without it, the same number of threads
// gives the same bits. Programs already compiled are compiled anew. Other engines are left as they
// are; XLA on a CPU repeats its results anyway.
CORNU_API void enable_determinism(bool enabled = true);
CORNU_API bool determinism_enabled();

}  // namespace cornu::config
