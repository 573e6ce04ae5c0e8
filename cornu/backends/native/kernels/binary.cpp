#include <cmath>
#include <complex>
#include <limits>
#include <utility>

#include "cornu/backends/native/kernels/elementwise.h"
#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

constexpr bool bitwise(BinaryOp op) {
    return op >= BinaryOp::bit_and && op <= BinaryOp::shift_right_logical;
}
constexpr bool logical(BinaryOp op) {
    return op >= BinaryOp::logical_and && op <= BinaryOp::logical_xor;
}

template <class C>
constexpr bool in_domain(BinaryOp op) {
    using enum BinaryOp;
    const bool boolean = std::is_same_v<C, bool>, real_float = std::is_floating_point_v<C>;
    if (is_compare(op) || logical(op)) return true;
    if (bitwise(op)) return is_int_v<C> || (boolean && op <= bit_xor);
    switch (op) {
        case add: case mul: case max: case min: return true;
        case sub: case div: case pow: return !boolean;
        case rem: case floor_div: case mod: return is_int_v<C> || real_float;
        default: return real_float;
    }
}

template <class C>
C integer_pow(C base, C exponent) {
    auto e = static_cast<std::make_unsigned_t<C>>(exponent);
    C result = 1;
    for (; e != 0; e = static_cast<decltype(e)>(e >> 1)) {
        if (e & 1) result = wrap_mul(result, base);
        base = wrap_mul(base, base);
    }
    return result;
}
template <class C>
C integer_div(C a, C b) {
    if (b == 0) return static_cast<C>(-1);
    if constexpr (std::is_signed_v<C>) {
        if (b == -1) return wrap_sub(C(0), a);  // the smallest value has no positive one
    }
    return static_cast<C>(a / b);
}
template <class C>
C integer_rem(C a, C b) {
    if (b == 0) return a;
    if constexpr (std::is_signed_v<C>) {
        if (b == -1) return 0;
    }
    return static_cast<C>(a % b);
}
template <class C>
int sign_of(C x) { return (x > C(0)) - (x < C(0)); }

template <class C>
C python_mod(C a, C b) {
    C r;
    if constexpr (is_int_v<C>) r = b == 0 ? C(0) : integer_rem(a, b);
    else r = std::fmod(a, b);
    const bool crosses = r != C(0) && (r < C(0)) != (b < C(0));
    return crosses ? wrap_add(r, b) : r;
}
template <class C>
C python_floor_div(C a, C b) {
    if constexpr (is_int_v<C>) {
        const C q = integer_div(a, b);
        if constexpr (std::is_unsigned_v<C>) return q;
        else return sign_of(a) != sign_of(b) && integer_rem(a, b) != 0 ? wrap_sub(q, C(1)) : q;
    } else {
        const C r = std::fmod(a, b);
        C q = (b == C(0) ? a : a - r) / b;
        if (r != C(0) && sign_of(b) != sign_of(r)) q -= C(1);
        return std::round(q);
    }
}
template <class C>
C shift(BinaryOp op, C a, C b) {
    using U = std::make_unsigned_t<C>;
    constexpr U width = sizeof(C) * 8;
    const U by = static_cast<U>(b);
    if (op == BinaryOp::shift_left)
        return by < width ? static_cast<C>(static_cast<Wrapping<C>>(a) << by) : C(0);
    if (op == BinaryOp::shift_right_logical)
        return by < width ? static_cast<C>(static_cast<U>(a) >> by) : C(0);
    return by < width ? static_cast<C>(a >> by) : (a < C(0) ? static_cast<C>(-1) : C(0));
}
template <class C>
bool truth(C x) { return x != C(0); }

template <BinaryOp op, class C>
auto value_of(C a, C b) {
    using enum BinaryOp;
    if constexpr (op == add) return wrap_add(a, b);
    else if constexpr (op == sub) return wrap_sub(a, b);
    else if constexpr (op == mul) return wrap_mul(a, b);
    else if constexpr (op == BinaryOp::div) {
        if constexpr (is_int_v<C>) return integer_div(a, b);
        else return a / b;
    } else if constexpr (op == BinaryOp::max)
        return native::is_nan(a) ? a : native::is_nan(b) ? b : less(a, b) ? b : a;
    else if constexpr (op == BinaryOp::min)
        return native::is_nan(a) ? a : native::is_nan(b) ? b : less(b, a) ? b : a;
    else if constexpr (op == BinaryOp::pow) {
        if constexpr (is_int_v<C>) return integer_pow(a, b);
        else return std::pow(a, b);
    } else if constexpr (op == relu_grad) return a > C(0) ? b : C(0);
    else if constexpr (op == tanh_grad) return b * (1 - a * a);
    else if constexpr (op == sigmoid_grad) return b * a * (1 - a);
    else if constexpr (op == gelu_grad)
        return b * (std::erfc(-a * C(0.70710678118654752440)) / 2 +
                    a * C(0.39894228040143267794) * std::exp(-a * a / 2));
    else if constexpr (op == rem) {
        if constexpr (is_int_v<C>) return integer_rem(a, b);
        else return std::fmod(a, b);
    } else if constexpr (op == floor_div) return python_floor_div(a, b);
    else if constexpr (op == mod) return python_mod(a, b);
    else if constexpr (op == BinaryOp::atan2) return std::atan2(a, b);
    else if constexpr (op == BinaryOp::hypot) return std::hypot(a, b);
    else if constexpr (op == BinaryOp::nextafter) return std::nextafter(a, b);
    else if constexpr (op == logical_and) return truth(a) && truth(b);
    else if constexpr (op == logical_or) return truth(a) || truth(b);
    else if constexpr (op == logical_xor) return truth(a) != truth(b);
    else if constexpr (op == bit_and) return static_cast<C>(a & b);
    else if constexpr (op == bit_or) return static_cast<C>(a | b);
    else if constexpr (op == bit_xor) return static_cast<C>(a ^ b);
    else if constexpr (op == shift_left || op == shift_right || op == shift_right_logical)
        return shift(op, a, b);
    else if constexpr (op == eq) return a == b;
    else if constexpr (op == ne) return a != b;
    else if constexpr (op == lt) return less(a, b);
    else if constexpr (op == gt) return less(b, a);
    else if constexpr (op == le) return less(a, b) || a == b;
    else if constexpr (op == ge) return less(b, a) || a == b;
}

template <BinaryOp op, class T>
void loop(const void* a_, int64_t a_step, const void* b_, int64_t b_step, void* y_, int64_t n) {
    using C = Compute<T>;
    using V = decltype(value_of<op>(C(), C()));
    using Result = std::conditional_t<std::is_same_v<V, C>, T, V>;
    const T *a = static_cast<const T*>(a_), *b = static_cast<const T*>(b_);
    Result* y = static_cast<Result*>(y_);
    for (int64_t i = 0; i < n; ++i)
        y[i] = from_compute<Result>(
            value_of<op>(load_value(a + i * a_step), load_value(b + i * b_step)));
}

// The results of nextafter in a narrower type are its own neighbours, not float's.
template <class T>
void nextafter_loop(const void* a_, int64_t a_step, const void* b_, int64_t b_step, void* y_,
                    int64_t n) {
    using Bits = decltype(T().bits);
    const T *a = static_cast<const T*>(a_), *b = static_cast<const T*>(b_);
    T* y = static_cast<T*>(y_);
    constexpr Bits top = static_cast<Bits>(Bits(1) << (sizeof(Bits) * 8 - 1));
    for (int64_t i = 0; i < n; ++i) {
        const T from = a[i * a_step], to = b[i * b_step];
        const float x = from, z = to;
        T next = from;
        if (x != x || z != z) next = x != x ? from : to;
        else if (x == z) next = to;
        else if (x == 0) next.bits = static_cast<Bits>((to.bits & top) | 1);
        else next.bits = static_cast<Bits>((x < z) == (x > 0) ? from.bits + 1 : from.bits - 1);
        y[i] = next;
    }
}

template <BinaryOp op, class T>
constexpr Binary::Loop loop_or_none() {
    if constexpr (op == BinaryOp::nextafter && is_small_float_v<T>) return nextafter_loop<T>;
    else if constexpr (in_domain<Compute<T>>(op)) return loop<op, T>;
    else return nullptr;
}
template <class T, size_t... i>
Binary::Loop find_loop(BinaryOp op, std::index_sequence<i...>) {
    static constexpr Binary::Loop loops[] = {loop_or_none<static_cast<BinaryOp>(i), T>()...};
    return loops[static_cast<size_t>(op)];
}

Form form_of(int64_t a_step, int64_t b_step) {
    return b_step == 0 && a_step != 0 ? Form::vector_scalar
           : a_step == 0 && b_step != 0 ? Form::scalar_vector : Form::vector_vector;
}

}  // namespace

DType result_dtype(BinaryOp op, DType dtype) {
    return is_compare(op) || logical(op) ? DType::bool_ : dtype;
}

Binary::Loop binary_loop(BinaryOp op, DType dtype) {
    return visit_numeric(dtype, "an elementwise operation", [&](auto t) {
        return find_loop<decltype(t)>(op, std::make_index_sequence<binary_op_count>());
    });
}

Binary::Binary(BinaryOp op, DType dtype, const Shape& a, const Shape& b) : dtype_(dtype) {
    const auto out = broadcast_shapes(a, b);
    if (!out || !out->is_static())
        throw ShapeError(str("operands must broadcast together. Received: ", a, " and ", b, "."));
    shape_ = *out;
    loop_ = binary_loop(op, dtype);
    if (!loop_)
        throw DTypeError(str("binary operation ", static_cast<int>(op),
                             " is not defined for dtype ", name(dtype), "."));
    walk_ =
        make_walk<2>(shape_.dims(), {broadcast_strides(a, shape_), broadcast_strides(b, shape_)});
    in_bytes_ = bits(dtype) / 8;
    out_bytes_ = bits(result_dtype(op, dtype)) / 8;
    const int index = static_cast<int>(op);
    const bool half = dtype == DType::bfloat16 || dtype == DType::float16;
    for (int form = 0; form < 3; ++form) {
        if ((dtype == DType::float32 || half) && index < simd_binary_op_count)
            vector_[form] = simd().binary[index][form];
        if (dtype == DType::float32 && is_compare(op))
            compare_[form] = simd().compare[index - first_compare][form];
    }
    const bool cheap = op <= BinaryOp::min || is_compare(op);
    grain_ = (vector_[0] || compare_[0]) ? (cheap ? 16384 : 2048) : (cheap ? 4096 : 512);
}

void Binary::run_small_float(const uint16_t* a, int64_t a_step, const uint16_t* b, int64_t b_step,
                             void* y_, int64_t n) const {
    const Simd& s = simd();
    const auto widen = dtype_ == DType::bfloat16 ? s.from_bfloat16 : s.from_float16;
    const auto narrow = dtype_ == DType::bfloat16 ? s.to_bfloat16 : s.to_float16;
    const Simd::Binary vector = vector_[static_cast<int>(form_of(a_step, b_step))];
    uint16_t* y = static_cast<uint16_t*>(y_);
    alignas(64) float left[512], right[512];
    for (int64_t i = 0; i < n; i += 512) {
        const int64_t count = std::min<int64_t>(512, n - i);
        widen(a + i * a_step, left, a_step ? count : 1);
        widen(b + i * b_step, right, b_step ? count : 1);
        vector(left, right, a_step ? left : right, count);
        narrow(a_step ? left : right, y + i, count);
    }
}

void Binary::run(const void* a, const void* b, void* y) const {
    const int64_t a_step = walk_.step(0), b_step = walk_.step(1);
    const int form = static_cast<int>(form_of(a_step, b_step));
    parallel_for(walk_.size, grain_, [&](int64_t begin, int64_t end) {
        char* to = static_cast<char*>(y) + begin * out_bytes_;
        walk_runs(walk_, begin, end, [&](const int64_t* offsets, int64_t n) {
            const char* left = static_cast<const char*>(a) + offsets[0] * in_bytes_;
            const char* right = static_cast<const char*>(b) + offsets[1] * in_bytes_;
            if (dtype_ == DType::float32 && vector_[form]) {
                vector_[form](reinterpret_cast<const float*>(left),
                              reinterpret_cast<const float*>(right), reinterpret_cast<float*>(to),
                              n);
            } else if (compare_[form]) {
                compare_[form](reinterpret_cast<const float*>(left),
                               reinterpret_cast<const float*>(right), reinterpret_cast<bool*>(to),
                               n);
            } else if (vector_[form] && n > 1) {
                run_small_float(reinterpret_cast<const uint16_t*>(left), a_step,
                                reinterpret_cast<const uint16_t*>(right), b_step, to, n);
            } else {
                loop_(left, a_step, right, b_step, to, n);
            }
            to += n * out_bytes_;
        });
    });
}

}  // namespace cornu::native
