#include "cornu/ops/patches.h"

#include "cornu/base/checked.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

struct UnfoldAttrs {
    PerAxis kernel_size = {}, dilation = 1, padding = 0, stride = 1;
    static void describe(Schema<UnfoldAttrs>& s) {
        s.field<&UnfoldAttrs::kernel_size>();
        s.field<&UnfoldAttrs::dilation>();
        s.field<&UnfoldAttrs::padding>();
        s.field<&UnfoldAttrs::stride>();
    }
};
struct FoldAttrs {
    PerAxis output_size = {}, kernel_size = {}, dilation = 1, padding = 0, stride = 1;
    static void describe(Schema<FoldAttrs>& s) {
        s.field<&FoldAttrs::output_size>();
        s.field<&FoldAttrs::kernel_size>();
        s.field<&FoldAttrs::dilation>();
        s.field<&FoldAttrs::padding>();
        s.field<&FoldAttrs::stride>();
    }
};

// Windows over the height and width of an image.
struct Windows {
    Ints kernel, dilation, padding, stride;

    // The number of places for a window along axis i of `size`.
    int64_t places(size_t i, int64_t size) const {
        const int64_t extent = checked_add(checked_multiply(dilation[i], kernel[i] - 1), int64_t{1});
        return std::max<int64_t>(0, (size + 2 * padding[i] - extent) / stride[i] + 1) * (size + 2 * padding[i] >= extent);
    }
};
Ints paddings(const PerAxis& padding) {
    Ints out = padding.values;
    if (out.size() == 1) out.push_back(out[0]);
    if (out.size() != 2 || out[0] < 0 || out[1] < 0 || std::max(out[0], out[1]) > 1 << 24)
        throw ValueError(str("padding must be a number that is not negative, or one for each of the 2 spatial axes. Received: ", Shape(padding.values)));
    return out;
}
template <class T>
Windows windows_of(const T& a) {
    return {a.kernel_size.expand(2, "kernel_size"), a.dilation.expand(2, "dilation"), paddings(a.padding), a.stride.expand(2, "stride")};
}
// Calls f(channel offset within the window, row, column) for each element of the window.
template <class F>
void for_each_element(const Windows& w, F&& f) {
    for (int64_t row = 0; row < w.kernel[0]; ++row)
        for (int64_t column = 0; column < w.kernel[1]; ++column) f(row * w.dilation[0], column * w.dilation[1]);
}

constinit const Op unfold_op = {
    .name = "unfold", .keras = "keras.src.ops.nn.Unfold", .doc = "The windows of an image as columns.",
    .infer = [](const InferArgs& a) -> Specs {
        const Windows w = windows_of(a.as<UnfoldAttrs>());
        const Shape& x = a.shape();
        if (x.rank() != 4) throw ShapeError(str("ops.unfold: x must be (batch, channels, height, width). Received: x.shape=", x));
        const int64_t places = x[2] < 0 || x[3] < 0 ? None : checked_multiply(w.places(0, x[2]), w.places(1, x[3]));
        if (places == 0) throw ShapeError(str("ops.unfold: no window fits the image. Received: x.shape=", x, ", kernel_size=", Shape(w.kernel)));
        return {{{x[0], x[1] < 0 ? None : checked_multiply(x[1], checked_multiply(w.kernel[0], w.kernel[1])), places}, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Windows w = windows_of(attrs.as<UnfoldAttrs>());
        const Tensor& x = in[0];
        const Tensor padded = prim::pad(x, composing::number(0, x), {0, 0, w.padding[0], w.padding[1]}, {0, 0, w.padding[0], w.padding[1]});
        const int64_t rows = w.places(0, x.shape()[2]), columns = w.places(1, x.shape()[3]);
        Tensors elements;
        for_each_element(w, [&](int64_t row, int64_t column) {
            elements.push_back(prim::slice(padded, {0, 0, row, column}, {x.shape()[0], x.shape()[1], row + (rows - 1) * w.stride[0] + 1, column + (columns - 1) * w.stride[1] + 1},
                                           {1, 1, w.stride[0], w.stride[1]}));
        });
        return {ops::reshape(ops::stack(elements, 2), {x.shape()[0], x.shape()[1] * static_cast<int64_t>(elements.size()), rows * columns})};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 2, 4, 5}, DType::float64};
        return std::vector<OpSample>{{{x}, UnfoldAttrs{2}}, {{x}, UnfoldAttrs{{2, 3}, 1, {1, 0}, {2, 1}}}, {{x}, UnfoldAttrs{2, {2, 1}, 1, 2}}};
    }},
    .read_attrs = read_attrs<UnfoldAttrs>};

constinit const Op fold_op = {
    .name = "fold", .keras = "keras.src.ops.nn.Fold", .doc = "Columns added up where they stand as windows of an image.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& f = a.as<FoldAttrs>();
        const Windows w = windows_of(f);
        const Ints size = f.output_size.expand(2, "output_size");
        const Shape& x = a.shape();
        if (x.rank() != 3) throw ShapeError(str("ops.fold: x must be (batch, channels * window, places). Received: x.shape=", x));
        const int64_t window = checked_multiply(w.kernel[0], w.kernel[1]), places = checked_multiply(w.places(0, size[0]), w.places(1, size[1]));
        if (x[1] % window && x[1] >= 0) throw ShapeError(str("ops.fold: axis 1 must divide by the size of the window, ", window, ". Received: x.shape=", x));
        if (x[2] >= 0 && (x[2] != places || places == 0)) throw ShapeError(str("ops.fold: axis 2 must hold one column for each of the ", places, " places. Received: x.shape=", x));
        return {{{x[0], x[1] < 0 ? None : x[1] / window, size[0], size[1]}, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& f = attrs.as<FoldAttrs>();
        const Windows w = windows_of(f);
        const Ints size = f.output_size.expand(2, "output_size");
        const int64_t rows = w.places(0, size[0]), columns = w.places(1, size[1]), window = w.kernel[0] * w.kernel[1];
        const int64_t batch = in[0].shape()[0], channels = in[0].shape()[1] / window;
        const Tensor x = ops::reshape(in[0], {batch, channels, window, rows, columns}), zero = composing::number(0, x);
        Tensor sum;
        int64_t k = 0;
        for_each_element(w, [&](int64_t row, int64_t column) {
            // Negative edges cut away what lies in the padding.
            const int64_t top = row - w.padding[0], left = column - w.padding[1];
            const int64_t bottom = size[0] - top - ((rows - 1) * w.stride[0] + 1), right = size[1] - left - ((columns - 1) * w.stride[1] + 1);
            const Tensor part = prim::pad(composing::at(x, 2, k++), zero, {0, 0, top, left}, {0, 0, bottom, right}, {0, 0, w.stride[0] - 1, w.stride[1] - 1});
            sum = sum.defined() ? sum + part : part;
        });
        return {sum};
    },
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{1, 8, 4}, DType::float64}}, FoldAttrs{4, 2, 1, 0, 2}}, {{{{2, 12, 8}, DType::float64}}, FoldAttrs{{3, 6}, {2, 3}, 1, {1, 0}, {2, 1}}}};
    }},
    .read_attrs = read_attrs<FoldAttrs>};

// ---- channels and squares ----

struct BlockAttrs {
    int64_t block_size = 2;
    std::string data_format = "channels_last";
    static void describe(Schema<BlockAttrs>& s) {
        s.field<&BlockAttrs::block_size>().positive();
        s.field<&BlockAttrs::data_format>().one_of({"channels_last", "channels_first"});
    }
    bool channels_first() const { return data_format == "channels_first"; }
};
// Where height, width and channels stand, once block and format are checked.
struct ImageAxes { int64_t height, width, channels; };
ImageAxes image_axes(const InferArgs& a) {
    const auto& b = a.as<BlockAttrs>();
    validate(b, str("ops.", a.op.name));
    if (b.block_size > 1 << 20) throw ValueError(str("ops.", a.op.name, ": block_size is too large. Received: ", b.block_size));
    if (a.shape().rank() != 4) throw ShapeError(str("ops.", a.op.name, ": x must have four axes. Received: x.shape=", a.shape()));
    return b.channels_first() ? ImageAxes{2, 3, 1} : ImageAxes{1, 2, 3};
}
constinit const Op depth_to_space_op = {
    .name = "depth_to_space", .keras = "keras.src.ops.nn.DepthToSpace", .doc = "Channels spread over squares of pixels.",
    .infer = [](const InferArgs& a) -> Specs {
        const ImageAxes axes = image_axes(a);
        const int64_t block = a.as<BlockAttrs>().block_size;
        Shape out = a.shape();
        int64_t& channels = out[axes.channels];
        if (channels >= 0 && channels % (block * block)) throw ShapeError(str("ops.depth_to_space: the channels must divide by block_size^2, ", block * block, ". Received: x.shape=", a.shape()));
        if (channels >= 0) channels /= block * block;
        for (const int64_t axis : {axes.height, axes.width})
            if (out[axis] >= 0) out[axis] = checked_multiply(out[axis], block);
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& b = attrs.as<BlockAttrs>();
        const int64_t k = b.block_size;
        const Shape& x = in[0].shape();
        if (b.channels_first()) {
            const int64_t channels = x[1] / (k * k);
            return {ops::reshape(ops::transpose(ops::reshape(in[0], {x[0], channels, k, k, x[2], x[3]}), {0, 1, 4, 2, 5, 3}), {x[0], channels, x[2] * k, x[3] * k})};
        }
        const int64_t channels = x[3] / (k * k);
        return {ops::reshape(ops::transpose(ops::reshape(in[0], {x[0], x[1], x[2], k, k, channels}), {0, 1, 3, 2, 4, 5}), {x[0], x[1] * k, x[2] * k, channels})};
    },
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{1, 2, 3, 8}, DType::float64}}, BlockAttrs{}}, {{{{1, 8, 2, 3}, DType::float64}}, BlockAttrs{2, "channels_first"}}};
    }},
    .read_attrs = read_attrs<BlockAttrs>};
constinit const Op space_to_depth_op = {
    .name = "space_to_depth", .keras = "keras.src.ops.nn.SpaceToDepth", .doc = "Squares of pixels put into channels.",
    .infer = [](const InferArgs& a) -> Specs {
        const ImageAxes axes = image_axes(a);
        const int64_t block = a.as<BlockAttrs>().block_size;
        Shape out = a.shape();
        for (const int64_t axis : {axes.height, axes.width}) {
            if (out[axis] >= 0 && out[axis] % block) throw ShapeError(str("ops.space_to_depth: height and width must divide by block_size, ", block, ". Received: x.shape=", a.shape()));
            if (out[axis] >= 0) out[axis] /= block;
        }
        if (out[axes.channels] >= 0) out[axes.channels] = checked_multiply(out[axes.channels], block * block);
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& b = attrs.as<BlockAttrs>();
        const int64_t k = b.block_size;
        const Shape& x = in[0].shape();
        if (b.channels_first()) {
            const int64_t height = x[2] / k, width = x[3] / k;
            return {ops::reshape(ops::transpose(ops::reshape(in[0], {x[0], x[1], height, k, width, k}), {0, 1, 3, 5, 2, 4}), {x[0], x[1] * k * k, height, width})};
        }
        const int64_t height = x[1] / k, width = x[2] / k;
        return {ops::reshape(ops::transpose(ops::reshape(in[0], {x[0], height, k, width, k, x[3]}), {0, 1, 3, 2, 4, 5}), {x[0], height, width, x[3] * k * k})};
    },
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{1, 4, 6, 2}, DType::float64}}, BlockAttrs{}}, {{{{1, 2, 4, 6}, DType::float64}}, BlockAttrs{2, "channels_first"}}};
    }},
    .read_attrs = read_attrs<BlockAttrs>};

constexpr const Op* family[] = {&unfold_op, &fold_op, &depth_to_space_op, &space_to_depth_op};

BlockAttrs block_of(int64_t block_size, const std::string& data_format) { return {block_size, data_format.empty() ? "channels_last" : data_format}; }

}  // namespace

std::span<const Op* const> patch_ops() { return family; }

namespace ops {
Tensor unfold(const Tensor& x, PerAxis kernel_size, PerAxis dilation, PerAxis padding, PerAxis stride) {
    return apply1(unfold_op, {x}, UnfoldAttrs{std::move(kernel_size), std::move(dilation), std::move(padding), std::move(stride)});
}
Tensor fold(const Tensor& x, PerAxis output_size, PerAxis kernel_size, PerAxis dilation, PerAxis padding, PerAxis stride) {
    return apply1(fold_op, {x}, FoldAttrs{std::move(output_size), std::move(kernel_size), std::move(dilation), std::move(padding), std::move(stride)});
}
Tensor depth_to_space(const Tensor& x, int64_t block_size, const std::string& data_format) { return apply1(depth_to_space_op, {x}, block_of(block_size, data_format)); }
Tensor space_to_depth(const Tensor& x, int64_t block_size, const std::string& data_format) { return apply1(space_to_depth_op, {x}, block_of(block_size, data_format)); }
}  // namespace ops
}  // namespace cornu
