// Reductions over axes, positions of extremes, running sums and products.
#include "cornu/backends/xla/stablehlo.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::xla {

namespace {

Value start_of(Body& body, std::string_view target, DType dtype) {
    if (target == "add") return body.scalar(0, dtype);
    if (target == "multiply") return body.scalar(1, dtype);
    return target == "maximum" ? body.lowest(dtype) : body.highest(dtype);
}

Values reduce(Body& body, const Call& call, const Values& in) {
    const Ints& axes = call.as<ReduceAttrs>().axes;
    if (axes.empty()) return in;
    const char* target = call.lowering.target;
    const DType dtype = accumulator_of(in[0].dtype);
    const Value x = body.cast(in[0], dtype);
    const std::string region =
        body.region({{{}, dtype}, {{}, dtype}}, [&](Body& inner, const Values& v) -> Values {
            return {inner.extremum(target, v[0], v[1])};
        });
    const Value y = body.call("reduce", {x, start_of(body, target, dtype)}, call.out[0].shape,
                              dtype, "dimensions = " + axes_text(axes), {region});
    return {body.cast(y, in[0].dtype)};
}

// Reduces pairs of (value, index): the greater value wins, of equal ones the lower index; NaN is
// greater (or less) than all.
Values arg_extremum(Body& body, const Call& call, const Values& in) {
    const int64_t axis = call.as<AxisAttrs>().axis < 0
                             ? call.as<AxisAttrs>().axis + in[0].shape.rank()
                             : call.as<AxisAttrs>().axis;
    const DType dtype = in[0].dtype, index = DType::int32;
    const bool largest = std::string_view(call.lowering.target) == "GT";
    const Value start = largest ? body.lowest(dtype) : body.highest(dtype);
    const std::string region =
        body.region({{{}, dtype}, {{}, index}, {{}, dtype}, {{}, index}},
                    [&](Body& b, const Values& v) -> Values {
                        const Value first_nan = b.compare("NE", v[0], v[0]),
                                    second_nan = b.compare("NE", v[2], v[2]);
                        const Value tie = b.binary("or", b.compare("EQ", v[0], v[2]),
                                                   b.binary("and", first_nan, second_nan));
                        const Value wins =
                            b.binary("or", b.compare(call.lowering.target, v[0], v[2]), first_nan);
                        const Value takes = b.select(tie, b.compare("LT", v[1], v[3]), wins);
                        return {b.select(takes, v[0], v[2]), b.select(takes, v[1], v[3])};
                    });
    const Value places = body.iota(in[0].shape, axis, index);
    // The start's index loses every tie.
    return {body.calls("reduce", {in[0], places, start, body.highest(index)},
                       {{call.out[0].shape, dtype}, {call.out[0].shape, index}},
                       "dimensions = " + axes_text({axis}), {region})[1]};
}

// Doubling: after step k each element has combined the 2^k before it. No quadratic window, and the
// rounding errors of a tree.
Values cumulative(Body& body, const Call& call, const Values& in) {
    const auto& c = call.as<CumulativeAttrs>();
    const DType dtype = accumulator_of(in[0].dtype);
    const Shape& shape = in[0].shape;
    const auto axis = static_cast<size_t>(c.axis < 0 ? c.axis + shape.rank() : c.axis);
    Value x = body.cast(in[0], dtype);
    const Value neutral = start_of(body, call.lowering.target, dtype);
    for (int64_t step = 1; step < shape[static_cast<int64_t>(axis)]; step *= 2) {
        Ints low(static_cast<size_t>(shape.rank()), 0), high = low, none = low;
        low[axis] = c.reverse ? -step : step;
        high[axis] = -low[axis];
        const Value moved = body.call("pad", {x, neutral}, shape, dtype,
                                      "edge_padding_low = " + axes_text(low) +
                                          ", edge_padding_high = " + axes_text(high) +
                                          ", interior_padding = " + axes_text(none));
        x = body.binary(call.lowering.target, x, moved);
    }
    return {body.cast(x, in[0].dtype)};
}

constexpr Lowering table[] = {
    {"reduce_sum", reduce, anything, "add"},
    {"reduce_prod", reduce, anything, "multiply"},
    {"reduce_max", reduce, anything, "maximum"},
    {"reduce_min", reduce, anything, "minimum"},
    {"arg_max", arg_extremum, anything, "GT"},
    {"arg_min", arg_extremum, anything, "LT"},
    {"cumulative_sum", cumulative, anything, "add"},
    {"cumulative_prod", cumulative, anything, "multiply"},
};

}  // namespace

std::span<const Lowering> reduction_lowerings() { return table; }

}  // namespace cornu::xla
