// The vectorised kernels for AVX2 with FMA; empty where the flags in cmake/cornu_native.cmake don't
// apply.
#if defined(__AVX2__) && defined(__FMA__)
#define SIMD_NAMESPACE simd_avx2
#define SIMD_NAME "avx2"
#define SIMD_BYTES 32
#include "cornu/backends/native/kernels/simd_table.h"

namespace cornu::native {
extern const Simd simd_avx2_table;
constexpr Simd simd_avx2_table = simd_avx2::table;
}  // namespace cornu::native
#endif
