#include "cornu/backends/native/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::native {

namespace {

// Made once, when the graph is compiled: a range never changes.
Kernel lower_iota(const Call& call) {
    const auto& a = call.as<IotaAttrs>();
    const int64_t axis = normalize_axis(a.axis, a.shape.rank()), n = a.shape.size();
    const int64_t length = a.shape[axis];
    int64_t inner = 1;
    for (int64_t i = axis + 1; i < a.shape.rank(); ++i) inner *= a.shape[i];
    return visit_dtype(a.dtype, [&](auto zero) -> Kernel {
        using T = decltype(zero);
        return {.run = [=](const void* const*, void* const* out, void*) {
            T* y = static_cast<T*>(out[0]);
            for (int64_t i = 0; i < n; ++i) {
                const int64_t at = i / inner % length;
                if constexpr (is_complex(dtype_of<T>)) y[i] = T(static_cast<typename T::value_type>(at));
                else if constexpr (std::is_arithmetic_v<T>) y[i] = static_cast<T>(at);
                else y[i] = T(static_cast<float>(at));
            }
        }};
    });
}

bool numeric(const Call& call) {
    const DType dtype = call.as<IotaAttrs>().dtype;
    return dtype != DType::int4 && dtype != DType::string;
}

constexpr Lowering table[] = {{"iota", lower_iota, numeric}};

}  // namespace

std::span<const Lowering> creation_lowerings() { return table; }

}  // namespace cornu::native
