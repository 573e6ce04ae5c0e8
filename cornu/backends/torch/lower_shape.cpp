#include "cornu/backends/torch/lowering.h"
namespace cornu::torch {
std::span<const Lowering> shape_lowerings() { return {}; }
}
