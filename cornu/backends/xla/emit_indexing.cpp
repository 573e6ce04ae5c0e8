// Rows read and written by index, and sorting.
#include <limits>

#include "cornu/backends/xla/stablehlo.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::xla {

namespace {

bool index_is_signed(const Call& call) {
    return call.in[1].dtype == DType::int32 || call.in[1].dtype == DType::int64;
}

// How rows along an axis lie in the result: where the indices' own axes stand, and x's others.
struct Rows {
    int64_t axis;
    Ints index_axes, window_axes;
};
Rows rows_of(const Shape& x, const Shape& indices, int64_t axis) {
    Rows rows{axis < 0 ? axis + x.rank() : axis, {}, {}};
    for (int64_t i = 0; i < rows.axis; ++i) rows.window_axes.push_back(i);
    for (int64_t i = 0; i < indices.rank(); ++i) rows.index_axes.push_back(rows.axis + i);
    for (int64_t i = rows.axis + 1; i < x.rank(); ++i)
        rows.window_axes.push_back(i + indices.rank() - 1);
    return rows;
}

// What a read past an end gives: NaN; the least signed integer, the greatest unsigned one; true.
Value missing(Body& body, DType dtype) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    if (is_complex(dtype)) return body.both_parts(nan, dtype);
    if (is_float(dtype)) return body.scalar(nan, dtype);
    return is_signed_int(dtype) ? body.lowest(dtype) : body.highest(dtype);
}

// StableHLO clamps positions: what lay outside is replaced afterwards.
Values gather_rows(Body& body, const Call& call, const Values& in) {
    const auto& g = call.as<GatherAttrs>();
    const Value &x = in[0], &indices = in[1];
    const Shape& shape = call.out[0].shape;
    const Rows rows = rows_of(x.shape, indices.shape, g.axis);
    const Value outside =
        g.out_of_range == OutOfRange::zero ? body.scalar(0, x.dtype) : missing(body, x.dtype);
    const int64_t size = x.shape[rows.axis];
    if (size == 0) return {body.broadcast(outside, shape)};
    Ints sizes = x.shape.dims();
    sizes[static_cast<size_t>(rows.axis)] = 1;
    const Value y = body.call(
        "gather", {x, indices}, shape, x.dtype,
        "dimension_numbers = #stablehlo.gather<offset_dims = " + list_text(rows.window_axes) +
            ", collapsed_slice_dims = " + list_text({rows.axis}) +
            ", start_index_map = " + list_text({rows.axis}) +
            str(", index_vector_dim = ", indices.shape.rank(), ">, slice_sizes = ") +
            axes_text(sizes) + ", indices_are_sorted = false");
    const Value within = body.binary(
        "and", body.compare("GE", indices, body.full(0, indices.shape, indices.dtype)),
        body.compare("LT", indices,
                     body.full(static_cast<double>(size), indices.shape, indices.dtype)));
    return {body.select(body.broadcast(within, shape, rows.index_axes), y,
                        body.broadcast(outside, shape))};
}

// Positions outside are left out by StableHLO itself.
Values scatter_rows(Body& body, const Call& call, const Values& in) {
    const auto& s = call.as<ScatterAttrs>();
    const Value &x = in[0], &indices = in[1], &updates = in[2];
    const Rows rows = rows_of(x.shape, indices.shape, s.axis);
    if (x.shape.size() == 0) return {x};
    constexpr const char* combine[] = {nullptr, "add", "maximum", "minimum", "multiply"};
    const char* target = combine[static_cast<size_t>(s.mode)];
    const std::string region =
        body.region({{{}, x.dtype}, {{}, x.dtype}}, [&](Body& inner, const Values& v) -> Values {
            return {target ? inner.extremum(target, v[0], v[1]) : v[1]};
        });
    return {body.call("scatter", {x, indices, updates}, x.shape, x.dtype,
                      "scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = " +
                          list_text(rows.window_axes) +
                          ", inserted_window_dims = " + list_text({rows.axis}) +
                          ", scatter_dims_to_operand_dims = " + list_text({rows.axis}) +
                          str(", index_vector_dim = ", indices.shape.rank(), ">") +
                          ", indices_are_sorted = false, unique_indices = false",
                      {region})};
}
// Stable; NaN last, and no order between 0.0 and -0.0.
Values sort_together(Body& body, const Call& call, const Values& in) {
    Specs arguments;
    for (const Value& x : in) arguments.insert(arguments.end(), 2, {{}, x.dtype});
    const std::string region = body.region(arguments, [&](Body& b, const Values& v) -> Values {
        const Value less = b.compare("LT", v[0], v[1]);
        if (!is_float(v[0].dtype) && !is_complex(v[0].dtype)) return {less};
        return {b.binary(
            "or", less, b.binary("and", b.compare("EQ", v[0], v[0]), b.compare("NE", v[1], v[1])))};
    });
    const int64_t axis = call.as<AxisAttrs>().axis;
    return body.calls("sort", in, Specs(call.out.begin(), call.out.end()),
                      str("dimension = ", axis < 0 ? axis + in[0].shape.rank() : axis,
                          " : i64, is_stable = true"),
                      {region});
}
constexpr Lowering table[] = {
    {"gather_rows", gather_rows, anything, nullptr, index_is_signed},
    {"scatter_rows", scatter_rows, anything, nullptr, index_is_signed},
    {"sort_together", sort_together},
};

}  // namespace

std::span<const Lowering> indexing_lowerings() { return table; }

}  // namespace cornu::xla
