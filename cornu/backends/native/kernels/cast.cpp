#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <vector>

#include "cornu/backends/native/kernels/elementwise.h"
#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

// A double as a float whose last bit remembers that something was cut off, so that rounding once
// more, to a narrower type, gives what rounding the double itself would.
float round_to_odd(double x) {
    const float f = static_cast<float>(x);
    const double back = f;
    if (back == x || x != x || std::isinf(f)) return f;
    uint32_t u = std::bit_cast<uint32_t>(f);
    if (std::abs(back) > std::abs(x)) --u;
    return std::bit_cast<float>(u | 1);
}

template <class Int, class Real>
Int saturate(Real x) {
    using Limits = std::numeric_limits<Int>;
    if (x != x) return 0;
    // The largest integer may round up as a Real: >= catches what the conversion could not hold.
    if (x >= static_cast<Real>(Limits::max())) return Limits::max();
    if (x <= static_cast<Real>(Limits::lowest())) return Limits::lowest();
    return static_cast<Int>(x);
}

template <class To, class From>
To convert(From x) {
    if constexpr (std::is_same_v<To, From>)
        return x;
    else if constexpr (is_small_float_v<From>)
        return convert<To>(static_cast<float>(x));
    else if constexpr (is_complex_v<From>) {
        if constexpr (std::is_same_v<To, bool>)
            return x != From(0);
        else if constexpr (is_complex_v<To>)
            return To(x);
        else
            return convert<To>(x.real());
    } else if constexpr (is_complex_v<To>) {
        return To(convert<typename To::value_type>(x));
    } else if constexpr (std::is_same_v<To, bool>) {
        return x != From(0);
    } else if constexpr (is_small_float_v<To>) {
        if constexpr (std::is_same_v<From, float>)
            return To(x);
        else
            return To(round_to_odd(static_cast<double>(x)));
    } else if constexpr (is_int_v<To> && std::is_floating_point_v<From>) {
        return saturate<To>(x);
    } else {
        return static_cast<To>(x);
    }
}

template <class From, class To>
void loop(const void* x_, void* y_, int64_t n) {
    const From* x = static_cast<const From*>(x_);
    To* y = static_cast<To*>(y_);
    for (int64_t i = 0; i < n; ++i) y[i] = convert<To>(x[i]);
}

template <auto member, class From, class To>
void vector_loop(const void* x, void* y, int64_t n) {
    (simd().*member)(static_cast<const From*>(x), static_cast<To*>(y), n);
}

// Pieces start at even positions, so that no two threads share a byte.
template <class To>
void from_int4(const void* x, void* y, int64_t n) {
    int8_t block[256];
    for (int64_t i = 0; i < n; i += 256) {
        const int64_t count = std::min<int64_t>(256, n - i);
        unpack_int4(static_cast<const uint8_t*>(x) + i / 2, block, count);
        loop<int8_t, To>(block, static_cast<To*>(y) + i, count);
    }
}
template <class From>
void to_int4(const void* x, void* y, int64_t n) {
    int8_t block[256];
    for (int64_t i = 0; i < n; i += 256) {
        const int64_t count = std::min<int64_t>(256, n - i);
        const From* from = static_cast<const From*>(x) + i;
        for (int64_t k = 0; k < count; ++k) {
            // Floats saturate at int4's own limits; integers wrap to their low bits.
            if constexpr (is_int_v<From> || std::is_same_v<From, bool>)
                block[k] = static_cast<int8_t>(from[k]);
            else
                block[k] = std::min<int8_t>(7, std::max<int8_t>(-8, convert<int8_t>(from[k])));
        }
        pack_int4(block, static_cast<uint8_t*>(y) + i / 2, count);
    }
}
void copy_int4(const void* x, void* y, int64_t n) {
    std::memcpy(y, x, static_cast<size_t>(n + 1) / 2);
}

int64_t offset_bytes(DType dtype, int64_t elements) { return elements * bits(dtype) / 8; }

}  // namespace

Cast::Loop cast_loop(DType from, DType to) {
    if (from == DType::int4 && to == DType::int4) return copy_int4;
    if (from == DType::int4)
        return visit_numeric(to, "cast",
                             [](auto t) -> Cast::Loop { return from_int4<decltype(t)>; });
    if (to == DType::int4)
        return visit_numeric(from, "cast",
                             [](auto f) -> Cast::Loop { return to_int4<decltype(f)>; });
    if (from == DType::float32 && to == DType::bfloat16)
        return vector_loop<&Simd::to_bfloat16, float, uint16_t>;
    if (from == DType::bfloat16 && to == DType::float32)
        return vector_loop<&Simd::from_bfloat16, uint16_t, float>;
    if (from == DType::float32 && to == DType::float16)
        return vector_loop<&Simd::to_float16, float, uint16_t>;
    if (from == DType::float16 && to == DType::float32)
        return vector_loop<&Simd::from_float16, uint16_t, float>;
    return visit_numeric(from, "cast", [&](auto f) {
        return visit_numeric(to, "cast",
                             [&](auto t) -> Cast::Loop { return loop<decltype(f), decltype(t)>; });
    });
}

void unpack_int4(const void* packed, int8_t* out, int64_t count) {
    const uint8_t* bytes = static_cast<const uint8_t*>(packed);
    for (int64_t i = 0; i < count; ++i) {
        const int nibble = (bytes[i / 2] >> (i % 2 * 4)) & 15;
        out[i] = static_cast<int8_t>((nibble ^ 8) - 8);
    }
}

void pack_int4(const int8_t* values, void* packed, int64_t count) {
    uint8_t* bytes = static_cast<uint8_t*>(packed);
    for (int64_t i = 0; i < count; i += 2) {
        const int low = values[i] & 15, high = i + 1 < count ? values[i + 1] & 15 : 0;
        bytes[i / 2] = static_cast<uint8_t>(low | (high << 4));
    }
}

Cast::Cast(DType from, DType to, int64_t count)
    : from_(from), to_(to), count_(count), grain_(4096), loop_(cast_loop(from, to)) {}

void Cast::run(const void* x, void* y) const {
    // In pairs of elements: an int4 piece must start on a byte.
    parallel_for((count_ + 1) / 2, grain_ / 2, [&](int64_t begin, int64_t end) {
        begin *= 2;
        end = std::min(end * 2, count_);
        loop_(static_cast<const char*>(x) + offset_bytes(from_, begin),
              static_cast<char*>(y) + offset_bytes(to_, begin), end - begin);
    });
}

}  // namespace cornu::native
