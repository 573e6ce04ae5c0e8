#include "cornu/ops/pooling.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/convolution.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

Specs window_infer(const InferArgs& args) {
    const auto& a = args.as<WindowAttrs>();
    Shape out = args.shape();
    const auto n = static_cast<size_t>(out.rank());
    bool valid = a.window.size() == n && a.strides.size() == n && a.pad_low.size() == n && a.pad_high.size() == n;
    for (size_t i = 0; valid && i < n; ++i) {
        int64_t& dim = out[static_cast<int64_t>(i)];
        // A window that lies in the padding alone would have no maximum to hand a gradient to.
        valid = a.window[i] >= 1 && a.strides[i] >= 1 && a.pad_low[i] >= 0 && a.pad_high[i] >= 0 && a.pad_low[i] < a.window[i] && a.pad_high[i] < a.window[i];
        if (!valid || dim < 0) continue;
        const int64_t size = dim + a.pad_low[i] + a.pad_high[i];
        dim = size < a.window[i] ? 0 : (size - a.window[i]) / a.strides[i] + 1;
    }
    if (!valid)
        throw ShapeError(str(args.op.name, ": window, strides and pads need one number per axis, positive and smaller than the window for pads. Received: shape ", args.shape(), ", ", args.attrs.to_string()));
    return {{out, args.dtype()}};
}

Ints plus(const Ints& a, const Ints& b) {
    Ints out = a;
    for (size_t i = 0; i < out.size(); ++i) out[i] += b[i];
    return out;
}

// The value that a maximum starts from.
Tensor lowest(DType dtype) {
    if (is_float(dtype)) return ops::cast(Tensor::full({}, -std::numeric_limits<double>::infinity(), DType::float64), dtype);
    if (dtype == DType::bool_ || is_unsigned_int(dtype)) return Tensor::full({}, 0, dtype);
    return Tensor::full({}, -std::ldexp(1.0, bits(dtype) - 1), dtype);
}

// Calls f(offset) for every position within a window, in row-major order.
template <class F>
void for_each_offset(const Ints& window, F&& f) {
    Ints offset(window.size(), 0);
    for (;;) {
        f(offset);
        size_t i = window.size();
        while (i-- > 0) {
            if (++offset[i] < window[i]) break;
            offset[i] = 0;
            if (i == 0) return;
        }
        if (window.empty()) return;
    }
}

// Elements `offset` of every window of a padded tensor: one strided slice.
struct WindowSlice { Ints start, stop; };
WindowSlice slice_of(const Ints& offset, const Shape& out, const Ints& strides) {
    WindowSlice s{offset, {}};
    for (size_t i = 0; i < offset.size(); ++i) {
        const int64_t n = out[static_cast<int64_t>(i)];
        s.stop.push_back(n == 0 ? offset[i] : offset[i] + (n - 1) * strides[i] + 1);
    }
    return s;
}

std::vector<OpSample> window_samples() {
    const Spec x{{2, 5, 6, 2}, DType::float64}, y{{1, 4, 1}, DType::float64};
    return {{{x}, WindowAttrs{{1, 2, 2, 1}, {1, 2, 2, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}}},
            {{x}, WindowAttrs{{1, 3, 2, 1}, {1, 2, 1, 1}, {0, 1, 0, 0}, {0, 1, 1, 0}}},
            {{y}, WindowAttrs{{1, 3, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}}},
            {{y}, WindowAttrs{{1, 2, 1}, {1, 3, 1}, {0, 0, 0}, {0, 1, 0}}}};
}

// The gradient puts dy with its strides as holes under windows of the same size: a window sum again.
constinit const Op reduce_window_sum_op = {
    .name = "reduce_window_sum", .doc = "Sums over windows; padding counts as 0.", .infer = window_infer,
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& a = v.as<WindowAttrs>();
        const Shape &x = v.x().shape(), &y = v.g().shape();
        Ints low, high, interior;
        for (size_t i = 0; i < a.window.size(); ++i) {
            const auto d = static_cast<int64_t>(i);
            const int64_t holes = y[d] == 0 ? 0 : (y[d] - 1) * a.strides[i] + 1;
            low.push_back(a.window[i] - 1 - a.pad_low[i]);
            high.push_back(x[d] + a.window[i] - 1 - holes - low.back());
            interior.push_back(a.strides[i] - 1);
        }
        const Tensor spread = prim::pad(v.g(), Tensor::full({}, 0, v.g().dtype()), low, high, interior);
        const Ints ones(a.window.size(), 1), none(a.window.size(), 0);
        return {prim::reduce_window_sum(spread, {a.window, ones, none, none})};
    },
    .samples = {.cases = window_samples}};

constinit const Op reduce_window_max_op = {
    .name = "reduce_window_max", .doc = "Maxima over windows; padding counts as -infinity; NaN wins.", .infer = window_infer,
    .vjp = [](const Vjp& v) -> Tensors { return {prim::max_pool_grad(v.x(), v.g(), v.as<WindowAttrs>())}; },
    .samples = {.cases = window_samples, .distinct = true}};

// dy spread over x by masks that mark the first maximum of each window: no scatter is needed, and
// the masks are constants to a second derivative.
struct Masks {
    std::vector<std::pair<WindowSlice, Tensor>> windows;
    Shape padded;
};
Masks first_maxima(const Tensor& x, const Shape& out, const WindowAttrs& a) {
    const Tensor fixed = ops::stop_gradient(x);
    const Tensor padded = prim::pad(fixed, lowest(x.dtype()), a.pad_low, a.pad_high);
    const Tensor top = prim::reduce_window_max(fixed, a);
    Masks masks{{}, padded.shape()};
    Tensor taken;
    for_each_offset(a.window, [&](const Ints& offset) {
        const WindowSlice s = slice_of(offset, out, a.strides);
        const Tensor value = prim::slice(padded, s.start, s.stop, a.strides);
        // NaN is a maximum that equals nothing.
        const Tensor hit = ops::logical_or(ops::equal(value, top), ops::not_equal(value, value));
        const Tensor first = taken.defined() ? ops::logical_and(hit, ops::logical_not(taken)) : hit;
        taken = taken.defined() ? ops::logical_or(taken, hit) : hit;
        masks.windows.emplace_back(s, first);
    });
    return masks;
}

extern const Op max_pool_values_op;

constinit const Op max_pool_grad_op = {
    .name = "max_pool_grad", .doc = "Gradient of window maxima: each dy goes to the first maximum of its window.", .inputs = 2,
    .infer = [](const InferArgs& args) -> Specs {
        const Shape y = window_infer({args.op, args.in.subspan(0, 1), args.attrs})[0].shape;
        if (y.rank() != args.shape(1).rank() || !broadcast_shapes(y, args.shape(1)))
            throw ShapeError(str("max_pool_grad: the gradient must have the shape of the result, ", y, ". Received: ", args.shape(1)));
        return {{args.shape(0), args.dtype(0)}};
    },
    // Linear in dy: its derivative picks, per window, the value at that window's maximum.
    .vjp = [](const Vjp& v) -> Tensors {
        return {Tensor(), v.wants(1) ? apply1(max_pool_values_op, {v.x(0), v.g()}, v.attrs) : Tensor()};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& a = attrs.as<WindowAttrs>();
        const Tensor &x = in[0], &dy = in[1];
        const Masks masks = first_maxima(x, dy.shape(), a);
        const Tensor none = ops::zeros_like(dy), zero = Tensor::full({}, 0, dy.dtype());
        Tensor sum;
        for (const auto& [s, mask] : masks.windows) {
            Ints high, interior;
            for (size_t i = 0; i < s.stop.size(); ++i) {
                high.push_back(masks.padded[static_cast<int64_t>(i)] - s.stop[i]);
                interior.push_back(a.strides[i] - 1);
            }
            const Tensor part = prim::pad(ops::where(mask, dy, none), zero, s.start, high, interior);
            sum = sum.defined() ? sum + part : part;
        }
        return {prim::slice(sum, a.pad_low, plus(a.pad_low, x.shape().dims()))};
    },
    .traits = {.fused = true},
    .samples = {.cases = [] {
        std::vector<OpSample> out;
        for (OpSample& s : window_samples()) {
            const Spec y = infer_specs(reduce_window_max_op, s.in, s.attrs)[0];
            out.push_back({{s.in[0], y}, s.attrs});
        }
        return out;
    }, .distinct = true}};

constinit const Op max_pool_values_op = {
    .name = "max_pool_values", .doc = "For each window, the element of a second tensor that stands at the first maximum of x.", .inputs = 2,
    .infer = [](const InferArgs& args) -> Specs {
        if (!(args.shape(0) == args.shape(1)))
            throw ShapeError(str("max_pool_values: both tensors must have one shape. Received: ", args.shape(0), " and ", args.shape(1)));
        return {{window_infer({args.op, args.in.subspan(0, 1), args.attrs})[0].shape, args.dtype(1)}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        return {Tensor(), v.wants(1) ? prim::max_pool_grad(v.x(0), v.g(), v.as<WindowAttrs>()) : Tensor()};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& a = attrs.as<WindowAttrs>();
        const Spec x[] = {in[0].spec()};
        const Masks masks = first_maxima(in[0], infer_specs(reduce_window_max_op, x, attrs)[0].shape, a);
        const Tensor padded = prim::pad(in[1], Tensor::full({}, 0, in[1].dtype()), a.pad_low, a.pad_high);
        Tensor sum;
        for (const auto& [s, mask] : masks.windows) {
            const Tensor value = prim::slice(padded, s.start, s.stop, a.strides);
            const Tensor part = ops::where(mask, value, ops::zeros_like(value));
            sum = sum.defined() ? sum + part : part;
        }
        return {sum};
    },
    .traits = {.fused = true},
    .samples = {.cases = [] {
        std::vector<OpSample> out;
        for (OpSample& s : window_samples()) out.push_back({{s.in[0], s.in[0]}, s.attrs});
        return out;
    }, .distinct = true}};

// ---- Keras's ops ----

struct PoolAttrs {
    PerAxis pool_size = {};
    PerAxis strides = {};
    std::string padding = "valid";
    std::optional<std::string> data_format = {};
    static void describe(Schema<PoolAttrs>& s) {
        s.field<&PoolAttrs::pool_size>();
        s.field<&PoolAttrs::strides>();
        s.field<&PoolAttrs::padding>();
        s.field<&PoolAttrs::data_format>();
    }
};

WindowAttrs plan_pool(const char* op, const Shape& x, const PoolAttrs& p) {
    const int64_t n = x.rank() - 2;
    if (n < 1 || n > 3)
        throw ShapeError(str("ops.", op, ": inputs must have a batch, 1 to 3 spatial axes and channels. Received: inputs.shape=", x));
    if (p.padding != "valid" && p.padding != "same")
        throw ValueError(str("ops.", op, ": padding must be \"valid\" or \"same\". Received: \"", p.padding, "\""));
    const std::string& format = p.data_format ? *p.data_format : Context::current().image_data_format();
    if (format != "channels_first" && format != "channels_last")
        throw ValueError(str("data_format must be \"channels_first\" or \"channels_last\". Received: \"", format, "\""));
    const Ints size = p.pool_size.expand(n, "pool_size"), strides = p.strides.given() ? p.strides.expand(n, "strides") : size;
    const int64_t first = format == "channels_first" ? 2 : 1;
    Ints low, high, sizes(x.begin() + first, x.begin() + first + n);
    conv_padding(p.padding, sizes, size, strides, Ints(static_cast<size_t>(n), 1), low, high);
    WindowAttrs a{Ints(static_cast<size_t>(n) + 2, 1), Ints(static_cast<size_t>(n) + 2, 1), Ints(static_cast<size_t>(n) + 2, 0), Ints(static_cast<size_t>(n) + 2, 0)};
    for (size_t i = 0; i < size.size(); ++i) {
        const size_t d = i + static_cast<size_t>(first);
        a.window[d] = size[i];
        a.strides[d] = strides[i];
        a.pad_low[d] = sizes[i] < 0 ? 0 : low[i];
        a.pad_high[d] = sizes[i] < 0 ? 0 : high[i];
    }
    return a;
}

Shape pool_shape(const char* op, const Shape& x, const PoolAttrs& p) {
    const WindowAttrs a = plan_pool(op, x, p);
    Shape out = x;
    for (size_t i = 0; i < a.window.size(); ++i) {
        int64_t& dim = out[static_cast<int64_t>(i)];
        if (dim < 0) continue;
        const int64_t size = dim + a.pad_low[i] + a.pad_high[i];
        if (size < a.window[i] && dim > 0)
            throw ShapeError(str("ops.", op, ": nothing would be left: the window is larger than the input. Received: inputs.shape=", x, ", pool_size=", Codec<PerAxis>::encode(p.pool_size).dump(), ", padding=\"", p.padding, "\""));
        dim = size < a.window[i] ? 0 : (size - a.window[i]) / a.strides[i] + 1;
    }
    return out;
}

std::vector<OpSample> pool_samples() {
    const Spec x{{2, 5, 6, 3}, DType::float64}, y{{1, 2, 7}, DType::float64};
    return {{{x}, PoolAttrs{2}}, {{x}, PoolAttrs{{3, 2}, {2, 1}, "same"}}, {{y}, PoolAttrs{3, 1, "same", "channels_first"}}, {{y}, PoolAttrs{2, 3, "same", "channels_last"}}};
}

constinit const Op max_pool_op = {
    .name = "max_pool", .keras = "keras.src.ops.nn.MaxPool", .doc = "The maximum of each window.",
    .infer = [](const InferArgs& a) -> Specs { return {{pool_shape("max_pool", a.shape(), a.as<PoolAttrs>()), a.dtype()}}; },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {prim::reduce_window_max(in[0], plan_pool("max_pool", in[0].shape(), attrs.as<PoolAttrs>()))};
    },
    .samples = {.cases = pool_samples, .distinct = true},
    .read_attrs = read_attrs<PoolAttrs>};

constinit const Op average_pool_op = {
    .name = "average_pool", .keras = "keras.src.ops.nn.AveragePool", .doc = "The mean of each window; padding does not count.",
    .infer = [](const InferArgs& a) -> Specs { return {{pool_shape("average_pool", a.shape(), a.as<PoolAttrs>()), to_float_dtype(a.dtype())}}; },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& p = attrs.as<PoolAttrs>();
        const WindowAttrs a = plan_pool("average_pool", in[0].shape(), p);
        const Tensor sums = prim::reduce_window_sum(in[0], a);
        bool padded = false;
        int64_t size = 1;
        for (size_t i = 0; i < a.window.size(); ++i) {
            padded = padded || a.pad_low[i] > 0 || a.pad_high[i] > 0;
            size *= a.window[i];
        }
        if (!padded) return {sums / static_cast<double>(size)};
        // The number of elements inside each window, axes without a window left at size 1.
        Shape shape = in[0].shape();
        for (size_t i = 0; i < a.window.size(); ++i)
            if (a.window[i] == 1) shape[static_cast<int64_t>(i)] = 1;
        WindowAttrs count = a;
        for (size_t i = 0; i < a.window.size(); ++i)
            if (a.window[i] == 1) count.strides[i] = 1;
        return {sums / prim::reduce_window_sum(ops::ones(shape, sums.dtype()), count)};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = pool_samples},
    .read_attrs = read_attrs<PoolAttrs>};

constexpr const Op* family[] = {&reduce_window_sum_op, &reduce_window_max_op, &max_pool_grad_op, &max_pool_values_op, &max_pool_op, &average_pool_op};

std::optional<std::string> given(const std::string& data_format) {
    return data_format.empty() ? std::nullopt : std::optional(data_format);
}

}  // namespace

std::span<const Op* const> pooling_ops() { return family; }

namespace prim {
Tensor reduce_window_sum(const Tensor& x, WindowAttrs attrs) { return apply1(reduce_window_sum_op, {x}, std::move(attrs)); }
Tensor reduce_window_max(const Tensor& x, WindowAttrs attrs) { return apply1(reduce_window_max_op, {x}, std::move(attrs)); }
Tensor max_pool_grad(const Tensor& x, const Tensor& dy, WindowAttrs attrs) { return apply1(max_pool_grad_op, {x, dy}, std::move(attrs)); }
}  // namespace prim

namespace ops {
Tensor max_pool(const Tensor& inputs, PerAxis pool_size, PerAxis strides, const std::string& padding, const std::string& data_format) {
    return apply1(max_pool_op, {inputs}, PoolAttrs{std::move(pool_size), std::move(strides), padding, given(data_format)});
}
Tensor average_pool(const Tensor& inputs, PerAxis pool_size, PerAxis strides, const std::string& padding, const std::string& data_format) {
    return apply1(average_pool_op, {inputs}, PoolAttrs{std::move(pool_size), std::move(strides), padding, given(data_format)});
}
}  // namespace ops
}  // namespace cornu
