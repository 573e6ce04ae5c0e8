// Norms of vectors and matrices.
#include <cmath>
#include <limits>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/linalg.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

template <> struct Codec<NormOrder> {
    static Json encode(const NormOrder& v) {
        if (const double* number = std::get_if<double>(&v.value)) return *number;
        if (const std::string* name = std::get_if<std::string>(&v.value)) return *name;
        return {};
    }
    static void decode(const Json& j, NormOrder& v) {
        v = {};
        if (j.is_string()) v.value = j.as_string();
        else if (!j.is_null()) v.value = j.as_double();
    }
};

namespace {

using Ints = std::vector<int64_t>;
constexpr double inf = std::numeric_limits<double>::infinity();

struct NormAttrs {
    NormOrder ord;
    Axes axis;
    bool keepdims = false;
    static void describe(Schema<NormAttrs>& s) {
        s.field<&NormAttrs::ord>();
        s.field<&NormAttrs::axis>();
        s.field<&NormAttrs::keepdims>();
    }
    // In the order given, of which the first are the rows of matrices.
    Ints resolve(int64_t rank) const {
        if (axis.kind == Axes::Kind::all) return axis.resolve(rank);
        Ints out;
        for (const int64_t a : axis.axes) out.push_back(normalize_axis(a, rank));
        return out;
    }
};

Specs norm_infer(const InferArgs& a) {
    const auto& n = a.as<NormAttrs>();
    const Ints axes = n.resolve(a.shape().rank());
    const auto refuse = [&](const char* rule) { throw ValueError(str("ops.norm: ", rule, " Received: shape ", a.shape(), ", ", a.attrs.to_string())); };
    if (is_complex(a.dtype()) || bits(a.dtype()) < 16) throw DTypeError(str("ops.norm: the input must be integers, or floating-point numbers of 16 bits or more. Received: ", a.dtype()));
    const bool everything = n.axis.kind == Axes::Kind::all && !n.ord.given();
    if (!everything) {
        if (axes.size() != 1 && axes.size() != 2) refuse("one axis is needed for vectors, two for matrices.");
        if (axes.size() == 2 && axes[0] == axes[1]) refuse("the two axes must differ.");
        if (axes.size() == 1 && n.ord.value.index() == 2) refuse("ord must be a number for vectors.");
        bool known = !n.ord.given() || n.ord.is("fro") || n.ord.is("nuc");
        for (const double order : {1.0, -1.0, 2.0, -2.0, inf, -inf}) known = known || n.ord.is(order);
        if (axes.size() == 2 && !known) refuse("ord must be None, \"fro\", \"nuc\", inf, -inf, 1, -1, 2 or -2 for matrices.");
        const bool singular = axes.size() == 2 && (n.ord.is("nuc") || n.ord.is(2) || n.ord.is(-2));
        if (singular && a.dtype() != DType::float32 && a.dtype() != DType::float64)
            throw DTypeError(str("ops.norm: norms of singular values need float32 or float64. Received: ", a.dtype(), ", ", a.attrs.to_string()));
    }
    Ints sorted = axes;
    std::sort(sorted.begin(), sorted.end());
    return {{reduced_shape(a.shape(), sorted, n.keepdims), a.dtype()}};
}

Tensor root_of_squares(const Tensor& x, const Axes& axes, bool keepdims) { return ops::sqrt(ops::sum(x * x, axes, keepdims)); }

Tensor vector_norm(const Tensor& x, const NormOrder& ord, int64_t axis, bool keepdims) {
    if (!ord.given() || ord.is(2)) return root_of_squares(x, axis, keepdims);
    if (ord.is(inf)) return ops::max(ops::abs(x), axis, keepdims);
    if (ord.is(-inf)) return ops::min(ops::abs(x), axis, keepdims);
    if (ord.is(0)) return ops::sum(ops::cast(ops::not_equal(x, 0), x.dtype()), axis, keepdims);
    if (ord.is(1)) return ops::sum(ops::abs(x), axis, keepdims);
    const double p = std::get<double>(ord.value);
    return ops::power(ops::sum(ops::power(ops::abs(x), p), axis, keepdims), 1 / p);
}

Tensor matrix_norm(const Tensor& x, const NormOrder& ord, int64_t rows, int64_t columns, bool keepdims) {
    if (!ord.given() || ord.is("fro")) return root_of_squares(x, {rows, columns}, keepdims);
    Tensor out;
    if (ord.is("nuc") || ord.is(2) || ord.is(-2)) {
        const Tensor s = ops::svdvals(ops::moveaxis(x, {rows, columns}, {-2, -1}));
        out = ord.is("nuc") ? ops::sum(s, -1) : ord.is(2) ? ops::max(s, -1) : ops::min(s, -1);
        if (!keepdims) return out;
        for (const int64_t axis : {std::min(rows, columns), std::max(rows, columns)}) out = ops::expand_dims(out, axis);
        return out;
    }
    // The largest (or least) of the sums along the other axis.
    const bool by_column = ord.is(1) || ord.is(-1), largest = ord.is(1) || ord.is(inf);
    const Tensor sums = ops::sum(ops::abs(x), by_column ? rows : columns, true);
    out = largest ? ops::max(sums, by_column ? columns : rows, true) : ops::min(sums, by_column ? columns : rows, true);
    return keepdims ? out : ops::squeeze(out, {rows, columns});
}

constinit const Op norm_op = {
    .name = "norm", .keras = "keras.src.ops.linalg.Norm", .doc = "Norms of vectors (one axis) or matrices (two).", .infer = norm_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& n = attrs.as<NormAttrs>();
        if (n.axis.kind == Axes::Kind::all && !n.ord.given()) return {root_of_squares(in[0], {}, n.keepdims)};
        const Ints axes = n.resolve(in[0].rank());
        if (axes.size() == 1) return {vector_norm(in[0], n.ord, axes[0], n.keepdims)};
        return {matrix_norm(in[0], n.ord, axes[0], axes[1], n.keepdims)};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.low = 0.2, .high = 2, .cases = [] {
        const Spec x{{3, 4}, DType::float64}, cube{{2, 3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, NormAttrs{}}, {{cube}, NormAttrs{{}, -1, true}}, {{x}, NormAttrs{3, 0}}, {{x}, NormAttrs{inf, 1}}, {{x}, NormAttrs{-inf, 1}}, {{x}, NormAttrs{0, 1}},
                                     {{cube}, NormAttrs{"nuc", {2, 0}, true}}, {{x}, NormAttrs{2, {0, 1}}}, {{cube}, NormAttrs{1, {1, 2}}}, {{x}, NormAttrs{-inf, {-2, -1}, true}}, {{cube}, NormAttrs{"fro", {0, 2}}}};
    }, .distinct = true},
    .read_attrs = read_attrs<NormAttrs>};

constexpr const Op* family[] = {&norm_op};

}  // namespace

std::span<const Op* const> norm_ops() { return family; }

namespace ops {
Tensor norm(const Tensor& x, NormOrder ord, Axes axis, bool keepdims) { return apply1(norm_op, {x}, NormAttrs{std::move(ord), std::move(axis), keepdims}); }
}  // namespace ops
}  // namespace cornu
