#include <cmath>
#include <complex>
#include <utility>

#include "cornu/backends/native/kernels/elementwise.h"
#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/backends/native/kernels/special.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

template <class T>
struct PartOf { using type = T; };
template <class T>
struct PartOf<std::complex<T>> { using type = T; };

enum class Domain { numbers, floats, real_floats, real_numbers, integers, complex, any };

constexpr Domain domain_of(UnaryOp op) {
    using enum UnaryOp;
    switch (op) {
        case identity: case neg: case abs: case sign: case square: return Domain::numbers;
        case relu: return Domain::real_numbers;
        case erf:
        case floor:
        case ceil:
        case round:
        case trunc:
        case softplus:
        case gelu:
        case gelu_tanh:
        case erfinv:
        case erfc: case cbrt: case lgamma: case digamma: return Domain::real_floats;
        case logical_not: case is_nan: case is_inf: case is_finite: return Domain::any;
        case bit_not: return Domain::integers;
        case conj: case real: case imag: return Domain::complex;
        default: return Domain::floats;
    }
}

template <class C>
constexpr bool in_domain(UnaryOp op) {
    const bool real_float = std::is_floating_point_v<C>, integer = is_int_v<C>;
    switch (domain_of(op)) {
        case Domain::numbers:
            return !std::is_same_v<C, bool> || op == UnaryOp::identity || op == UnaryOp::abs ||
                   op == UnaryOp::square;
        case Domain::floats: return real_float || is_complex_v<C>;
        case Domain::real_floats: return real_float;
        case Domain::real_numbers: return real_float || integer;
        case Domain::integers: return integer || std::is_same_v<C, bool>;
        case Domain::complex: return is_complex_v<C>;
        case Domain::any: return true;
    }
    return false;
}

// One value in its compute type.
template <UnaryOp op, class C>
auto value_of(C x) {
    using enum UnaryOp;
    using R = typename PartOf<C>::type;
    const auto one = C(1);
    if constexpr (op == identity) return x;
    else if constexpr (op == neg) {
        if constexpr (is_int_v<C>) return wrap_sub(C(0), x);
        else return -x;
    } else if constexpr (op == UnaryOp::abs) {
        if constexpr (std::is_unsigned_v<C>) return x;
        else if constexpr (is_int_v<C>) return x < 0 ? wrap_sub(C(0), x) : x;
        else return std::abs(x);
    } else if constexpr (op == sign) {
        if constexpr (is_complex_v<C>) return x == C(0) ? C(0) : x / std::abs(x);
        else return x > C(0) ? C(1) : (x < C(0) ? static_cast<C>(-1) : x);
    } else if constexpr (op == square) return wrap_mul(x, x);
    else if constexpr (op == relu) return x < C(0) ? C(0) : x;
    else if constexpr (op == logical_not) return x == C(0);
    else if constexpr (op == bit_not) {
        if constexpr (std::is_same_v<C, bool>) return !x;
        else return static_cast<C>(~x);
    } else if constexpr (op == UnaryOp::is_nan) return native::is_nan(x);
    else if constexpr (op == is_inf) {
        if constexpr (is_complex_v<C>) return std::isinf(x.real()) || std::isinf(x.imag());
        else if constexpr (std::is_floating_point_v<C>) return std::isinf(x);
        else return false;
    } else if constexpr (op == is_finite) {
        if constexpr (is_complex_v<C>) return std::isfinite(x.real()) && std::isfinite(x.imag());
        else if constexpr (std::is_floating_point_v<C>) return std::isfinite(x);
        else return true;
    } else if constexpr (op == conj) return std::conj(x);
    else if constexpr (op == real) return x.real();
    else if constexpr (op == imag) return x.imag();
    else if constexpr (op == reciprocal) return one / x;
    else if constexpr (op == UnaryOp::sqrt) return std::sqrt(x);
    else if constexpr (op == rsqrt) return one / std::sqrt(x);
    else if constexpr (op == UnaryOp::exp) return std::exp(x);
    else if constexpr (op == UnaryOp::expm1) {
        if constexpr (is_complex_v<C>) return std::exp(x) - one;
        else return std::expm1(x);
    } else if constexpr (op == UnaryOp::log) return std::log(x);
    else if constexpr (op == UnaryOp::log1p) {
        if constexpr (is_complex_v<C>) return std::log(one + x);
        else return std::log1p(x);
    } else if constexpr (op == UnaryOp::tanh) return std::tanh(x);
    else if constexpr (op == sigmoid) return one / (one + std::exp(-x));
    else if constexpr (op == UnaryOp::sin) return std::sin(x);
    else if constexpr (op == UnaryOp::cos) return std::cos(x);
    else if constexpr (op == UnaryOp::tan) return std::tan(x);
    else if constexpr (op == UnaryOp::asin) return std::asin(x);
    else if constexpr (op == UnaryOp::acos) return std::acos(x);
    else if constexpr (op == UnaryOp::atan) return std::atan(x);
    else if constexpr (op == UnaryOp::sinh) return std::sinh(x);
    else if constexpr (op == UnaryOp::cosh) return std::cosh(x);
    else if constexpr (op == UnaryOp::asinh) return std::asinh(x);
    else if constexpr (op == UnaryOp::acosh) return std::acosh(x);
    else if constexpr (op == UnaryOp::atanh) return std::atanh(x);
    else if constexpr (op == silu) return x / (one + std::exp(-x));
    else if constexpr (op == UnaryOp::exp2) {
        if constexpr (is_complex_v<C>) return std::exp(x * R(0.69314718055994530942));
        else return std::exp2(x);
    } else if constexpr (op == UnaryOp::log2) {
        if constexpr (is_complex_v<C>) return std::log(x) / R(0.69314718055994530942);
        else return std::log2(x);
    } else if constexpr (op == UnaryOp::log10) return std::log10(x);
    else if constexpr (op == UnaryOp::erf) return std::erf(x);
    else if constexpr (op == UnaryOp::floor) return std::floor(x);
    else if constexpr (op == UnaryOp::ceil) return std::ceil(x);
    else if constexpr (op == UnaryOp::round) return std::nearbyint(x);  // half to even
    else if constexpr (op == UnaryOp::trunc) return std::trunc(x);
    else if constexpr (op == softplus)
        return (x < 0 ? C(0) : x) + std::log1p(std::exp(-std::abs(x)));
    else if constexpr (op == gelu) return x / 2 * std::erfc(-x * C(0.70710678118654752440));
    else if constexpr (op == gelu_tanh)
        return x / 2 * (1 + std::tanh(C(0.79788456080286535588) * (x + C(0.044715) * x * x * x)));
    else if constexpr (op == UnaryOp::erfc) return std::erfc(x);
    else if constexpr (op == UnaryOp::erfinv) return static_cast<C>(native::erfinv(x));
    else if constexpr (op == UnaryOp::cbrt) return std::cbrt(x);
    else if constexpr (op == UnaryOp::lgamma) return static_cast<C>(log_gamma(x));
    else if constexpr (op == UnaryOp::digamma) return static_cast<C>(native::digamma(x));
}

template <UnaryOp op, class T>
void loop(const void* x_, void* y_, int64_t n) {
    using C = Compute<T>;
    using V = decltype(value_of<op>(C()));
    using Result = std::conditional_t<std::is_same_v<V, C>, T, V>;
    const T* x = static_cast<const T*>(x_);
    Result* y = static_cast<Result*>(y_);
    for (int64_t i = 0; i < n; ++i) y[i] = from_compute<Result>(value_of<op>(load_value(x + i)));
}

template <UnaryOp op, class T>
constexpr Unary::Loop loop_or_none() {
    if constexpr (in_domain<Compute<T>>(op)) return loop<op, T>;
    else return nullptr;
}
template <class T, size_t... i>
Unary::Loop find_loop(UnaryOp op, std::index_sequence<i...>) {
    static constexpr Unary::Loop loops[] = {loop_or_none<static_cast<UnaryOp>(i), T>()...};
    return loops[static_cast<size_t>(op)];
}

// float16 and bfloat16 go through float in blocks that stay in the first-level cache.
void run_small_float(DType dtype, Simd::Unary vector, const uint16_t* x, uint16_t* y, int64_t n) {
    const Simd& s = simd();
    const bool brain = dtype == DType::bfloat16;
    alignas(64) float block[512];
    for (int64_t i = 0; i < n; i += 512) {
        const int64_t count = std::min<int64_t>(512, n - i);
        (brain ? s.from_bfloat16 : s.from_float16)(x + i, block, count);
        vector(block, block, count);
        (brain ? s.to_bfloat16 : s.to_float16)(block, y + i, count);
    }
}

}  // namespace

DType result_dtype(UnaryOp op, DType dtype) {
    if (gives_bool(op)) return DType::bool_;
    if (op == UnaryOp::real || op == UnaryOp::imag || op == UnaryOp::abs) {
        if (dtype == DType::complex64) return DType::float32;
        if (dtype == DType::complex128) return DType::float64;
    }
    return dtype;
}

Unary::Loop unary_loop(UnaryOp op, DType dtype) {
    return visit_numeric(dtype, "an elementwise operation", [&](auto t) {
        return find_loop<decltype(t)>(op, std::make_index_sequence<unary_op_count>());
    });
}

Unary::Unary(UnaryOp op, DType dtype, int64_t count) : count_(count), dtype_(dtype) {
    loop_ = unary_loop(op, dtype);
    if (!loop_)
        throw DTypeError(str("elementwise operation ", static_cast<int>(op),
                             " is not defined for dtype ", name(dtype), "."));
    in_bytes_ = bits(dtype) / 8;
    out_bytes_ = bits(result_dtype(op, dtype)) / 8;
    const bool vectorised = static_cast<int>(op) < simd_unary_op_count;
    const bool wide = dtype == DType::float32,
               half = dtype == DType::bfloat16 || dtype == DType::float16;
    if (vectorised && (wide || half)) vector_ = simd().unary[static_cast<int>(op)];
    const bool cheap = op <= UnaryOp::square || op == UnaryOp::relu;
    grain_ = vector_ ? (cheap ? 16384 : 4096) : cheap ? 4096 : 256;
}

void Unary::run(const void* x, void* y) const {
    parallel_for(count_, grain_, [&](int64_t begin, int64_t end) {
        const char* from = static_cast<const char*>(x) + begin * in_bytes_;
        char* to = static_cast<char*>(y) + begin * out_bytes_;
        if (!vector_) {
            loop_(from, to, end - begin);
        } else if (dtype_ == DType::float32) {
            vector_(reinterpret_cast<const float*>(from), reinterpret_cast<float*>(to),
                    end - begin);
        } else {
            run_small_float(dtype_, vector_, reinterpret_cast<const uint16_t*>(from),
                            reinterpret_cast<uint16_t*>(to), end - begin);
        }
    });
}

}  // namespace cornu::native
