#include "cornu/ops/adaptive_pooling.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/pooling.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

struct AdaptivePoolAttrs {
    PerAxis output_size = {};
    std::optional<std::string> data_format = {};
    static void describe(Schema<AdaptivePoolAttrs>& s) {
        s.field<&AdaptivePoolAttrs::output_size>();
        s.field<&AdaptivePoolAttrs::data_format>();
    }
};

// The spatial axes of x, from `first` on, and the size wanted of each.
struct Wanted {
    int64_t first = 1;
    Ints sizes;
};
Wanted wanted_of(const char* op, const Shape& x, const AdaptivePoolAttrs& p) {
    const int64_t n = x.rank() - 2;
    if (n < 1 || n > 3)
        throw ShapeError(str("ops.", op, ": inputs must have a batch, 1 to 3 spatial axes and channels. Received: inputs.shape=", x));
    const std::string& format = p.data_format ? *p.data_format : Context::current().image_data_format();
    if (format != "channels_first" && format != "channels_last")
        throw ValueError(str("ops.", op, ": data_format must be \"channels_first\" or \"channels_last\". Received: \"", format, "\""));
    return {format == "channels_first" ? 2 : 1, p.output_size.expand(n, "output_size")};
}
Specs pooled(const InferArgs& a, DType dtype) {
    const Wanted w = wanted_of(a.op.name, a.shape(), a.as<AdaptivePoolAttrs>());
    Shape out = a.shape();
    for (size_t i = 0; i < w.sizes.size(); ++i) {
        int64_t& dim = out[w.first + static_cast<int64_t>(i)];
        if (dim == 0) throw ShapeError(str("ops.", a.op.name, ": the spatial axes must not be empty. Received: inputs.shape=", a.shape()));
        dim = w.sizes[i];
    }
    return {{out, dtype}};
}

// Windows of one axis come in at most two sizes that differ by one; those of each size are pooled at
// every place, and the wanted ones picked.
Tensor pool_axis(const Tensor& x, int64_t axis, int64_t n, bool mean) {
    const int64_t size = x.shape()[axis];
    if (n == size) return x;
    int64_t small = size, big = 0;
    for (int64_t i = 0; i < n; ++i) {
        const int64_t window = ((i + 1) * size + n - 1) / n - i * size / n;
        small = std::min(small, window);
        big = std::max(big, window);
    }
    const auto every_place = [&](int64_t window) {
        WindowAttrs a{Ints(static_cast<size_t>(x.rank()), 1), Ints(static_cast<size_t>(x.rank()), 1), Ints(static_cast<size_t>(x.rank()), 0), Ints(static_cast<size_t>(x.rank()), 0)};
        a.window[static_cast<size_t>(axis)] = window;
        return mean ? prim::reduce_window_sum(x, a) / static_cast<double>(window) : prim::reduce_window_max(x, a);
    };
    const Tensor of_small = every_place(small);
    Tensor both = of_small;
    if (big != small) both = ops::concatenate({of_small, every_place(big)}, axis);
    std::vector<int32_t> places;
    for (int64_t i = 0; i < n; ++i) {
        const int64_t start = i * size / n, window = ((i + 1) * size + n - 1) / n - start;
        places.push_back(static_cast<int32_t>(window == small ? start : of_small.shape()[axis] + start));
    }
    return prim::gather_rows(both, Tensor::from(places), axis);
}
Tensor pool(const char* op, Tensor x, const Attrs& attrs, bool mean) {
    const Wanted w = wanted_of(op, x.shape(), attrs.as<AdaptivePoolAttrs>());
    for (size_t i = 0; i < w.sizes.size(); ++i) x = pool_axis(x, w.first + static_cast<int64_t>(i), w.sizes[i], mean);
    return x;
}

std::vector<OpSample> pool_samples() {
    const Spec line{{2, 7, 2}, DType::float64}, image{{1, 5, 6, 2}, DType::float64};
    return {{{line}, AdaptivePoolAttrs{3}}, {{line}, AdaptivePoolAttrs{4, "channels_last"}}, {{image}, AdaptivePoolAttrs{{2, 3}}},
            {{image}, AdaptivePoolAttrs{{4, 2}, "channels_first"}}};
}
constinit const Op adaptive_average_pool_op = {
    .name = "adaptive_average_pool", .keras = "keras.src.ops.nn.AdaptiveAveragePool", .doc = "Means of windows that divide the input into a given number of them.",
    .infer = [](const InferArgs& a) { return pooled(a, to_float_dtype(a.dtype())); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {pool("adaptive_average_pool", in[0], attrs, true)}; },
    .traits = {.promote = Promote::to_float}, .samples = {.cases = pool_samples}, .read_attrs = read_attrs<AdaptivePoolAttrs>};
constinit const Op adaptive_max_pool_op = {
    .name = "adaptive_max_pool", .keras = "keras.src.ops.nn.AdaptiveMaxPool", .doc = "Maxima of windows that divide the input into a given number of them.",
    .infer = [](const InferArgs& a) { return pooled(a, a.dtype()); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {pool("adaptive_max_pool", in[0], attrs, false)}; },
    .samples = {.cases = pool_samples, .distinct = true}, .read_attrs = read_attrs<AdaptivePoolAttrs>};

constexpr const Op* family[] = {&adaptive_average_pool_op, &adaptive_max_pool_op};

AdaptivePoolAttrs attrs_of(PerAxis output_size, const std::string& data_format) {
    return {std::move(output_size), data_format.empty() ? std::nullopt : std::optional(data_format)};
}

}  // namespace

std::span<const Op* const> adaptive_pooling_ops() { return family; }

namespace ops {
Tensor adaptive_average_pool(const Tensor& inputs, PerAxis output_size, const std::string& data_format) {
    return apply1(adaptive_average_pool_op, {inputs}, attrs_of(std::move(output_size), data_format));
}
Tensor adaptive_max_pool(const Tensor& inputs, PerAxis output_size, const std::string& data_format) {
    return apply1(adaptive_max_pool_op, {inputs}, attrs_of(std::move(output_size), data_format));
}
}  // namespace ops
}  // namespace cornu
