#include "cornu/backends/torch/lowering.h"
namespace cornu::torch {
std::span<const Lowering> control_flow_lowerings() { return {}; }
}
