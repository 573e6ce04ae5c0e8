#include "cornu/random/host_draws.h"

#include <bit>
#include <cmath>
#include <limits>

#include "cornu/base/parallel.h"

namespace cornu::random::host {

std::array<uint32_t, 2> threefry2x32(const Key& key, uint32_t x0, uint32_t x1) {
    static constexpr int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    const uint32_t ks[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDAu};
    x0 += ks[0];
    x1 += ks[1];
    for (uint32_t round = 0; round < 5; ++round) {
        for (const int r : rotations[round % 2]) {
            x0 += x1;
            x1 = std::rotl(x1, r) ^ x0;
        }
        x0 += ks[(round + 1) % 3];
        x1 += ks[(round + 2) % 3] + round + 1;
    }
    return {x0, x1};
}

namespace {

// The layout that JAX calls partitionable: element i is a function of the key and i alone.
uint64_t bits64(const Key& key, uint64_t i) {
    const auto [high, low] = threefry2x32(key, static_cast<uint32_t>(i >> 32), static_cast<uint32_t>(i));
    return (uint64_t{high} << 32) | low;
}
uint32_t bits32(const Key& key, uint64_t i) {
    const auto [high, low] = threefry2x32(key, static_cast<uint32_t>(i >> 32), static_cast<uint32_t>(i));
    return high ^ low;
}

// A uniform draw in [0, 1) whose mantissa is random bits, as jax.random.uniform makes it.
template <class T> T unit(const Key& key, uint64_t i);
template <> float unit<float>(const Key& key, uint64_t i) { return std::bit_cast<float>((bits32(key, i) >> 9) | 0x3F800000u) - 1.0f; }
template <> double unit<double>(const Key& key, uint64_t i) {
    return std::bit_cast<double>((bits64(key, i) >> 12) | 0x3FF0000000000000ull) - 1.0;
}
template <> float16 unit<float16>(const Key& key, uint64_t i) {
    float16 x;
    x.bits = static_cast<uint16_t>((static_cast<uint16_t>(bits32(key, i)) >> 6) | 0x3C00u);
    return float16(static_cast<float>(x) - 1.0f);
}
template <> bfloat16 unit<bfloat16>(const Key& key, uint64_t i) {
    bfloat16 x;  // seven bits of mantissa: JAX draws bytes for them
    x.bits = static_cast<uint16_t>((static_cast<uint8_t>(bits32(key, i)) >> 1) | 0x3F80u);
    return bfloat16(static_cast<float>(x) - 1.0f);
}

// Narrow types compute in float32 and round each result.
template <class T> T rounded(double x) { return T(static_cast<float>(x)); }
template <> float rounded<float>(double x) { return static_cast<float>(x); }
template <> double rounded<double>(double x) { return x; }

template <class T>
T draw_uniform(const Key& key, uint64_t i, T low, T high) {
    const T u = unit<T>(key, i);
    if constexpr (std::is_floating_point_v<T>) {
        return std::max(low, std::fma(u, high - low, low));  // XLA fuses the product and the sum
    } else {
        const T span(static_cast<float>(high) - static_cast<float>(low));
        const T product(static_cast<float>(u) * static_cast<float>(span));   // narrow types round in between
        const T x(static_cast<float>(product) + static_cast<float>(low));
        return static_cast<float>(x) < static_cast<float>(low) ? low : x;
    }
}

// The next functions are XLA's for CPUs, operation by operation with the fused ones that it makes,
// so that normal draws too are JAX's bit for bit.
template <class T, size_t N>
T polynomial(const T (&c)[N], T x) {
    T p = c[0];
    for (size_t i = 1; i < N; ++i) p = std::fma(p, x, c[i]);
    return p;
}

// Cephes's logarithm, for normal numbers.
float log_of(float x) {
    static constexpr float p[] = {7.0376836292E-2f, -1.1514610310E-1f, 1.1676998740E-1f}, q[] = {-1.2420140846E-1f, 1.4249322787E-1f, -1.6668057665E-1f},
                           r[] = {2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f};
    const auto word = std::bit_cast<uint32_t>(x);
    auto exponent = static_cast<float>(static_cast<int32_t>(word >> 23) - 126);
    float m = std::bit_cast<float>((word & 0x007FFFFFu) | 0x3F000000u);   // in [0.5, 1)
    if (m < 0.707106781186547524f) {
        exponent -= 1;
        m = (m - 1) + m;
    } else {
        m -= 1;
    }
    const float square = m * m, cube = square * m;
    const float series = std::fma(std::fma(polynomial(p, m), cube, polynomial(q, m)), cube, polynomial(r, m));
    const float small = std::fma(series, cube, -2.12194440e-4f * exponent);
    return std::fma(0.693359375f, exponent, std::fma(-0.5f, square, m) + small);
}

// Near zero Cephes's rational function, for x > -1.
float log1p_of(float x) {
    static constexpr float numerator[] = {4.5270000862445199635215E-5f, 4.9854102823193375972212E-1f, 6.5787325942061044846969E0f, 2.9911919328553073277375E1f,
                                          6.0949667980987787057556E1f, 5.7112963590585538103336E1f, 2.0039553499201281259648E1f};
    static constexpr float denominator[] = {1.f, 1.5062909083469192043167E1f, 8.3047565967967209469434E1f, 2.2176239823732856465394E2f,
                                            3.0909872225312059774938E2f, 2.1642788614495947685003E2f, 6.0118660497603843919306E1f};
    if (std::abs(x) >= 0.41421356237309504880f) return log_of(1 + x);
    const float square = x * x, quotient = polynomial(numerator, x) / polynomial(denominator, x);
    return x + std::fma(-0.5f, square, x * square * quotient);
}

// The inverse error function by Giles's polynomials.
float erf_inv(float x) {
    static constexpr float central[] = {2.81022636e-08f, 3.43273939e-07f, -3.5233877e-06f, -4.39150654e-06f, 0.00021858087f,
                                        -0.00125372503f, -0.00417768164f, 0.246640727f, 1.50140941f};
    static constexpr float tail[] = {-0.000200214257f, 0.000100950558f, 0.00134934322f, -0.00367342844f, 0.00573950773f,
                                     -0.0076224613f, 0.00943887047f, 1.00167406f, 2.83297682f};
    if (std::abs(x) == 1.0f) return x * std::numeric_limits<float>::infinity();
    const float w = -log1p_of(-x * x);
    return x * (w < 5.0f ? polynomial(central, w - 2.5f) : polynomial(tail, std::sqrt(w) - 3.0f));
}
double erf_inv(double x) {
    static constexpr double a[] = {-3.6444120640178196996e-21, -1.685059138182016589e-19, 1.2858480715256400167e-18, 1.115787767802518096e-17,
        -1.333171662854620906e-16, 2.0972767875968561637e-17, 6.6376381343583238325e-15, -4.0545662729752068639e-14, -8.1519341976054721522e-14,
        2.6335093153082322977e-12, -1.2975133253453532498e-11, -5.4154120542946279317e-11, 1.051212273321532285e-09, -4.1126339803469836976e-09,
        -2.9070369957882005086e-08, 4.2347877827932403518e-07, -1.3654692000834678645e-06, -1.3882523362786468719e-05, 0.0001867342080340571352,
        -0.00074070253416626697512, -0.0060336708714301490533, 0.24015818242558961693, 1.6536545626831027356};
    static constexpr double b[] = {2.2137376921775787049e-09, 9.0756561938885390979e-08, -2.7517406297064545428e-07, 1.8239629214389227755e-08,
        1.5027403968909827627e-06, -4.013867526981545969e-06, 2.9234449089955446044e-06, 1.2475304481671778723e-05, -4.7318229009055733981e-05,
        6.8284851459573175448e-05, 2.4031110387097893999e-05, -0.0003550375203628474796, 0.00095328937973738049703, -0.0016882755560235047313,
        0.0024914420961078508066, -0.0037512085075692412107, 0.005370914553590063617, 1.0052589676941592334, 3.0838856104922207635};
    static constexpr double c[] = {-2.7109920616438573243e-11, -2.5556418169965252055e-10, 1.5076572693500548083e-09, -3.7894654401267369937e-09,
        7.6157012080783393804e-09, -1.4960026627149240478e-08, 2.9147953450901080826e-08, -6.7711997758452339498e-08, 2.2900482228026654717e-07,
        -9.9298272942317002539e-07, 4.5260625972231537039e-06, -1.9681778105531670567e-05, 7.5995277030017761139e-05, -0.00021503011930044477347,
        -0.00013871931833623122026, 1.0103004648645343977, 4.8499064014085844221};
    if (std::abs(x) == 1.0) return x * std::numeric_limits<double>::infinity();
    const double w = -std::log1p(-x * x);
    if (w < 6.25) return x * polynomial(a, w - 3.125);
    return x * (w < 16.0 ? polynomial(b, std::sqrt(w) - 3.25) : polynomial(c, std::sqrt(w) - 5.0));
}

template <class T>
Tensor fill(const Shape& shape, DType dtype, const auto& draw) {
    Tensor out = Tensor::uninitialized(shape, dtype);
    T* values = static_cast<T*>(out.mutable_raw());
    parallel_for(shape.size(), 4096, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) values[i] = draw(static_cast<uint64_t>(i));
    });
    return out;
}

// Calls f with the C++ type of a dtype that can be drawn.
template <class F>
Tensor with_float(DType dtype, F&& f) {
    switch (dtype) {
        case DType::float16: return f(float16());
        case DType::bfloat16: return f(bfloat16());
        case DType::float32: return f(float());
        case DType::float64: return f(double());
        default: throw DTypeError(str("random values can be drawn in floating dtypes only. Received: dtype=", dtype));
    }
}

template <class T>
T normal_from(T u) {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(std::sqrt(2.0)) * erf_inv(u);
    else return T(static_cast<float>(T(std::sqrt(2.0f))) * static_cast<float>(T(erf_inv(static_cast<float>(u)))));
}

// The neighbour of x on the side of `towards`.
template <class T>
T next_after(T x, double towards) {
    if constexpr (std::is_floating_point_v<T>) return std::nextafter(x, static_cast<T>(towards));
    else {
        const bool up = towards > static_cast<float>(x);
        x.bits = static_cast<uint16_t>(x.bits + ((static_cast<float>(x) > 0) == up ? 1 : -1));
        return x;
    }
}

}  // namespace

Tensor uniform(const Key& key, const Shape& shape, DType dtype, double minval, double maxval) {
    return with_float(dtype, [&](auto zero) {
        using T = decltype(zero);
        const T low = rounded<T>(minval), high = rounded<T>(maxval);
        return fill<T>(shape, dtype, [&](uint64_t i) { return draw_uniform<T>(key, i, low, high); });
    });
}

Tensor normal(const Key& key, const Shape& shape, DType dtype) {
    return with_float(dtype, [&](auto zero) {
        using T = decltype(zero);
        const T low = next_after(rounded<T>(-1), 0), high = rounded<T>(1);
        return fill<T>(shape, dtype, [&](uint64_t i) { return normal_from<T>(draw_uniform<T>(key, i, low, high)); });
    });
}

Tensor truncated_normal(const Key& key, const Shape& shape, DType dtype) {
    return with_float(dtype, [&](auto zero) {
        using T = decltype(zero);
        const double root = static_cast<double>(rounded<T>(std::sqrt(2.0))), edge = std::erf(static_cast<double>(rounded<T>(2.0 / root)));
        const T low = rounded<T>(-edge), high = rounded<T>(edge);
        const T least = next_after(rounded<T>(-2), 3), most = next_after(rounded<T>(2), -3);
        return fill<T>(shape, dtype, [&](uint64_t i) {
            const T x = normal_from<T>(draw_uniform<T>(key, i, low, high));
            return x < least ? least : most < x ? most : x;
        });
    });
}

Tensor scale_shift(const Tensor& x, double scale, double offset) {
    return with_float(x.dtype(), [&](auto zero) {
        using T = decltype(zero);
        const auto in = x.data<T>();
        const T by = rounded<T>(scale), plus = rounded<T>(offset);
        return fill<T>(x.shape(), x.dtype(), [&](uint64_t i) {
            const T product = rounded<T>(static_cast<double>(in[i]) * static_cast<double>(by));
            return rounded<T>(static_cast<double>(product) + static_cast<double>(plus));
        });
    });
}

}  // namespace cornu::random::host
