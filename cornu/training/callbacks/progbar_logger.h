// ProgbarLogger: the progress bar of fit, evaluate and predict. They have one by themselves; given
// explicitly, it takes its place among the other callbacks instead of coming last.
#pragma once

#include "cornu/training/callback.h"

namespace cornu::callbacks {

class CORNU_API ProgbarLogger : public Callback {
public:
    ProgbarLogger();
};

bool is_progress_bar(const Callback& callback);

}  // namespace cornu::callbacks
