// Element-wise arithmetic, comparisons, logic and bits.
#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/bitwise_and.h>
#include <ATen/ops/bitwise_left_shift.h>
#include <ATen/ops/bitwise_not.h>
#include <ATen/ops/bitwise_or.h>
#include <ATen/ops/bitwise_right_shift.h>
#include <ATen/ops/bitwise_xor.h>
#include <ATen/ops/div.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/imag.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/le.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/logical_xor.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/real.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/sgn.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <limits>

#include "cornu/backends/torch/elementwise.h"

namespace cornu::torch {

namespace {

at::Tensor add(const at::Tensor& a, const at::Tensor& b) { return at::add(a, b); }
at::Tensor& add_out(at::Tensor& y, const at::Tensor& a, const at::Tensor& b) {
    return at::add_out(y, a, b);
}
at::Tensor subtract(const at::Tensor& a, const at::Tensor& b) { return at::sub(a, b); }
at::Tensor& subtract_out(at::Tensor& y, const at::Tensor& a, const at::Tensor& b) {
    return at::sub_out(y, a, b);
}

// Complex numbers have an order here (by the real part, then the imaginary one, as in NumPy), in
// LibTorch they have none.
at::Tensor complex_less(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor ra = at::real(a), rb = at::real(b);
    return at::logical_or(at::lt(ra, rb),
                          at::logical_and(at::eq(ra, rb), at::lt(at::imag(a), at::imag(b))));
}
at::Tensor complex_extremum(const at::Tensor& a, const at::Tensor& b, const at::Tensor& b_wins) {
    return at::where(at::isnan(a), a, at::where(at::logical_or(at::isnan(b), b_wins), b, a));
}
Values maximum(const Call& call, Values& in) {
    if (!is_complex(call.out[0].dtype)) return binary<at::maximum, at::maximum_out>(call, in);
    const at::Tensor a = operand(call, in, 0), b = operand(call, in, 1);
    return {complex_extremum(a, b, complex_less(a, b))};
}
Values minimum(const Call& call, Values& in) {
    if (!is_complex(call.out[0].dtype)) return binary<at::minimum, at::minimum_out>(call, in);
    const at::Tensor a = operand(call, in, 0), b = operand(call, in, 1);
    return {complex_extremum(a, b, complex_less(b, a))};
}

enum class Order { less, less_equal, greater, greater_equal };
template <Binary f, Order order>
Values compare(const Call& call, Values& in) {
    const DType dtype = call.in[0].dtype == call.in[1].dtype
                            ? call.in[0].dtype
                            : result_type(call.in[0].dtype, call.in[1].dtype);
    const at::Tensor a = operand(call, in, 0, dtype), b = operand(call, in, 1, dtype);
    if (!is_complex(dtype)) return {f(a, b)};
    const at::Tensor strictly = order == Order::less || order == Order::less_equal
                                    ? complex_less(a, b)
                                    : complex_less(b, a);
    return {order == Order::less || order == Order::greater
                ? strictly
                : at::logical_or(strictly, at::eq(a, b))};
}
template <Binary f>
Values equality(const Call& call, Values& in) {
    const DType dtype = call.in[0].dtype == call.in[1].dtype
                            ? call.in[0].dtype
                            : result_type(call.in[0].dtype, call.in[1].dtype);
    return {f(operand(call, in, 0, dtype), operand(call, in, 1, dtype))};
}

// LibTorch's take any dtype: what is not 0 is true.
template <Binary f>
Values logical(const Call&, Values& in) {
    return {f(in[0], in[1])};
}
Values logical_not(const Call&, Values& in) { return {at::logical_not(in[0])}; }

Values magnitude(const Call& call, Values& in) {
    return {is_unsigned_int(call.in[0].dtype) || call.in[0].dtype == DType::bool_ ? in[0]
                                                                                  : at::abs(in[0])};
}
Values sign(const Call& call, Values& in) {
    const at::Tensor& x = in[0];
    const DType dtype = call.in[0].dtype;
    if (is_unsigned_int(dtype)) return {at::ne(x, 0).to(x.scalar_type())};
    if (is_complex(dtype)) return {at::sgn(x)};
    return {is_float(dtype) ? at::where(at::isnan(x), x, at::sign(x)) : at::sign(x)};
}
Values square(const Call& call, Values& in) {
    at::Tensor x = operand(call, in, 0);
    return {reusable(x, call.out[0]) ? at::mul_out(x, x, x) : at::mul(x, x)};
}

// ---- quotients of integers ----

constexpr int64_t top_bit = std::numeric_limits<int64_t>::min();

at::Tensor shifted_right(const at::Tensor& x) {  // by one, 0 coming in
    return at::bitwise_and(at::bitwise_right_shift(x, 1), ~top_bit);
}
// Of 64 bits without a sign, by the quotient of the halves, which is at most one too small.
at::Tensor unsigned_quotient(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor is_large = at::lt(b, 0),
                     divisor =
                         at::where(at::logical_or(is_large, at::eq(b, 0)), at::ones_like(b), b);
    const auto at_least = [](const at::Tensor& x, const at::Tensor& y) {
        return at::ge(at::bitwise_xor(x, top_bit), at::bitwise_xor(y, top_bit));
    };
    at::Tensor q = at::bitwise_left_shift(at::div(shifted_right(a), divisor, "trunc"), 1);
    const at::Tensor rest = at::sub(a, at::mul(q, divisor));
    q = at::add(q, at_least(rest, divisor).to(at::kLong));
    q = at::where(is_large, at_least(a, b).to(at::kLong), q);
    return at::where(at::eq(b, 0), at::full_like(q, -1), q);
}
// No division by 0, nor by -1, of which the least number's quotient would overflow.
at::Tensor harmless(const at::Tensor& b, bool has_sign) {
    const at::Tensor bad = has_sign ? at::logical_or(at::eq(b, 0), at::eq(b, -1)) : at::eq(b, 0);
    return at::where(bad, at::ones_like(b), b);
}
Values floor_divide(const Call& call, Values& in) {
    const DType dtype = call.out[0].dtype;
    const at::Tensor a = operand(call, in, 0), b = operand(call, in, 1);
    if (is_float(dtype)) return {at::div(a, b, "floor")};
    if (dtype == DType::uint64) return {unsigned_quotient(a, b)};
    const bool has_sign = !is_unsigned_int(call.first);
    at::Tensor q = at::div(a, harmless(b, has_sign), "floor");
    const at::Tensor by_zero = at::full_like(q, -1);
    if (has_sign) q = at::where(at::eq(b, -1), at::neg(a), q);
    return {at::where(at::eq(b, 0),
                      has_sign ? at::sub(by_zero, at::ne(a, 0).to(q.scalar_type())) : by_zero, q)};
}
// Python's remainder, with the sign of the divisor; by an integer 0 it is 0.
Values mod(const Call& call, Values& in) {
    const DType dtype = call.out[0].dtype;
    const at::Tensor a = operand(call, in, 0), b = operand(call, in, 1);
    if (is_float(dtype)) return {at::remainder(a, b)};
    if (dtype == DType::uint64)
        return {at::where(at::eq(b, 0), at::zeros_like(b),
                          at::sub(a, at::mul(unsigned_quotient(a, b), b)))};
    const at::Tensor r = at::remainder(a, harmless(b, !is_unsigned_int(call.first)));
    return {at::where(at::eq(b, 0), at::zeros_like(r), r)};
}

// ---- bits ----

Values right_shift(const Call& call, Values& in) {
    const at::Tensor a = operand(call, in, 0), by = operand(call, in, 1);
    if (call.out[0].dtype != DType::uint64) return {at::bitwise_right_shift(a, by)};
    return {at::where(at::eq(by, 0), a, at::bitwise_right_shift(shifted_right(a), at::sub(by, 1)))};
}

Values where(const Call& call, Values& in) {
    return {
        at::where(operand(call, in, 0, DType::bool_), operand(call, in, 1), operand(call, in, 2))};
}
Values cast(const Call& call, Values& in) {
    return {cast_carriers(in[0], call.in[0].dtype, call.out[0].dtype)};
}
Values identity(const Call&, Values& in) { return {in[0]}; }

// Shifts by the width or more leave nothing, or the sign: LibTorch's do the same.
constexpr unsigned bits_of = ints | booleans;

using enum Carried;
constexpr Lowering table[] = {
    {"add", binary<add, add_out>, wrapped},
    {"subtract", binary<subtract, subtract_out>, wrapped, numbers},
    {"multiply", binary<at::mul, at::mul_out>, wrapped},
    {"divide", binary<at::div, at::div_out>, wrapped},
    {"power", binary<at::pow>, wrapped, numbers},
    {"maximum", maximum, ordered},
    {"minimum", minimum, ordered},
    {"negative", unary<at::neg, at::neg_out>, wrapped, numbers},
    {"abs", magnitude, wrapped},
    {"sign", sign, wrapped, numbers},
    {"square", square, wrapped},
    {"mod", mod, valued, reals},
    {"floor_divide", floor_divide, valued, reals},
    {"equal", equality<at::eq>, wrapped},
    {"not_equal", equality<at::ne>, wrapped},
    {"greater", compare<at::gt, Order::greater>, ordered},
    {"greater_equal", compare<at::ge, Order::greater_equal>, ordered},
    {"less", compare<at::lt, Order::less>, ordered},
    {"less_equal", compare<at::le, Order::less_equal>, ordered},
    {"logical_and", logical<at::logical_and>, wrapped},
    {"logical_or", logical<at::logical_or>, wrapped},
    {"logical_xor", logical<at::logical_xor>, wrapped},
    {"logical_not", logical_not, wrapped},
    {"bitwise_and", binary<at::bitwise_and, at::bitwise_and_out>, wrapped, bits_of},
    {"bitwise_or", binary<at::bitwise_or, at::bitwise_or_out>, wrapped, bits_of},
    {"bitwise_xor", binary<at::bitwise_xor, at::bitwise_xor_out>, wrapped, bits_of},
    {"bitwise_not", unary<at::bitwise_not, at::bitwise_not_out>, wrapped, bits_of},
    {"left_shift", binary<at::bitwise_left_shift>, wrapped, ints},
    {"right_shift", right_shift, valued, ints},
    {"where", where},
    {"cast", cast},
    {"stop_gradient", identity},
};

}  // namespace

std::span<const Lowering> elementwise_lowerings() { return table; }

}  // namespace cornu::torch
