// Discrete Fourier transforms of any size, float32 and float64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "cornu/tensor/dtype.h"

namespace cornu::native {

// Along rows of n numbers whose real and imaginary parts lie apart; no factor either way.
class Fft {
public:
    Fft(DType dtype, int64_t n, bool inverse);
    size_t scratch_bytes(int64_t rows) const;
    void run(int64_t rows, const void* re, const void* im, void* out_re, void* out_im, void* scratch) const;

private:
    struct Plan;
    template <class T> struct TypedPlan;
    std::shared_ptr<const Plan> plan_;
};

}  // namespace cornu::native
