#include "cornu/backends/torch/lowering.h"
namespace cornu::torch {
std::span<const Lowering> convolution_lowerings() { return {}; }
}
