// The vectorised kernels for AVX-512 (F, BW, DQ, VL); empty where the flags in
// cmake/cornu_native.cmake don't apply.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define SIMD_NAMESPACE simd_avx512
#define SIMD_NAME "avx512"
#define SIMD_BYTES 64
#include "cornu/backends/native/kernels/simd_table.h"

namespace cornu::native {
extern const Simd simd_avx512_table;
constexpr Simd simd_avx512_table = simd_avx512::table;
}  // namespace cornu::native
#endif
