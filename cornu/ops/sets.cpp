#include "cornu/ops/sets.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/cumulative.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/sorting.h"

namespace cornu {

namespace {

using composing::between;
using Ints = std::vector<int64_t>;

Tensor ints(double value) { return Tensor::full({}, value, DType::int32); }
Tensor counting(int64_t n) { return prim::iota({n}, 0, DType::int32); }

// Where the vector `mask` is true, `size` places, the rest 0.
Tensor true_places(const Tensor& mask, int64_t size) {
    const int64_t n = mask.shape()[0];
    const Tensor order = prim::cumulative_sum(ops::cast(mask, DType::int32), 0) - 1;
    // A place behind the end is dropped.
    const Tensor to = ops::where(ops::logical_and(mask, order < size), order, ints(static_cast<double>(size)));
    return prim::scatter_rows(ops::zeros({size}, DType::int32), to, counting(n), 0, ScatterMode::set);
}
int64_t count_true(const char* op, const Tensor& mask, const char* instead) {
    composing::need_values(op, mask, instead);
    return mask.size() == 0 ? 0 : ops::sum(ops::cast(mask, DType::int32)).item<int64_t>();
}

struct UniqueAttrs {
    bool sorted = true, return_index = false, return_inverse = false, return_counts = false;
    std::optional<int64_t> axis = {}, size = {};
    std::optional<double> fill_value = {};
    static void describe(Schema<UniqueAttrs>& s) {
        s.field<&UniqueAttrs::sorted>();
        s.field<&UniqueAttrs::return_index>();
        s.field<&UniqueAttrs::return_inverse>();
        s.field<&UniqueAttrs::return_counts>();
        s.field<&UniqueAttrs::axis>();
        s.field<&UniqueAttrs::size>().non_negative();
        s.field<&UniqueAttrs::fill_value>();
    }
};
// Rows in order, by their first element, then by the second, …; and where they came from.
struct SortedRows {
    Tensor rows, from;
    Tensor fresh;   // whether a row differs from the one before
};
SortedRows sort_rows(const Tensor& x) {
    const int64_t n = x.shape()[0], width = x.rank() == 1 ? 1 : x.shape()[1];
    SortedRows s{x, counting(n), {}};
    if (x.rank() == 1) {
        const Tensors both = prim::sort({x, s.from}, 0);
        s.rows = both[0];
        s.from = both[1];
    } else {
        // Sorting is stable: the last key first.
        for (int64_t column = width; column-- > 0;) s.from = prim::sort({prim::gather_rows(composing::at(x, 1, column), s.from, 0), s.from}, 0)[1];
        s.rows = prim::gather_rows(x, s.from, 0);
    }
    if (n == 0) {
        s.fresh = ops::zeros({0}, DType::bool_);
        return s;
    }
    Tensor differs = ops::not_equal(between(s.rows, 0, 1, n), between(s.rows, 0, 0, n - 1));
    if (x.rank() == 2) differs = ops::any(differs, 1);
    s.fresh = ops::concatenate({ops::ones({1}, DType::bool_), differs}, 0);
    return s;
}
constinit const Op unique_op = {
    .name = "unique", .keras = "keras.src.ops.numpy.Unique", .doc = "The elements of x that differ, sorted.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& u = a.as<UniqueAttrs>();
        if (is_complex(a.dtype()) || a.dtype() == DType::string) throw DTypeError(str("ops.unique takes real numbers. Received: ", a.dtype()));
        if (u.size.value_or(0) < 0) throw ValueError(str("ops.unique: size must not be negative. Received: size=", *u.size));
        const int64_t size = u.size.value_or(None), axis = u.axis ? normalize_axis(*u.axis, a.shape().rank()) : 0;
        Shape values{size};
        if (u.axis) {
            values = a.shape();
            values[axis] = size;
        }
        const bool empty = u.axis ? a.shape()[axis] == 0 : a.shape().is_static() && a.shape().size() == 0;
        if (empty && size > 0) throw ShapeError(str("ops.unique: of no elements none can be repeated. Received: x.shape=", a.shape(), ", size=", size));
        Specs out{{values, a.dtype()}};
        if (u.return_index) out.push_back({{size}, DType::int32});
        if (u.return_inverse) out.push_back({u.axis ? Shape{a.shape()[axis]} : a.shape(), DType::int32});
        if (u.return_counts) out.push_back({{size}, DType::int32});
        return out;
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& u = attrs.as<UniqueAttrs>();
        const int64_t axis = u.axis ? normalize_axis(*u.axis, in[0].rank()) : 0;
        const Tensor moved = u.axis ? ops::moveaxis(in[0], {axis}, {0}) : ops::reshape(in[0], {-1});
        const int64_t n = moved.shape()[0];
        int64_t width = 1;
        for (int64_t i = 1; i < moved.rank(); ++i) width *= moved.shape()[i];
        const SortedRows s = sort_rows(moved.rank() == 1 ? moved : ops::reshape(moved, {n, width}));
        const int64_t size = u.size ? *u.size : count_true("unique", s.fresh, "Give `size`, or call it outside.");
        const Tensor first = true_places(s.fresh, size), rank = prim::cumulative_sum(ops::cast(s.fresh, DType::int32), 0) - 1;

        Tensor values = prim::gather_rows(s.rows, first, 0);
        if (u.fill_value && u.size) {
            Tensor there = counting(size) < ops::sum(ops::cast(s.fresh, DType::int32));
            if (values.rank() == 2) there = ops::expand_dims(there, 1);
            values = ops::where(there, values, composing::number(*u.fill_value, values));
        }
        Shape shape = moved.shape();
        shape[0] = size;
        values = ops::reshape(values, shape);
        Tensors out{u.axis ? ops::moveaxis(values, {0}, {axis}) : values};
        if (u.return_index) out.push_back(prim::gather_rows(s.from, first, 0));
        if (u.return_inverse) {
            const Tensor inverse = prim::scatter_rows(ops::zeros({n}, DType::int32), s.from, rank, 0, ScatterMode::set);
            out.push_back(u.axis ? inverse : ops::reshape(inverse, in[0].shape()));
        }
        if (u.return_counts) out.push_back(prim::scatter_rows(ops::zeros({size}, DType::int32), rank, ops::ones({n}, DType::int32), 0, ScatterMode::add));
        return out;
    },
    .samples = {.low = 0, .high = 4, .cases = [] {
        const Spec x{{6}, DType::int32}, y{{4, 2}, DType::int32}, z{{5}, DType::float64};
        return std::vector<OpSample>{{{x}, UniqueAttrs{.size = 4, .fill_value = 9}}, {{x}, UniqueAttrs{.return_index = true, .return_inverse = true, .return_counts = true, .size = 3}},
                                     {{y}, UniqueAttrs{.return_inverse = true, .axis = 0, .size = 2}}, {{y}, UniqueAttrs{.axis = 1, .size = 2}}, {{z}, UniqueAttrs{.size = 5}}};
    }, .distinct = true},
    .read_attrs = read_attrs<UniqueAttrs>};

struct NonzeroAttrs {
    std::optional<int64_t> size = {};
    static void describe(Schema<NonzeroAttrs>& s) { s.field<&NonzeroAttrs::size>().non_negative().hidden(); }
};
constinit const Op nonzero_op = {
    .name = "nonzero", .keras = "keras.src.ops.numpy.Nonzero", .doc = "Where x is not 0, one vector of indices for each axis.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& size = a.as<NonzeroAttrs>().size;
        if (a.shape().empty()) throw ShapeError("ops.nonzero: x must have an axis. Received: a scalar");
        if (size.value_or(0) < 0) throw ValueError(str("ops.nonzero: size must not be negative. Received: size=", *size));
        return Specs(static_cast<size_t>(a.shape().rank()), {{size.value_or(None)}, DType::int32});
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& given = attrs.as<NonzeroAttrs>().size;
        const Tensor mask = ops::reshape(ops::cast(in[0], DType::bool_), {-1});
        const int64_t size = given ? *given : count_true("nonzero", mask, "Give `size`, or call it outside.");
        Tensor place = true_places(mask, size);
        Tensors out(static_cast<size_t>(in[0].rank()));
        for (int64_t axis = in[0].rank(); axis-- > 0;) {
            const Tensor n = ints(static_cast<double>(std::max<int64_t>(in[0].shape()[axis], 1)));
            out[static_cast<size_t>(axis)] = ops::mod(place, n);
            place = ops::floor_divide(place, n);
        }
        return out;
    },
    .samples = {.low = 0, .high = 2, .cases = [] {
        const Spec x{{2, 3}, DType::int32}, y{{4}, DType::float64};
        return std::vector<OpSample>{{{x}, NonzeroAttrs{4}}, {{y}, NonzeroAttrs{4}}};
    }},
    .read_attrs = read_attrs<NonzeroAttrs>};

struct IsinAttrs {
    bool assume_unique = false, invert = false;
    static void describe(Schema<IsinAttrs>& s) {
        s.field<&IsinAttrs::assume_unique>();
        s.field<&IsinAttrs::invert>();
    }
};
constinit const Op isin_op = {
    .name = "isin", .keras = "keras.src.ops.numpy.IsIn", .doc = "Whether each element of x1 occurs in x2.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        result_type(a.dtype(0), a.dtype(1));
        return {{a.shape(), DType::bool_}};
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor found = ops::any(ops::equal(ops::expand_dims(in[0], -1), ops::reshape(in[1], {-1})), -1);
        return {attrs.as<IsinAttrs>().invert ? ops::logical_not(found) : found};
    },
    .traits = {.promote = Promote::common},
    .samples = {.low = 0, .high = 4, .cases = [] {
        const Spec x{{2, 3}, DType::int32}, y{{2}, DType::int32}, z{{3}, DType::float64};
        return std::vector<OpSample>{{{x, y}, IsinAttrs{}}, {{z, z}, IsinAttrs{false, true}}};
    }},
    .read_attrs = read_attrs<IsinAttrs>};

struct PartitionAttrs {
    int64_t kth = 0;
    std::optional<int64_t> axis = -1;
    static void describe(Schema<PartitionAttrs>& s) {
        s.field<&PartitionAttrs::kth>();
        s.field<&PartitionAttrs::axis>();
    }
};
constinit const Op argpartition_op = {
    .name = "argpartition", .keras = "keras.src.ops.numpy.Argpartition", .doc = "Indices that put the kth smallest at its place, smaller ones before it.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& p = a.as<PartitionAttrs>();
        const int64_t n = p.axis ? a.shape()[normalize_axis(*p.axis, a.shape().rank())] : composing::count(a.shape());
        if (n >= 0 && (p.kth < -n || p.kth >= n)) throw ValueError(str("ops.argpartition: kth must be an index into the axis. Received: kth=", p.kth, ", x.shape=", a.shape()));
        return {{p.axis ? a.shape() : Shape{n}, DType::int32}};
    },
    .vjp = no_gradient,
    // As JAX: up to the kth they are sorted, from there on left as they stood.
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& p = attrs.as<PartitionAttrs>();
        const Tensor x = p.axis ? in[0] : ops::reshape(in[0], {-1});
        const int64_t axis = p.axis ? normalize_axis(*p.axis, x.rank()) : 0, n = x.shape()[axis], kth = p.kth < 0 ? p.kth + n : p.kth;
        const Tensor order = ops::argsort(x, axis);
        return {ops::concatenate({between(order, axis, 0, kth + 1), ops::sort(between(order, axis, kth + 1, n), axis)}, axis)};
    },
    .samples = {.cases = [] {
        const Spec x{{3, 5}, DType::float64};
        return std::vector<OpSample>{{{x}, PartitionAttrs{2}}, {{x}, PartitionAttrs{-1, 0}}, {{x}, PartitionAttrs{4, std::nullopt}}};
    }, .distinct = true},
    .read_attrs = read_attrs<PartitionAttrs>};

constexpr const Op* family[] = {&unique_op, &nonzero_op, &isin_op, &argpartition_op};

}  // namespace

std::span<const Op* const> set_ops() { return family; }

namespace ops {
Tensors unique(const Tensor& x, const UniqueOptions& o) {
    return apply(unique_op, {x}, UniqueAttrs{o.sorted, o.return_index, o.return_inverse, o.return_counts, o.axis, o.size, o.fill_value});
}
Tensor unique(const Tensor& x) { return apply1(unique_op, {x}, UniqueAttrs{}); }
Tensors nonzero(const Tensor& x, std::optional<int64_t> size) { return apply(nonzero_op, {x}, NonzeroAttrs{size}); }
Tensor isin(const Tensor& x1, const Tensor& x2, bool assume_unique, bool invert) { return apply1(isin_op, {x1, x2}, IsinAttrs{assume_unique, invert}); }
Tensor argpartition(const Tensor& x, int64_t kth, std::optional<int64_t> axis) { return apply1(argpartition_op, {x}, PartitionAttrs{kth, axis}); }
}  // namespace ops
}  // namespace cornu
