#include "cornu/ops/diagonals.h"

#include "cornu/base/checked.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

// Column minus row.
Tensor diagonal_number(int64_t rows, int64_t columns) { return prim::iota({rows, columns}, 1, DType::int32) - prim::iota({rows, columns}, 0, DType::int32); }

struct KAttrs {
    int64_t k = 0;
    static void describe(Schema<KAttrs>& s) { s.field<&KAttrs::k>(); }
};
struct DiagonalAttrs {
    int64_t offset = 0, axis1 = 0, axis2 = 1;
    static void describe(Schema<DiagonalAttrs>& s) {
        s.field<&DiagonalAttrs::offset>();
        s.field<&DiagonalAttrs::axis1>();
        s.field<&DiagonalAttrs::axis2>();
    }
};
int64_t diagonal_size(int64_t rows, int64_t columns, int64_t offset) {
    if (rows < 0 || columns < 0) return None;
    return std::max<int64_t>(0, offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns));
}
// The shape without the two axes.
Shape others(const InferArgs& a) {
    const auto& d = a.as<DiagonalAttrs>();
    const int64_t first = normalize_axis(d.axis1, a.shape().rank(), "axis1"), second = normalize_axis(d.axis2, a.shape().rank(), "axis2");
    if (first == second) throw ValueError(str("ops.", a.op.name, ": axis1 and axis2 must differ. Received: axis1=", d.axis1, ", axis2=", d.axis2));
    Shape out = a.shape();
    out.erase(std::max(first, second));
    out.erase(std::min(first, second));
    return out;
}
constinit const Op diagonal_op = {
    .name = "diagonal", .keras = "keras.src.ops.numpy.Diagonal", .doc = "Diagonals of the matrices in two axes.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& d = a.as<DiagonalAttrs>();
        Shape out = others(a);
        out.push_back(diagonal_size(a.shape().dim(d.axis1), a.shape().dim(d.axis2), d.offset));
        return {{out, a.dtype()}};
    },
    // Elements of a diagonal stand columns + 1 apart in a row of all.
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& d = attrs.as<DiagonalAttrs>();
        const Tensor moved = ops::moveaxis(in[0], {d.axis1, d.axis2}, {-2, -1});
        const int64_t rows = moved.shape().dim(-2), columns = moved.shape().back(), n = diagonal_size(rows, columns, d.offset);
        Shape flat(moved.shape().begin(), moved.shape().end() - 2);
        flat.push_back(rows * columns);
        const Tensor line = ops::reshape(moved, flat);
        Ints start(static_cast<size_t>(line.rank()), 0), stop = line.shape().dims(), stride(static_cast<size_t>(line.rank()), 1);
        start.back() = n == 0 ? 0 : d.offset >= 0 ? d.offset : -d.offset * columns;
        stop.back() = n == 0 ? 0 : start.back() + (n - 1) * (columns + 1) + 1;
        stride.back() = columns + 1;
        return {prim::slice(line, start, stop, stride)};
    },
    .samples = {.cases = [] {
        const Spec x{{3, 4, 2}, DType::float64};
        return std::vector<OpSample>{{{x}, DiagonalAttrs{}}, {{x}, DiagonalAttrs{1, 2, 0}}, {{x}, DiagonalAttrs{-1, 1, -1}}, {{x}, DiagonalAttrs{9}}};
    }},
    .read_attrs = read_attrs<DiagonalAttrs>};
constinit const Op trace_op = {
    .name = "trace", .keras = "keras.src.ops.numpy.Trace", .doc = "Sums of the diagonals of the matrices in two axes.",
    .infer = [](const InferArgs& a) -> Specs {
        DType dtype = a.dtype();
        if (dtype == DType::bool_ || dtype == DType::int8 || dtype == DType::int16) dtype = DType::int32;
        if (dtype == DType::uint8 || dtype == DType::uint16) dtype = DType::uint32;
        return {{others(a), dtype}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::sum(apply1(diagonal_op, in, attrs), -1)}; },
    .samples = {.cases = [] {
        const Spec x{{3, 4, 2}, DType::float64};
        return std::vector<OpSample>{{{x}, DiagonalAttrs{}}, {{x}, DiagonalAttrs{1, 2, 0}}};
    }},
    .read_attrs = read_attrs<DiagonalAttrs>};

Tensor as_diagonal(const Tensor& x, int64_t k) {
    const int64_t n = x.size() + std::abs(k);
    const Tensor row = prim::pad(x, composing::number(0, x), {std::max<int64_t>(k, 0)}, {std::max<int64_t>(-k, 0)});
    return ops::where(ops::equal(diagonal_number(n, n), Tensor::full({}, static_cast<double>(k), DType::int32)), row, composing::number(0, x));
}
// So far off the diagonal that a matrix would not fit is refused before it is made.
int64_t side(int64_t elements, int64_t k) {
    if (elements < 0) return None;
    const int64_t n = checked_add(elements, k < 0 ? checked_multiply<int64_t>(k, -1) : k);
    checked_multiply(n, n);
    return n;
}
constinit const Op diag_op = {
    .name = "diag", .keras = "keras.src.ops.numpy.Diag", .doc = "A diagonal of a matrix, or a matrix with a given diagonal.",
    .infer = [](const InferArgs& a) -> Specs {
        const int64_t k = a.as<KAttrs>().k;
        if (a.shape().rank() == 2) return {{{diagonal_size(a.shape()[0], a.shape()[1], k)}, a.dtype()}};
        if (a.shape().rank() != 1) throw ShapeError(str("ops.diag: x must have one axis or two. Received: shape ", a.shape()));
        return {{{side(a.shape()[0], k), side(a.shape()[0], k)}, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const int64_t k = attrs.as<KAttrs>().k;
        return {in[0].rank() == 2 ? ops::diagonal(in[0], k) : as_diagonal(in[0], k)};
    },
    .samples = {.cases = [] {
        const Spec x{{3, 4}, DType::float64}, y{{3}, DType::float64};
        return std::vector<OpSample>{{{x}, KAttrs{1}}, {{y}, KAttrs{0}}, {{y}, KAttrs{-2}}};
    }},
    .read_attrs = read_attrs<KAttrs>};
constinit const Op diagflat_op = {
    .name = "diagflat", .keras = "keras.src.ops.numpy.Diagflat", .doc = "A matrix with the elements of x as its diagonal.",
    .infer = [](const InferArgs& a) -> Specs {
        const int64_t n = side(composing::count(a.shape()), a.as<KAttrs>().k);
        return {{{n, n}, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {as_diagonal(ops::reshape(in[0], {-1}), attrs.as<KAttrs>().k)}; },
    .samples = {.cases = [] {
        const Spec x{{2, 2}, DType::float64};
        return std::vector<OpSample>{{{x}, KAttrs{0}}, {{x}, KAttrs{1}}};
    }},
    .read_attrs = read_attrs<KAttrs>};

constexpr const Op* family[] = {&diagonal_op, &trace_op, &diag_op, &diagflat_op};

}  // namespace

std::span<const Op* const> diagonal_ops() { return family; }

namespace ops {
Tensor diag(const Tensor& x, int64_t k) { return apply1(diag_op, {x}, KAttrs{k}); }
Tensor diagflat(const Tensor& x, int64_t k) { return apply1(diagflat_op, {x}, KAttrs{k}); }
Tensor diagonal(const Tensor& x, int64_t offset, int64_t axis1, int64_t axis2) { return apply1(diagonal_op, {x}, DiagonalAttrs{offset, axis1, axis2}); }
Tensor trace(const Tensor& x, int64_t offset, int64_t axis1, int64_t axis2) { return apply1(trace_op, {x}, DiagonalAttrs{offset, axis1, axis2}); }
Tensor tri(int64_t n, std::optional<int64_t> m, int64_t k, OptionalDType dtype) {
    if (n < 0 || (m && *m < 0)) throw ValueError(str("ops.tri: sizes must not be negative. Received: n=", n, ", m=", m.value_or(n)));
    return cast(diagonal_number(n, m.value_or(n)) <= Tensor::full({}, static_cast<double>(k), DType::int32), dtype.value_or(Context::current().floatx()));
}
}  // namespace ops
}  // namespace cornu
