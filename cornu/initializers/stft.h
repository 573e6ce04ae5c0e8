// The values of the STFT initializer.
#pragma once

#include "cornu/initializers/initializers.h"

namespace cornu::initializers {

// (frame_length, 1, bins): cosines or sines under a window. Throws ShapeError for another rank.
Tensor stft_kernel(const STFTConfig& config, const Shape& shape, DType dtype);

}  // namespace cornu::initializers
