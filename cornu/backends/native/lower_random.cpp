#include "cornu/backends/native/kernels/threefry.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::native {

namespace {

Kernel lower_bits(const Call& call) {
    const auto& b = call.as<BitsAttrs>();
    const int width = bits(b.dtype);
    const auto first = static_cast<uint64_t>(b.start);
    const int64_t count = b.shape.size();
    return {.run = [=](const void* const* in, void* const* out, void*) {
        const auto* key = static_cast<const uint32_t*>(in[0]);
        random_bits(key[0], key[1], first, width, out[0], count);
    }};
}

Kernel lower_below(const Call& call) {
    const auto& b = call.as<BelowAttrs>();
    const auto bound = static_cast<uint32_t>(b.bound);
    const int64_t count = b.shape.size();
    return {.run = [=](const void* const* in, void* const* out, void*) {
        const auto* key = static_cast<const uint32_t*>(in[0]);
        random_below(key[0], key[1], bound, static_cast<bool*>(out[0]), count);
    }};
}

constexpr Lowering table[] = {{"threefry_bits", lower_bits}, {"threefry_below", lower_below}};

}  // namespace

std::span<const Lowering> random_lowerings() { return table; }

}  // namespace cornu::native
