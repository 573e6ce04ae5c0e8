// Convolutions and windows. Gradients of convolutions are convolutions whose axes have other parts;
// those of pooled maxima are decomposed, which is faster than XLA's select_and_scatter.
#include "cornu/backends/xla/stablehlo.h"
#include "cornu/ops/convolution.h"
#include "cornu/ops/pooling.h"

namespace cornu::xla {

namespace {

// The size that n elements take with `dilation` - 1 holes between them.
int64_t dilated(int64_t n, int64_t dilation) { return n == 0 ? 0 : (n - 1) * dilation + 1; }

// "[b, 0, 1, f]": the parts that axes play, spatial ones by number.
std::string layout(const char* before, int64_t spatial, const char* first_after,
                   const char* second_after = nullptr) {
    std::string out = "[";
    if (before) out += std::string(before) + ", ";
    for (int64_t i = 0; i < spatial; ++i) out += std::to_string(i) + ", ";
    return out + first_after + (second_after ? std::string(", ") + second_after : "") + "]";
}

Value convolve(Body& body, const Value& x, const Value& kernel, const std::string& layouts,
               const ConvAttrs& a, const Shape& shape, DType dtype) {
    // Of bools a product is "and", a sum "or": counted, then asked whether there are any.
    const DType factors = dtype == DType::bool_ ? DType::int32 : dtype;
    return body.cast(body.call("convolution", {body.cast(x, factors), body.cast(kernel, factors)},
                               shape, accumulator_of(factors),
                               "dimension_numbers = #stablehlo.conv<" + layouts +
                                   ">, window_strides = " + axes_text(a.strides) +
                                   ", padding = " + pairs_text(a.pad_low, a.pad_high) +
                                   ", lhs_dilation = " + axes_text(a.lhs_dilation) +
                                   ", rhs_dilation = " + axes_text(a.rhs_dilation) +
                                   str(", feature_group_count = ", a.groups,
                                       " : i64, batch_group_count = 1 : i64, ", full_precision)),
                     dtype);
}

Values conv(Body& body, const Call& call, const Values& in) {
    const int64_t n = in[0].shape.rank() - 2;
    const std::string data = layout("b", n, "f");
    return {convolve(body, in[0], in[1], data + "x" + layout(nullptr, n, "i", "o") + "->" + data,
                     call.as<ConvAttrs>().filled(n), call.out[0].shape, call.out[0].dtype)};
}

// A convolution of dy, its strides become holes, with the kernel reversed and its channels
// exchanged.
Values conv_grad_input(Body& body, const Call& call, const Values& in) {
    const auto& g = call.as<ConvGradAttrs>();
    const Value &dy = in[0], &kernel = in[1];
    const int64_t n = dy.shape.rank() - 2;
    const ConvAttrs a = g.conv.filled(n);
    ConvAttrs back{
        .strides = a.lhs_dilation, .lhs_dilation = a.strides, .rhs_dilation = a.rhs_dilation};
    Ints axes;
    for (size_t i = 0; i < g.sizes.size(); ++i) {
        const auto axis = static_cast<int64_t>(i);
        const int64_t window = dilated(kernel.shape[axis], a.rhs_dilation[i]);
        back.pad_low.push_back(window - a.pad_low[i] - 1);
        back.pad_high.push_back(dilated(g.sizes[i], a.lhs_dilation[i]) + window - 1 -
                                dilated(dy.shape[axis + 1], a.strides[i]) - back.pad_low.back());
        axes.push_back(axis);
    }
    const Value reversed = body.call("reverse", {kernel}, kernel.shape, kernel.dtype,
                                     "dimensions = " + axes_text(axes));
    const std::string data = layout("b", n, "f");
    return {convolve(body, dy, reversed, data + "x" + layout(nullptr, n, "o", "i") + "->" + data,
                     back, call.out[0].shape, call.out[0].dtype)};
}

// A convolution of x with dy as its kernel, summed over the batch; the result is laid out as a
// kernel.
Values conv_grad_filter(Body& body, const Call& call, const Values& in) {
    const auto& g = call.as<ConvGradAttrs>();
    const Value &x = in[0], &dy = in[1];
    const int64_t n = x.shape.rank() - 2;
    const ConvAttrs a = g.conv.filled(n);
    ConvAttrs back{
        .strides = a.rhs_dilation, .lhs_dilation = a.lhs_dilation, .rhs_dilation = a.strides};
    for (size_t i = 0; i < g.sizes.size(); ++i) {
        const auto axis = static_cast<int64_t>(i) + 1;
        const int64_t size = dilated(x.shape[axis], a.lhs_dilation[i]),
                      out = dilated(dy.shape[axis], a.strides[i]);
        back.pad_low.push_back(a.pad_low[i]);
        back.pad_high.push_back(out - size + dilated(g.sizes[i], a.rhs_dilation[i]) - a.pad_low[i] -
                                1);
    }
    return {convolve(
        body, x, dy,
        layout("f", n, "b") + "x" + layout("i", n, "o") + "->" + layout(nullptr, n, "b", "f"), back,
        call.out[0].shape, call.out[0].dtype)};
}
// Of grouped convolutions the decomposition knows how to move the groups.
bool one_group(const Call& call) { return call.as<ConvGradAttrs>().conv.groups == 1; }

Values reduce_window(Body& body, const Call& call, const Values& in) {
    const auto& a = call.as<WindowAttrs>();
    const DType dtype = accumulator_of(in[0].dtype);
    const char* target = call.lowering.target;
    const Value start =
        std::string_view(target) == "add" ? body.scalar(0, dtype) : body.lowest(dtype);
    const std::string region = body.region(
        {{{}, dtype}, {{}, dtype}},
        [&](Body& inner, const Values& v) -> Values { return {inner.binary(target, v[0], v[1])}; });
    const Ints ones(a.window.size(), 1);
    const Value y = body.call(
        "reduce_window", {body.cast(in[0], dtype), start}, call.out[0].shape, dtype,
        "window_dimensions = " + axes_text(a.window) +
            ", window_strides = " + axes_text(a.strides) + ", base_dilations = " + axes_text(ones) +
            ", window_dilations = " + axes_text(ones) +
            ", padding = " + pairs_text(a.pad_low, a.pad_high),
        {region});
    return {body.cast(y, in[0].dtype)};
}

constexpr Lowering table[] = {
    {"conv_general", conv},
    {"conv_grad_input", conv_grad_input, numbers, nullptr, one_group},
    {"conv_grad_filter", conv_grad_filter, numbers, nullptr, one_group},
    {"reduce_window_sum", reduce_window, anything, "add"},
    {"reduce_window_max", reduce_window, reals | booleans, "maximum"},
};

}  // namespace

std::span<const Lowering> convolution_lowerings() { return table; }

}  // namespace cornu::xla
