#include "cornu/losses/probabilistic.h"

#include "cornu/base/log.h"
#include "cornu/losses/catalogue.h"
#include "cornu/losses/class_indices_impl.h"
#include "cornu/losses/function_loss_impl.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu::losses {

namespace {

double epsilon() { return Context::current().epsilon(); }

Tensor smoothed_classes(const Tensor& y_true, double label_smoothing) {
    if (label_smoothing == 0) return y_true;
    return y_true * (1.0 - label_smoothing) + label_smoothing / static_cast<double>(y_true.shape().back());
}
Tensor smoothed_bits(const Tensor& y_true, double label_smoothing) {
    if (label_smoothing == 0) return y_true;
    return y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing;
}

void warn_of_one_class(const char* loss, const Tensor& y_pred) {
    if (y_pred.rank() > 0 && y_pred.shape().back() == 1)
        log_once(str("one class:", loss), LogLevel::warning,
                 str("losses.", loss, ": y_pred should have one probability per class, of at least two. Received: shape ",
                     y_pred.shape(), ". For one probability use binary_crossentropy."));
}

// What all cross-entropies have, and all focal ones.
template <class C>
void describe_crossentropy(Schema<C>& s) {
    describe_loss(s);
    s.template field<&C::from_logits>("y_pred are scores, not probabilities");
    if constexpr (requires { &C::label_smoothing; })
        s.template field<&C::label_smoothing>("how far targets move towards the uniform distribution").between(0, 1);
    s.template field<&C::axis>("the axis of the classes, or of the mean");
}
template <class C>
void describe_focal(Schema<C>& s, const char* alpha) {
    describe_crossentropy(s);
    s.template field<&C::alpha>(alpha);
    s.template field<&C::gamma>("how much easy samples count less");
}

void check_classes(const Tensor& y_true, const Shape& y_pred, const SparseCategoricalCrossentropyConfig& config) {
    check_class_indices("losses.SparseCategoricalCrossentropy", y_true, y_pred, config.axis, config.ignore_class);
}

constexpr FunctionLossInfo<CrossentropyConfig> binary_info = {
    "BinaryCrossentropy", "binary_crossentropy", [](const Tensor& t, const Tensor& p, const CrossentropyConfig& c) {
        return binary_crossentropy(t, p, c.from_logits, c.label_smoothing, c.axis);
    }};
constexpr FunctionLossInfo<CrossentropyConfig> categorical_info = {
    "CategoricalCrossentropy", "categorical_crossentropy", [](const Tensor& t, const Tensor& p, const CrossentropyConfig& c) {
        return categorical_crossentropy(t, p, c.from_logits, c.label_smoothing, c.axis);
    }};
constexpr FunctionLossInfo<SparseCategoricalCrossentropyConfig> sparse_info = {
    "SparseCategoricalCrossentropy", "sparse_categorical_crossentropy",
    [](const Tensor& t, const Tensor& p, const SparseCategoricalCrossentropyConfig& c) {
        return sparse_categorical_crossentropy(t, p, c.from_logits, c.ignore_class, c.axis);
    },
    check_classes, "axis"};
constexpr FunctionLossInfo<BinaryFocalCrossentropyConfig> binary_focal_info = {
    "BinaryFocalCrossentropy", "binary_focal_crossentropy",
    [](const Tensor& t, const Tensor& p, const BinaryFocalCrossentropyConfig& c) {
        return binary_focal_crossentropy(t, p, c.apply_class_balancing, c.alpha, c.gamma, c.from_logits, c.label_smoothing, c.axis);
    }};
constexpr FunctionLossInfo<CategoricalFocalCrossentropyConfig> categorical_focal_info = {
    "CategoricalFocalCrossentropy", "categorical_focal_crossentropy",
    [](const Tensor& t, const Tensor& p, const CategoricalFocalCrossentropyConfig& c) {
        return categorical_focal_crossentropy(t, p, c.alpha, c.gamma, c.from_logits, c.label_smoothing, c.axis);
    }};
constexpr FunctionLossInfo<GeneralizedCrossEntropyConfig> generalized_info = {
    "CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy",
    [](const Tensor& t, const Tensor& p, const GeneralizedCrossEntropyConfig& c) {
        return categorical_generalized_cross_entropy(t, p, c.q);
    },
    [](const Tensor& t, const Shape& p, const GeneralizedCrossEntropyConfig&) {
        check_class_indices("losses.CategoricalGeneralizedCrossEntropy", t, p, -1, {});
    }};
constexpr FunctionLossInfo<LossConfig> divergence_info = {"KLDivergence", "kl_divergence", plain<kl_divergence>};
constexpr FunctionLossInfo<LossConfig> poisson_info = {
    "Poisson", "poisson", plain<poisson>};

}  // namespace

Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits, double label_smoothing, int64_t axis) {
    const Tensor target = smoothed_bits(ops::cast(y_true, y_pred.dtype()), label_smoothing);
    return ops::mean(ops::binary_crossentropy(target, y_pred, from_logits), axis);
}

Tensor binary_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool apply_class_balancing, double alpha,
                                 double gamma, bool from_logits, double label_smoothing, int64_t axis) {
    const Tensor target = smoothed_bits(ops::cast(y_true, y_pred.dtype()), label_smoothing);
    const Tensor output = from_logits ? ops::sigmoid(y_pred) : y_pred;
    const Tensor right = target * output + (1.0 - target) * (1.0 - output);
    Tensor loss = ops::power(1.0 - right, gamma) * ops::binary_crossentropy(target, output, false);
    if (apply_class_balancing) loss = (target * alpha + (1.0 - target) * (1.0 - alpha)) * loss;
    return ops::mean(loss, axis);
}

Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits, double label_smoothing, int64_t axis) {
    warn_of_one_class("categorical_crossentropy", y_pred);
    const Tensor target = smoothed_classes(ops::cast(y_true, y_pred.dtype()), label_smoothing);
    return ops::categorical_crossentropy(target, y_pred, from_logits, axis);
}

Tensor categorical_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred, double alpha, double gamma,
                                      bool from_logits, double label_smoothing, int64_t axis) {
    warn_of_one_class("categorical_focal_crossentropy", y_pred);
    const Tensor target = smoothed_classes(ops::cast(y_true, y_pred.dtype()), label_smoothing);
    Tensor output = from_logits ? ops::softmax(y_pred, axis) : y_pred;
    output = ops::clip(output / ops::sum(output, axis, true), epsilon(), 1.0 - epsilon());
    return ops::sum(ops::power(1.0 - output, gamma) * alpha * (-target * ops::log(output)), axis);
}

Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits,
                                       std::optional<int64_t> ignore_class, int64_t axis) {
    Tensor target = y_true, output = y_pred;
    if (target.rank() == output.rank() && target.shape().dim(axis) == 1) target = ops::squeeze(target, {axis});
    if (!is_integer(target.dtype())) target = ops::cast(target, DType::int32);
    if (!ignore_class) return ops::sparse_categorical_crossentropy(target, output, from_logits, axis);
    const Tensor valid = ops::not_equal(target, *ignore_class);
    target = ops::where(valid, target, 0);
    output = ops::where(ops::expand_dims(valid, axis), output, 0.0);
    const Tensor loss = ops::where(valid, ops::sparse_categorical_crossentropy(target, output, from_logits, axis), 0.0);
    loss.set_mask(valid);
    return loss;
}

Tensor categorical_generalized_cross_entropy(const Tensor& y_true, const Tensor& y_pred, double q) {
    const Tensor hot = ops::one_hot(ops::cast(y_true, DType::int32), y_pred.shape().back(), -1, y_pred.dtype());
    return (1.0 - ops::power(ops::sum(y_pred * hot, -1), q)) / q;
}

Tensor kl_divergence(const Tensor& y_true, const Tensor& y_pred) {
    const Tensor target = ops::clip(ops::cast(y_true, y_pred.dtype()), epsilon(), 1.0);
    const Tensor output = ops::clip(y_pred, epsilon(), 1.0);
    return ops::sum(target * ops::log(target / output), -1);
}

Tensor poisson(const Tensor& y_true, const Tensor& y_pred) {
    return ops::mean(y_pred - ops::cast(y_true, y_pred.dtype()) * ops::log(y_pred + epsilon()), -1);
}

void CrossentropyConfig::describe(Schema<CrossentropyConfig>& s) { describe_crossentropy(s); }
void SparseCategoricalCrossentropyConfig::describe(Schema<SparseCategoricalCrossentropyConfig>& s) {
    describe_crossentropy(s);
    s.field<&SparseCategoricalCrossentropyConfig::ignore_class>("a class that does not count");
}
void BinaryFocalCrossentropyConfig::describe(Schema<BinaryFocalCrossentropyConfig>& s) {
    describe_focal(s, "the weight of class 1");
    s.field<&BinaryFocalCrossentropyConfig::apply_class_balancing>("weigh the classes by alpha and 1 - alpha");
}
void CategoricalFocalCrossentropyConfig::describe(Schema<CategoricalFocalCrossentropyConfig>& s) { describe_focal(s, "the weight of all classes"); }
void GeneralizedCrossEntropyConfig::describe(Schema<GeneralizedCrossEntropyConfig>& s) {
    describe_loss(s);
    s.field<&GeneralizedCrossEntropyConfig::q>("between cross-entropy (0) and mean absolute error (1)")
        .rule([](const Json& q) -> std::optional<std::string> {
            if (q.as_double() > 0 && q.as_double() < 1) return {};
            return "must lie in the open interval (0, 1)";
        });
}

BinaryCrossentropy::BinaryCrossentropy(CrossentropyConfig config) : Loss(make(binary_info, std::move(config))) {}
CategoricalCrossentropy::CategoricalCrossentropy(CrossentropyConfig config) : Loss(make(categorical_info, std::move(config))) {}
SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(SparseCategoricalCrossentropyConfig config) : Loss(make(sparse_info, std::move(config))) {}
BinaryFocalCrossentropy::BinaryFocalCrossentropy(BinaryFocalCrossentropyConfig config) : Loss(make(binary_focal_info, std::move(config))) {}
CategoricalFocalCrossentropy::CategoricalFocalCrossentropy(CategoricalFocalCrossentropyConfig config) : Loss(make(categorical_focal_info, std::move(config))) {}
CategoricalGeneralizedCrossEntropy::CategoricalGeneralizedCrossEntropy(GeneralizedCrossEntropyConfig config) : Loss(make(generalized_info, std::move(config))) {}
KLDivergence::KLDivergence(LossConfig config) : Loss(make(divergence_info, std::move(config))) {}
Poisson::Poisson(LossConfig config) : Loss(make(poisson_info, std::move(config))) {}

std::vector<LossClass> probabilistic_losses() {
    return {loss_class(binary_info, {"bce", "BCE"}),
            loss_class(categorical_info),
            loss_class(sparse_info),
            loss_class(binary_focal_info),
            loss_class(categorical_focal_info),
            loss_class(generalized_info),
            loss_class(divergence_info, {"kld", "KLD", "kl_divergence"}),
            loss_class(poisson_info)};
}

}  // namespace cornu::losses
