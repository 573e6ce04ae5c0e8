#include "cornu/ops/convolution.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

using Ints = std::vector<int64_t>;

ConvAttrs ConvAttrs::filled(int64_t spatial) const {
    ConvAttrs out = *this;
    const auto n = static_cast<size_t>(spatial);
    for (Ints* list : {&out.strides, &out.lhs_dilation, &out.rhs_dilation})
        if (list->empty()) list->assign(n, 1);
    for (Ints* list : {&out.pad_low, &out.pad_high})
        if (list->empty()) list->assign(n, 0);
    return out;
}

void conv_padding(const std::string& padding, const Ints& sizes, const Ints& window, const Ints& strides,
                  const Ints& dilation, Ints& low, Ints& high) {
    low.assign(sizes.size(), 0);
    high.assign(sizes.size(), 0);
    if (padding == "valid") return;
    if (padding != "same" && padding != "causal")
        throw ValueError(str("padding must be \"valid\", \"same\" or \"causal\". Received: \"", padding, "\""));
    for (size_t i = 0; i < sizes.size(); ++i) {
        const int64_t reach = (window[i] - 1) * dilation[i] + 1;
        if (padding == "causal") {
            low[i] = reach - 1;
            continue;
        }
        const int64_t out = (sizes[i] + strides[i] - 1) / strides[i];
        const int64_t total = std::max<int64_t>((out - 1) * strides[i] + reach - sizes[i], 0);
        low[i] = total / 2;
        high[i] = total - low[i];
    }
}

namespace {

// The size that n elements take with `dilation` - 1 holes between them.
int64_t dilated(int64_t n, int64_t dilation) { return n == 0 ? 0 : (n - 1) * dilation + 1; }

int64_t window_count(int64_t size, int64_t window, int64_t stride) { return size < window ? 0 : (size - window) / stride + 1; }

Shape spatial(const Shape& channels_last) { return Shape(channels_last.begin() + 1, channels_last.end() - 1); }
Shape kernel_sizes(const Shape& kernel) { return Shape(kernel.begin(), kernel.end() - 2); }

// Refuses what no convolution can mean; `x` and `kernel` are the forward pass's.
void check_conv(const char* op, const Shape& x, const Shape& kernel, const ConvAttrs& a) {
    const int64_t n = x.rank() - 2;
    bool valid = n >= 1 && n <= 3 && kernel.rank() == x.rank() && a.groups >= 1;
    for (const Ints* list : {&a.strides, &a.lhs_dilation, &a.rhs_dilation}) {
        valid = valid && (list->empty() || static_cast<int64_t>(list->size()) == n);
        for (const int64_t v : *list) valid = valid && v >= 1;
    }
    for (const Ints* list : {&a.pad_low, &a.pad_high}) valid = valid && (list->empty() || static_cast<int64_t>(list->size()) == n);
    if (valid) {
        const int64_t in = x.back(), per_group = kernel.dim(-2), out = kernel.back();
        valid = (in < 0 || per_group < 0 || in == per_group * a.groups) && (out < 0 || out % a.groups == 0);
    }
    if (!valid)
        throw ShapeError(str(op, ": the input must be (batch, 1 to 3 spatial axes, channels) and the kernel (spatial axes, channels / groups, filters), filters a multiple of groups, with one positive number per spatial axis in each list. Received: shapes ", x, " and ", kernel, ", ", Attrs(a).to_string()));
}

Specs conv_infer(const InferArgs& args) {
    const Shape &x = args.shape(0), &kernel = args.shape(1);
    check_conv("conv", x, kernel, args.as<ConvAttrs>());
    const ConvAttrs a = args.as<ConvAttrs>().filled(x.rank() - 2);
    Shape out{x[0]};
    for (size_t i = 0; i < a.strides.size(); ++i) {
        const int64_t size = x[static_cast<int64_t>(i) + 1], window = kernel[static_cast<int64_t>(i)];
        if (size < 0 || window < 0) out.push_back(None);
        else out.push_back(window_count(dilated(size, a.lhs_dilation[i]) + a.pad_low[i] + a.pad_high[i], dilated(window, a.rhs_dilation[i]), a.strides[i]));
    }
    out.push_back(kernel.back());
    return {{out, args.dtype(0)}};
}

std::vector<OpSample> conv_samples(bool (*keep)(const ConvAttrs&), OpSample (*make)(const Spec& x, const Spec& kernel, const ConvAttrs&)) {
    struct Case { Shape x, kernel; ConvAttrs attrs; };
    const Case cases[] = {
        {{2, 7, 3}, {3, 3, 4}, {}},
        {{1, 5, 6, 2}, {3, 2, 2, 4}, {.strides = {2, 1}, .pad_low = {1, 0}, .pad_high = {1, 1}}},
        {{1, 6, 5, 4}, {2, 3, 2, 6}, {.rhs_dilation = {2, 1}, .groups = 2}},
        {{2, 5, 5, 3}, {3, 3, 1, 6}, {.strides = {2, 2}, .pad_low = {0, 1}, .pad_high = {1, 1}, .groups = 3}},
        {{1, 4, 3}, {3, 3, 2}, {.strides = {2}, .pad_low = {2}, .pad_high = {1}, .lhs_dilation = {3}, .rhs_dilation = {2}}},
        {{1, 6, 1}, {3, 1, 1}, {.pad_low = {-1}, .pad_high = {2}}},
        {{1, 3, 4, 3, 2}, {2, 2, 2, 2, 3}, {.strides = {1, 2, 1}}}};
    std::vector<OpSample> out;
    for (const Case& c : cases)
        if (keep(c.attrs)) out.push_back(make({c.x, DType::float64}, {c.kernel, DType::float64}, c.attrs));
    return out;
}
bool any_conv(const ConvAttrs&) { return true; }

extern const Op conv_op;
Spec conv_result(const Spec& x, const Spec& kernel, const ConvAttrs& attrs);
ConvGradAttrs grad_attrs(const ConvAttrs& attrs, const Shape& sizes) { return {attrs.filled(sizes.rank()), sizes.dims()}; }

constinit const Op conv_op = {
    .name = "conv_general", .doc = "Convolution over 1 to 3 spatial axes, channels last.", .inputs = 2,
    .infer = conv_infer,
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& a = v.as<ConvAttrs>();
        return {v.wants(0) ? prim::conv_grad_input(v.g(), v.x(1), a, spatial(v.x(0).shape()).dims()) : Tensor(),
                v.wants(1) ? prim::conv_grad_filter(v.x(0), v.g(), a, kernel_sizes(v.x(1).shape()).dims()) : Tensor()};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        return conv_samples(any_conv, [](const Spec& x, const Spec& kernel, const ConvAttrs& a) { return OpSample{{x, kernel}, a}; });
    }}};

Spec conv_result(const Spec& x, const Spec& kernel, const ConvAttrs& attrs) {
    const Spec in[] = {x, kernel};
    return infer_specs(conv_op, in, attrs)[0];
}

// Splits `axis` into (groups, rest), moves the groups in front of `to`, and joins them there.
Tensor move_groups(const Tensor& x, int64_t groups, int64_t axis, int64_t to) {
    if (groups == 1) return x;
    Shape split = x.shape();
    split[axis] /= groups;
    split.insert(axis, groups);
    const Tensor parts = ops::reshape(x, split);
    // Axes after the split: those behind `axis` stand one further back, and `axis` holds the groups.
    Ints order;
    for (int64_t i = 0; i < x.rank(); ++i) {
        if (i == to) order.push_back(axis);
        order.push_back(i < axis ? i : i + 1);
    }
    Shape joined = x.shape();
    joined[axis] /= groups;
    joined[to] *= groups;
    return ops::reshape(ops::transpose(parts, order), joined);
}

Tensor swap_axes(const Tensor& x, int64_t a, int64_t b) {
    Ints order;
    for (int64_t i = 0; i < x.rank(); ++i) order.push_back(i == a ? b : i == b ? a : i);
    return ops::transpose(x, order);
}

Ints spatial_axes(int64_t count) {
    Ints axes;
    for (int64_t i = 0; i < count; ++i) axes.push_back(i);
    return axes;
}

// dx is a convolution of dy, its strides become holes, with the kernel reversed.
constinit const Op conv_grad_input_op = {
    .name = "conv_grad_input", .doc = "Gradient of a convolution with respect to its input.", .inputs = 2,
    .infer = [](const InferArgs& args) -> Specs {
        const auto& a = args.as<ConvGradAttrs>();
        const Shape &dy = args.shape(0), &kernel = args.shape(1);
        Shape x{dy.empty() ? None : dy[0]};
        for (const int64_t size : a.sizes) x.push_back(size);
        x.push_back(kernel.rank() < 2 || kernel.dim(-2) < 0 ? None : kernel.dim(-2) * a.conv.groups);
        const Shape y = conv_result({x, args.dtype(0)}, {kernel, args.dtype(1)}, a.conv).shape;
        if (!broadcast_shapes(y, dy) || y.rank() != dy.rank())
            throw ShapeError(str("conv_grad_input: the gradient must have the shape of the convolution's result, ", y, ". Received: ", dy));
        return {{x, args.dtype(0)}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& a = v.as<ConvGradAttrs>();
        return {v.wants(0) ? prim::conv(v.g(), v.x(1), a.conv) : Tensor(),
                v.wants(1) ? prim::conv_grad_filter(v.g(), v.x(0), a.conv, kernel_sizes(v.x(1).shape()).dims()) : Tensor()};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& g = attrs.as<ConvGradAttrs>();
        const Tensor &dy = in[0], &kernel = in[1];
        const int64_t n = dy.rank() - 2;
        const ConvAttrs a = g.conv.filled(n);
        ConvAttrs back{.strides = a.lhs_dilation, .lhs_dilation = a.strides, .rhs_dilation = a.rhs_dilation, .groups = a.groups};
        for (size_t i = 0; i < g.sizes.size(); ++i) {
            const auto axis = static_cast<int64_t>(i);
            const int64_t window = dilated(kernel.shape()[axis], a.rhs_dilation[i]);
            back.pad_low.push_back(window - a.pad_low[i] - 1);
            back.pad_high.push_back(dilated(g.sizes[i], a.lhs_dilation[i]) + window - 1 - dilated(dy.shape()[axis + 1], a.strides[i]) - back.pad_low.back());
        }
        const Tensor reversed = prim::reverse(swap_axes(kernel, n, n + 1), spatial_axes(n));  // (…, out, in / groups)
        return {prim::conv(dy, move_groups(reversed, a.groups, n, n + 1), back)};
    },
    .traits = {.promote = Promote::common, .fused = true},
    .samples = {.cases = [] {
        return conv_samples(any_conv, [](const Spec& x, const Spec& kernel, const ConvAttrs& a) {
            return OpSample{{conv_result(x, kernel, a), kernel}, grad_attrs(a, spatial(x.shape))};
        });
    }}};

// dw is a convolution of x with dy as its kernel; batch and channels change places.
constinit const Op conv_grad_filter_op = {
    .name = "conv_grad_filter", .doc = "Gradient of a convolution with respect to its kernel.", .inputs = 2,
    .infer = [](const InferArgs& args) -> Specs {
        const auto& a = args.as<ConvGradAttrs>();
        const Shape &x = args.shape(0), &dy = args.shape(1);
        Shape kernel(a.sizes);
        kernel.push_back(x.rank() < 2 || x.back() < 0 ? None : x.back() / std::max<int64_t>(a.conv.groups, 1));
        kernel.push_back(dy.empty() ? None : dy.back());
        const Shape y = conv_result({x, args.dtype(0)}, {kernel, args.dtype(1)}, a.conv).shape;
        if (!broadcast_shapes(y, dy) || y.rank() != dy.rank())
            throw ShapeError(str("conv_grad_filter: the gradient must have the shape of the convolution's result, ", y, ". Received: ", dy));
        return {{kernel, args.dtype(0)}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& a = v.as<ConvGradAttrs>();
        return {v.wants(0) ? prim::conv_grad_input(v.x(1), v.g(), a.conv, spatial(v.x(0).shape()).dims()) : Tensor(),
                v.wants(1) ? prim::conv(v.x(0), v.g(), a.conv) : Tensor()};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& g = attrs.as<ConvGradAttrs>();
        const Tensor &x = in[0], &dy = in[1];
        const int64_t n = x.rank() - 2;
        const ConvAttrs a = g.conv.filled(n);
        ConvAttrs back{.strides = a.rhs_dilation, .lhs_dilation = a.lhs_dilation, .rhs_dilation = a.strides, .groups = a.groups};
        for (size_t i = 0; i < g.sizes.size(); ++i) {
            const auto axis = static_cast<int64_t>(i) + 1;
            const int64_t size = dilated(x.shape()[axis], a.lhs_dilation[i]), out = dilated(dy.shape()[axis], a.strides[i]);
            back.pad_low.push_back(a.pad_low[i]);
            back.pad_high.push_back(out - size + dilated(g.sizes[i], a.rhs_dilation[i]) - a.pad_low[i] - 1);
        }
        const Tensor lhs = move_groups(swap_axes(x, 0, n + 1), a.groups, 0, n + 1);  // (in / groups, …, groups * batch)
        Ints order;                                                                   // (…, batch, out)
        for (int64_t i = 1; i <= n; ++i) order.push_back(i);
        order.push_back(0);
        order.push_back(n + 1);
        const Tensor out = prim::conv(lhs, ops::transpose(dy, order), back);          // (in / groups, …, out)
        return {ops::transpose(out, order)};
    },
    .traits = {.promote = Promote::common, .fused = true},
    .samples = {.cases = [] {
        return conv_samples(any_conv, [](const Spec& x, const Spec& kernel, const ConvAttrs& a) {
            return OpSample{{x, conv_result(x, kernel, a)}, grad_attrs(a, kernel_sizes(kernel.shape))};
        });
    }}};

// ---- Keras's ops ----

struct KerasConvAttrs {
    PerAxis strides = 1;
    std::string padding = "valid";
    std::optional<std::string> data_format = {};
    PerAxis dilation_rate = 1;
    static void describe(Schema<KerasConvAttrs>& s) {
        s.field<&KerasConvAttrs::strides>();
        s.field<&KerasConvAttrs::padding>();
        s.field<&KerasConvAttrs::data_format>();
        s.field<&KerasConvAttrs::dilation_rate>();
    }
};

bool channels_first(const std::optional<std::string>& data_format) {
    const std::string& format = data_format ? *data_format : Context::current().image_data_format();
    if (format != "channels_first" && format != "channels_last")
        throw ValueError(str("data_format must be \"channels_first\" or \"channels_last\". Received: \"", format, "\""));
    return format == "channels_first";
}

// Inputs as (batch, spatial…, channels), and results back.
Shape channels_last_shape(const Shape& x, bool first) {
    if (!first || x.rank() < 2) return x;
    Shape out = x;
    out.erase(1);
    out.push_back(x[1]);
    return out;
}
Shape original_shape(const Shape& y, bool first) {
    if (!first) return y;
    Shape out(y.begin(), y.end() - 1);
    out.insert(1, y.back());
    return out;
}
Tensor to_channels_last(const Tensor& x, bool first) {
    if (!first) return x;
    Ints order{0};
    for (int64_t i = 2; i < x.rank(); ++i) order.push_back(i);
    order.push_back(1);
    return ops::transpose(x, order);
}
Tensor from_channels_last(const Tensor& y, bool first) {
    if (!first) return y;
    Ints order{0, y.rank() - 1};
    for (int64_t i = 1; i + 1 < y.rank(); ++i) order.push_back(i);
    return ops::transpose(y, order);
}

// The primitive's attributes for channels-last shapes. An unknown size counts as one that fits.
ConvAttrs plan_conv(const char* op, const Shape& x, const Shape& kernel, const KerasConvAttrs& k) {
    const int64_t n = x.rank() - 2;
    if (n < 1 || n > 3 || kernel.rank() != x.rank())
        throw ShapeError(str("ops.", op, ": inputs must have a batch, 1 to 3 spatial axes and channels, and the kernel as many axes. Received: inputs.shape=", x, ", kernel.shape=", kernel));
    const int64_t channels = x.back(), per_group = kernel.dim(-2);
    if (channels >= 0 && (per_group <= 0 || channels % per_group != 0))
        throw ShapeError(str("ops.", op, ": the number of input channels must be a multiple of the kernel's. Received: inputs.shape=", x, ", kernel.shape=", kernel));
    ConvAttrs a{.strides = k.strides.expand(n, "strides"), .rhs_dilation = k.dilation_rate.expand(n, "dilation_rate")};
    conv_padding(k.padding, spatial(x).dims(), kernel_sizes(kernel).dims(), a.strides, a.rhs_dilation, a.pad_low, a.pad_high);
    a.groups = channels < 0 ? 1 : channels / per_group;
    if (kernel.back() % a.groups != 0)
        throw ShapeError(str("ops.", op, ": the number of filters must be a multiple of the number of groups, ", a.groups, ". Received: kernel.shape=", kernel));
    return a;
}

Shape keras_conv_shape(const char* op, const Shape& inputs, const Shape& kernel, const KerasConvAttrs& k) {
    const bool first = channels_first(k.data_format);
    const Shape x = channels_last_shape(inputs, first);
    const ConvAttrs a = plan_conv(op, x, kernel, k);
    Shape out{x[0]};
    for (size_t i = 0; i < a.strides.size(); ++i) {
        const int64_t size = x[static_cast<int64_t>(i) + 1], window = dilated(kernel[static_cast<int64_t>(i)], a.rhs_dilation[i]);
        if (size < 0) out.push_back(None);
        else if (k.padding == "same") out.push_back((size + a.strides[i] - 1) / a.strides[i]);
        else out.push_back(window_count(size + a.pad_low[i] + a.pad_high[i], window, a.strides[i]));
        if (out.back() == 0 && size != 0)
            throw ShapeError(str("ops.", op, ": nothing would be left: the window with its dilation is larger than the input. Received: inputs.shape=", inputs, ", kernel.shape=", kernel, ", padding=\"", k.padding, "\""));
    }
    out.push_back(kernel.back());
    return original_shape(out, first);
}

Tensor keras_conv(const char* op, const Tensor& inputs, const Tensor& kernel, const KerasConvAttrs& k) {
    const bool first = channels_first(k.data_format);
    const Tensor x = to_channels_last(inputs, first);
    return from_channels_last(prim::conv(x, kernel, plan_conv(op, x.shape(), kernel.shape(), k)), first);
}

constinit const Op keras_conv_op = {
    .name = "conv", .keras = "keras.src.ops.nn.Conv", .doc = "Convolution of 1, 2 or 3 spatial axes.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        return {{keras_conv_shape("conv", a.shape(0), a.shape(1), a.as<KerasConvAttrs>()), a.dtype(1)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {keras_conv("conv", ops::cast(in[0], in[1].dtype()), in[1], attrs.as<KerasConvAttrs>())};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 5, 6, 4}, DType::float64}, k{{3, 2, 2, 4}, DType::float64}, f{{2, 4, 5}, DType::float64}, k1{{3, 4, 3}, DType::float64};
        return std::vector<OpSample>{{{x, k}, KerasConvAttrs{2, "same"}}, {{x, k}, KerasConvAttrs{{1, 2}, "valid", "channels_last", 1}},
                                     {{f, k1}, KerasConvAttrs{1, "same", "channels_first", 2}}};
    }},
    .read_attrs = read_attrs<KerasConvAttrs>};

// (spatial…, channels, multiplier) as the kernel of a grouped convolution.
Shape depthwise_kernel_shape(const Shape& kernel) {
    if (kernel.rank() < 3) return kernel;
    Shape out(kernel.begin(), kernel.end() - 2);
    out.push_back(1);
    out.push_back(kernel.dim(-2) * kernel.back());
    return out;
}
void check_depthwise(const char* op, const Shape& inputs, const Shape& kernel, const KerasConvAttrs& k) {
    const Shape x = channels_last_shape(inputs, channels_first(k.data_format));
    if (x.rank() >= 3 && kernel.rank() >= 3 && x.back() >= 0 && x.back() != kernel.dim(-2))
        throw ShapeError(str("ops.", op, ": the kernel must have as many input channels as the inputs. Received: inputs.shape=", inputs, ", kernel.shape=", kernel));
}
Shape depthwise_shape(const char* op, const Shape& inputs, const Shape& kernel, const KerasConvAttrs& k) {
    check_depthwise(op, inputs, kernel, k);
    return keras_conv_shape(op, inputs, depthwise_kernel_shape(kernel), k);
}

constinit const Op depthwise_conv_op = {
    .name = "depthwise_conv", .keras = "keras.src.ops.nn.DepthwiseConv", .doc = "Convolution in which every channel has filters of its own.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        return {{depthwise_shape("depthwise_conv", a.shape(0), a.shape(1), a.as<KerasConvAttrs>()), a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {keras_conv("depthwise_conv", in[0], ops::reshape(in[1], depthwise_kernel_shape(in[1].shape())), attrs.as<KerasConvAttrs>())};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const Spec x{{2, 5, 6, 3}, DType::float64}, k{{3, 2, 3, 2}, DType::float64};
        return std::vector<OpSample>{{{x, k}, KerasConvAttrs{1, "same"}}, {{x, k}, KerasConvAttrs{2, "valid"}}};
    }},
    .read_attrs = read_attrs<KerasConvAttrs>};

// The second convolution keeps the dilation (which windows of size 1 do not see), as Keras has it.
KerasConvAttrs pointwise(const KerasConvAttrs& k) { return {1, "valid", k.data_format, k.dilation_rate}; }
constinit const Op separable_conv_op = {
    .name = "separable_conv", .keras = "keras.src.ops.nn.SeparableConv", .doc = "A depthwise convolution, then a pointwise one.", .inputs = 3,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& k = a.as<KerasConvAttrs>();
        const Shape between = depthwise_shape("separable_conv", a.shape(0), a.shape(1), k);
        return {{keras_conv_shape("separable_conv", between, a.shape(2), pointwise(k)), a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& k = attrs.as<KerasConvAttrs>();
        const Tensor between = apply1(depthwise_conv_op, {in[0], in[1]}, k);
        return {apply1(keras_conv_op, {between, in[2]}, pointwise(k))};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const Spec x{{1, 5, 6, 3}, DType::float64}, d{{3, 2, 3, 2}, DType::float64}, p{{1, 1, 6, 4}, DType::float64};
        return std::vector<OpSample>{{{x, d, p}, KerasConvAttrs{1, "same"}}};
    }},
    .read_attrs = read_attrs<KerasConvAttrs>};

struct ConvTransposeAttrs {
    PerAxis strides = 1;
    std::string padding = "valid";
    PerAxis output_padding = {};
    std::optional<std::string> data_format = {};
    PerAxis dilation_rate = 1;
    static void describe(Schema<ConvTransposeAttrs>& s) {
        s.field<&ConvTransposeAttrs::strides>();
        s.field<&ConvTransposeAttrs::padding>();
        s.field<&ConvTransposeAttrs::output_padding>();
        s.field<&ConvTransposeAttrs::data_format>();
        s.field<&ConvTransposeAttrs::dilation_rate>();
    }
};

// The convolution whose gradient this is: its attributes and the sizes of its input.
ConvGradAttrs plan_transpose(const Shape& x, const Shape& kernel, const ConvTransposeAttrs& t) {
    const int64_t n = x.rank() - 2;
    if (n < 1 || n > 3 || kernel.rank() != x.rank() || (x.back() >= 0 && x.back() != kernel.back()))
        throw ShapeError(str("ops.conv_transpose: inputs must have a batch, 1 to 3 spatial axes and channels, and the kernel be (spatial axes, filters, input channels). Received: inputs.shape=", x, ", kernel.shape=", kernel));
    if (t.padding != "valid" && t.padding != "same")
        throw ValueError(str("ops.conv_transpose: padding must be \"valid\" or \"same\". Received: \"", t.padding, "\""));
    ConvGradAttrs g;
    g.conv.strides = t.strides.expand(n, "strides");
    g.conv.rhs_dilation = t.dilation_rate.expand(n, "dilation_rate");
    Ints extra = t.output_padding.values;
    if (extra.size() == 1) extra.assign(static_cast<size_t>(n), extra[0]);
    if (!extra.empty() && static_cast<int64_t>(extra.size()) != n)
        throw ValueError(str("ops.conv_transpose: output_padding must be one number, or one for each of the ", n, " spatial axes."));
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        const int64_t stride = g.conv.strides[i], window = dilated(kernel[static_cast<int64_t>(i)], g.conv.rhs_dilation[i]);
        int64_t left = window - 1, right;  // around the input with its holes
        if (t.padding == "valid") {
            right = window - 1 + (extra.empty() ? std::max(window, stride) - window : extra[i]);
        } else {
            const int64_t total = extra.empty() ? stride + window - 2 : window + window % 2 - 2 + extra[i];
            left = std::min(total / 2 + total % 2, window - 1);
            right = total - left;
        }
        const int64_t size = x[static_cast<int64_t>(i) + 1], with_holes = size < 0 ? None : dilated(size, stride);
        const int64_t out = size < 0 ? None : with_holes + left + right - window + 1;
        if (size >= 0 && out < 0)
            throw ShapeError(str("ops.conv_transpose: nothing would be left. Received: inputs.shape=", x, ", kernel.shape=", kernel));
        g.sizes.push_back(out);
        g.conv.pad_low.push_back(window - 1 - left);
        g.conv.pad_high.push_back(size < 0 ? 0 : with_holes - 1 + window - out - g.conv.pad_low.back());
    }
    return g;
}

constinit const Op conv_transpose_op = {
    .name = "conv_transpose", .keras = "keras.src.ops.nn.ConvTranspose", .doc = "Transposed convolution of 1, 2 or 3 spatial axes.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& t = a.as<ConvTransposeAttrs>();
        const bool first = channels_first(t.data_format);
        const Shape x = channels_last_shape(a.shape(0), first);
        Shape out(plan_transpose(x, a.shape(1), t).sizes);
        out.insert(0, x[0]);
        out.push_back(a.shape(1).dim(-2));
        return {{original_shape(out, first), a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& t = attrs.as<ConvTransposeAttrs>();
        const bool first = channels_first(t.data_format);
        const Tensor x = to_channels_last(in[0], first);
        const ConvGradAttrs g = plan_transpose(x.shape(), in[1].shape(), t);
        return {from_channels_last(prim::conv_grad_input(x, in[1], g.conv, g.sizes), first)};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const Spec x{{1, 3, 4, 2}, DType::float64}, k{{3, 2, 3, 2}, DType::float64};
        return std::vector<OpSample>{{{x, k}, ConvTransposeAttrs{2, "valid"}}, {{x, k}, ConvTransposeAttrs{{1, 2}, "same"}}, {{x, k}, ConvTransposeAttrs{2, "same", 1}}};
    }},
    .read_attrs = read_attrs<ConvTransposeAttrs>};

constexpr const Op* family[] = {&conv_op, &conv_grad_input_op, &conv_grad_filter_op, &keras_conv_op, &depthwise_conv_op, &separable_conv_op, &conv_transpose_op};

std::optional<std::string> given(const std::string& data_format) {
    return data_format.empty() ? std::nullopt : std::optional(data_format);
}

}  // namespace

std::span<const Op* const> convolution_ops() { return family; }

namespace prim {
Tensor conv(const Tensor& x, const Tensor& kernel, ConvAttrs attrs) {
    return apply1(conv_op, {x, kernel}, attrs.filled(std::max<int64_t>(x.rank() - 2, 0)));
}
Tensor conv_grad_input(const Tensor& dy, const Tensor& kernel, ConvAttrs attrs, Ints input_sizes) {
    return apply1(conv_grad_input_op, {dy, kernel}, grad_attrs(attrs, Shape(std::move(input_sizes))));
}
Tensor conv_grad_filter(const Tensor& x, const Tensor& dy, ConvAttrs attrs, Ints kernel_sizes) {
    return apply1(conv_grad_filter_op, {x, dy}, grad_attrs(attrs, Shape(std::move(kernel_sizes))));
}
}  // namespace prim

namespace ops {
Tensor conv(const Tensor& inputs, const Tensor& kernel, PerAxis strides, const std::string& padding, const std::string& data_format, PerAxis dilation_rate) {
    return apply1(keras_conv_op, {inputs, kernel}, KerasConvAttrs{std::move(strides), padding, given(data_format), std::move(dilation_rate)});
}
Tensor depthwise_conv(const Tensor& inputs, const Tensor& kernel, PerAxis strides, const std::string& padding, const std::string& data_format, PerAxis dilation_rate) {
    return apply1(depthwise_conv_op, {inputs, kernel}, KerasConvAttrs{std::move(strides), padding, given(data_format), std::move(dilation_rate)});
}
Tensor separable_conv(const Tensor& inputs, const Tensor& depthwise_kernel, const Tensor& pointwise_kernel, PerAxis strides, const std::string& padding, const std::string& data_format, PerAxis dilation_rate) {
    return apply1(separable_conv_op, {inputs, depthwise_kernel, pointwise_kernel}, KerasConvAttrs{std::move(strides), padding, given(data_format), std::move(dilation_rate)});
}
Tensor conv_transpose(const Tensor& inputs, const Tensor& kernel, PerAxis strides, const std::string& padding, PerAxis output_padding, const std::string& data_format, PerAxis dilation_rate) {
    return apply1(conv_transpose_op, {inputs, kernel}, ConvTransposeAttrs{std::move(strides), padding, std::move(output_padding), given(data_format), std::move(dilation_rate)});
}
}  // namespace ops
}  // namespace cornu
