// The vectorised kernels for what every machine of the architecture has (SSE2, NEON).
#define SIMD_NAMESPACE simd_base
#define SIMD_NAME "base"
#define SIMD_BYTES 16
#include "cornu/backends/native/kernels/simd_table.h"

namespace cornu::native {
extern const Simd simd_base_table;
constexpr Simd simd_base_table = simd_base::table;
}  // namespace cornu::native
