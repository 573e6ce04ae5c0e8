#include "cornu/backends/native/kernels/simd.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace cornu::native {

extern const Simd simd_base_table;
#if defined(__x86_64__)
extern const Simd simd_avx2_table;
extern const Simd simd_avx512_table;
#endif

const Simd* find_simd(const char* name) {
    if (!std::strcmp(name, "base")) return &simd_base_table;
#if defined(__x86_64__)
    if (!std::strcmp(name, "avx2")) {
        const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        return has ? &simd_avx2_table : nullptr;
    }
    if (!std::strcmp(name, "avx512")) {
        const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                         __builtin_cpu_supports("fma");
        return has ? &simd_avx512_table : nullptr;
    }
#endif
    return nullptr;
}

const Simd& simd() {
    static const Simd& chosen = []() -> const Simd& {
        if (const char* asked = std::getenv("CORNU_SIMD")) {
            if (const Simd* table = find_simd(asked)) return *table;
        }
        for (const char* name : {"avx512", "avx2"}) {
            if (const Simd* table = find_simd(name)) return *table;
        }
        return simd_base_table;
    }();
    return chosen;
}

}  // namespace cornu::native
