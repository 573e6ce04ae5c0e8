// The cross-entropies of nn.h, with the clipping of keras.src.backend.jax.nn.
#include "cornu/ops/catalogue.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

struct CrossentropyAttrs {
    bool from_logits = false;
    int64_t axis = -1;
    static void describe(Schema<CrossentropyAttrs>& s) {
        s.field<&CrossentropyAttrs::from_logits>();
        s.field<&CrossentropyAttrs::axis>();
    }
};

Tensor clipped(const Tensor& x) {
    const double epsilon = Context::current().epsilon();
    return ops::clip(x, epsilon, 1 - epsilon);
}

Tensor log_probabilities(const Tensor& output, const CrossentropyAttrs& c) {
    if (c.from_logits) return ops::log_softmax(output, c.axis);
    return ops::log(clipped(output / ops::sum(output, c.axis, true)));
}

void check_same(const InferArgs& a) {
    const Shape &target = a.shape(0), &output = a.shape(1);
    bool same = target.rank() == output.rank();
    for (int64_t i = 0; same && i < target.rank(); ++i) same = target[i] < 0 || output[i] < 0 || target[i] == output[i];
    if (!same) throw ShapeError(str("ops.", a.op.name, ": target and output must have the same shape. Received: target.shape=", target, ", output.shape=", output));
}

constinit const Op categorical_crossentropy_op = {
    .name = "categorical_crossentropy", .keras = "keras.src.ops.nn.CategoricalCrossentropy", .doc = "-sum(target * log(output)) over the classes.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        check_same(a);
        if (a.shape().empty()) throw ShapeError("ops.categorical_crossentropy: target and output must have at least one axis. Received: scalars");
        return {{reduced_shape(a.shape(1), {normalize_axis(a.as<CrossentropyAttrs>().axis, a.shape().rank())}, false), to_float_dtype(a.dtype(1))}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& c = attrs.as<CrossentropyAttrs>();
        return {-ops::sum(in[0] * log_probabilities(in[1], c), c.axis)};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.low = 0.1, .high = 1, .cases = [] {
        const Spec x{{3, 4, 5}, DType::float64};
        return std::vector<OpSample>{{{x, x}, CrossentropyAttrs{true}}, {{x, x}, CrossentropyAttrs{false}}, {{x, x}, CrossentropyAttrs{true, 1}}};
    }},
    .read_attrs = read_attrs<CrossentropyAttrs>};

// A class index that is none selects nothing: its loss is 0, as with one-hot targets.
constinit const Op sparse_categorical_crossentropy_op = {
    .name = "sparse_categorical_crossentropy", .keras = "keras.src.ops.nn.SparseCategoricalCrossentropy", .doc = "-log(output) at the class that target names.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const Shape &target = a.shape(0), &output = a.shape(1);
        if (output.empty()) throw ShapeError("ops.sparse_categorical_crossentropy: output must have at least one axis. Received: a scalar");
        const Shape lead(output.begin(), output.end() - 1);
        Shape t = target;
        if (t.rank() == output.rank() && t.back() == 1) t.erase(t.rank() - 1);
        bool fits = t.rank() == lead.rank();
        for (int64_t i = 0; fits && i < t.rank(); ++i) fits = t[i] < 0 || lead[i] < 0 || t[i] == lead[i];
        if (!fits) throw ShapeError(str("ops.sparse_categorical_crossentropy: target must have output's shape without its last axis. Received: target.shape=", target, ", output.shape=", output));
        return {{reduced_shape(output, {normalize_axis(a.as<CrossentropyAttrs>().axis, output.rank())}, false), to_float_dtype(a.dtype(1))}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& c = attrs.as<CrossentropyAttrs>();
        Tensor target = ops::cast(in[0], DType::int32);
        const Tensor output = ops::cast(in[1], to_float_dtype(in[1].dtype()));
        if (target.rank() == output.rank() && target.shape().back() == 1) target = ops::squeeze(target, {-1});
        const int64_t axis = normalize_axis(c.axis, output.rank());
        const Tensor hot = ops::one_hot(target, output.shape()[axis], axis, output.dtype());
        return {-ops::sum(hot * log_probabilities(output, c), c.axis)};
    },
    .samples = {.low = 0.1, .high = 1, .cases = [] {
        const Spec t{{3, 4}, DType::int32}, t1{{3, 4, 1}, DType::int32}, x{{3, 4, 5}, DType::float64};
        return std::vector<OpSample>{{{t, x}, CrossentropyAttrs{true}}, {{t, x}, CrossentropyAttrs{false}}, {{t1, x}, CrossentropyAttrs{true}}};
    }},
    .read_attrs = read_attrs<CrossentropyAttrs>};

struct BinaryAttrs {
    bool from_logits = false;
    static void describe(Schema<BinaryAttrs>& s) { s.field<&BinaryAttrs::from_logits>(); }
};
constinit const Op binary_crossentropy_op = {
    .name = "binary_crossentropy", .keras = "keras.src.ops.nn.BinaryCrossentropy", .doc = "Cross-entropy of yes-or-no probabilities, element-wise.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        check_same(a);
        return {{a.shape(1), to_float_dtype(a.dtype(1))}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor &target = in[0], &output = in[1];
        if (attrs.as<BinaryAttrs>().from_logits)
            return {-1.0 * target * ops::log_sigmoid(output) - (1.0 - target) * ops::log_sigmoid(-output)};
        const Tensor p = clipped(output);
        return {-(target * ops::log(p) + (1.0 - target) * ops::log(1.0 - p))};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.low = 0.1, .high = 0.9, .cases = [] {
        const Spec x{{3, 4}, DType::float64};
        return std::vector<OpSample>{{{x, x}, BinaryAttrs{true}}, {{x, x}, BinaryAttrs{false}}};
    }},
    .read_attrs = read_attrs<BinaryAttrs>};

constexpr const Op* family[] = {&categorical_crossentropy_op, &sparse_categorical_crossentropy_op, &binary_crossentropy_op};

}  // namespace

std::span<const Op* const> crossentropy_ops() { return family; }

namespace ops {

Tensor categorical_crossentropy(const Tensor& target, const Tensor& output, bool from_logits, int64_t axis) {
    return apply1(categorical_crossentropy_op, {target, output}, CrossentropyAttrs{from_logits, axis});
}
Tensor sparse_categorical_crossentropy(const Tensor& target, const Tensor& output, bool from_logits, int64_t axis) {
    return apply1(sparse_categorical_crossentropy_op, {target, output}, CrossentropyAttrs{from_logits, axis});
}
Tensor binary_crossentropy(const Tensor& target, const Tensor& output, bool from_logits) {
    return apply1(binary_crossentropy_op, {target, output}, BinaryAttrs{from_logits});
}

}  // namespace ops
}  // namespace cornu
