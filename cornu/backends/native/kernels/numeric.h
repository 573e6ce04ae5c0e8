// Arithmetic that is defined for every element type: integers wrap around, 8- and 16-bit floats
// compute in float, bool adds by "or" and multiplies by "and", as in XLA.
#pragma once

#include <complex>
#include <cstdint>
#include <type_traits>

#include "cornu/tensor/dtype.h"

namespace cornu::native {

template <class T>
inline constexpr bool is_small_float_v =
    std::is_same_v<T, float16> || std::is_same_v<T, bfloat16> || std::is_same_v<T, float8_e4m3fn> ||
    std::is_same_v<T, float8_e5m2>;
template <class T>
inline constexpr bool is_complex_v =
    std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;
template <class T>
inline constexpr bool is_int_v = std::is_integral_v<T> && !std::is_same_v<T, bool>;

// The type in which one operation on T is computed.
template <class T>
using Compute = std::conditional_t<is_small_float_v<T>, float, T>;
// The type in which many values of T are summed.
template <class T>
using Accumulate = std::conditional_t<
    is_small_float_v<T> || std::is_same_v<T, float>, double,
    std::conditional_t<std::is_same_v<T, std::complex<float>>, std::complex<double>, T>>;

// At least 32 bits, so that no product is promoted to int and overflows there.
template <class T>
using Wrapping = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;

template <class T>
constexpr T wrap_add(T a, T b) {
    if constexpr (std::is_same_v<T, bool>) return a || b;
    else if constexpr (is_int_v<T>) return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b));
    else return a + b;
}
template <class T>
constexpr T wrap_sub(T a, T b) {
    if constexpr (std::is_same_v<T, bool>) return a != b;
    else if constexpr (is_int_v<T>) return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
    else return a - b;
}
template <class T>
constexpr T wrap_mul(T a, T b) {
    if constexpr (std::is_same_v<T, bool>) return a && b;
    else if constexpr (is_int_v<T>) return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b));
    else return a * b;
}

// Comparisons in which NaN is the largest value (and equal to itself): the order of sorting.
template <class T>
bool is_nan(const T& x) {
    if constexpr (is_complex_v<T>)
        return std::real(x) != std::real(x) || std::imag(x) != std::imag(x);
    else if constexpr (std::is_floating_point_v<T>) return x != x;
    else return false;
}
// Complex numbers compare by real part, then imaginary part, as in NumPy.
template <class T>
bool less(const T& a, const T& b) {
    if constexpr (is_complex_v<T>)
        return a.real() < b.real() || (a.real() == b.real() && a.imag() < b.imag());
    else return a < b;
}

template <class T>
Compute<T> load_value(const T* p) { return static_cast<Compute<T>>(*p); }

template <class T, class V>
T from_compute(V value) {
    if constexpr (is_small_float_v<T>) return T(static_cast<float>(value));
    else return static_cast<T>(value);
}

// visit_dtype without int4 and string, with int4 refused by name.
template <class F>
decltype(auto) visit_numeric(DType dtype, const char* what, F&& f) {
    if (dtype == DType::int4 || dtype == DType::string)
        throw DTypeError(str(what, " has no kernel for dtype ", name(dtype), "."));
    return visit_dtype(dtype, std::forward<F>(f));
}

}  // namespace cornu::native
