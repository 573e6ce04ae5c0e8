#include "cornu/losses/regression.h"

#include "cornu/losses/catalogue.h"
#include "cornu/losses/function_loss_impl.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/context.h"

namespace cornu::losses {

namespace {

// As Keras does it: targets in y_pred's dtype, ranks equal.
std::pair<Tensor, Tensor> matched(const Tensor& y_true, const Tensor& y_pred) {
    return squeeze_or_expand_to_same_rank(ops::cast(y_true, y_pred.dtype()), y_pred);
}

constexpr FunctionLossInfo<LossConfig> mse_info = {"MeanSquaredError", "mean_squared_error", plain<mean_squared_error>};
constexpr FunctionLossInfo<LossConfig> mae_info = {"MeanAbsoluteError", "mean_absolute_error", plain<mean_absolute_error>};
constexpr FunctionLossInfo<LossConfig> mape_info = {"MeanAbsolutePercentageError", "mean_absolute_percentage_error", plain<mean_absolute_percentage_error>};
constexpr FunctionLossInfo<LossConfig> msle_info = {"MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", plain<mean_squared_logarithmic_error>};
constexpr FunctionLossInfo<LossConfig> log_cosh_info = {"LogCosh", "log_cosh", plain<log_cosh>};
constexpr FunctionLossInfo<HuberConfig> huber_info = {
    "Huber", "huber_loss", [](const Tensor& t, const Tensor& p, const HuberConfig& c) { return huber(t, p, c.delta); },
    nullptr, "delta"};
constexpr FunctionLossInfo<CosineSimilarityConfig> cosine_info = {
    "CosineSimilarity", "cosine_similarity",
    [](const Tensor& t, const Tensor& p, const CosineSimilarityConfig& c) { return cosine_similarity(t, p, c.axis); },
    nullptr, "axis"};

}  // namespace

Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred) {
    const auto [t, p] = matched(y_true, y_pred);
    return ops::mean(ops::square(t - p), -1);
}

Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred) {
    const auto [t, p] = matched(y_true, y_pred);
    return ops::mean(ops::abs(t - p), -1);
}

Tensor mean_absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred) {
    const auto [t, p] = matched(y_true, y_pred);
    return 100.0 * ops::mean(ops::abs((t - p) / ops::maximum(ops::abs(t), Context::current().epsilon())), -1);
}

Tensor mean_squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred) {
    const auto [t, p] = matched(y_true, y_pred);
    const double epsilon = Context::current().epsilon();
    return ops::mean(ops::square(ops::log(ops::maximum(p, epsilon) + 1.0) - ops::log(ops::maximum(t, epsilon) + 1.0)), -1);
}

Tensor log_cosh(const Tensor& y_true, const Tensor& y_pred) {
    const auto [t, p] = matched(y_true, y_pred);
    const Tensor x = p - t;
    return ops::mean(x + ops::softplus(x * -2.0) - std::log(2.0), -1);
}

Tensor huber(const Tensor& y_true, const Tensor& y_pred, double delta) {
    const auto [t, p] = matched(y_true, y_pred);
    const Tensor error = p - t, size = ops::abs(error);
    return ops::mean(ops::where(size <= delta, 0.5 * ops::square(error), delta * size - 0.5 * delta * delta), -1);
}

Tensor cosine_similarity(const Tensor& y_true, const Tensor& y_pred, int64_t axis) {
    const auto [t, p] = matched(y_true, y_pred);
    return -ops::sum(ops::normalize(t, axis) * ops::normalize(p, axis), axis);
}

void LossConfig::describe(Schema<LossConfig>& s) { describe_loss(s); }
void HuberConfig::describe(Schema<HuberConfig>& s) {
    describe_loss(s);
    s.field<&HuberConfig::delta>("where the square becomes a line");
}
void CosineSimilarityConfig::describe(Schema<CosineSimilarityConfig>& s) {
    describe_loss(s);
    s.field<&CosineSimilarityConfig::axis>("the axis along which a vector lies");
}

MeanSquaredError::MeanSquaredError(LossConfig config) : Loss(make(mse_info, std::move(config))) {}
MeanAbsoluteError::MeanAbsoluteError(LossConfig config) : Loss(make(mae_info, std::move(config))) {}
MeanAbsolutePercentageError::MeanAbsolutePercentageError(LossConfig config) : Loss(make(mape_info, std::move(config))) {}
MeanSquaredLogarithmicError::MeanSquaredLogarithmicError(LossConfig config) : Loss(make(msle_info, std::move(config))) {}
LogCosh::LogCosh(LossConfig config) : Loss(make(log_cosh_info, std::move(config))) {}
Huber::Huber(HuberConfig config) : Loss(make(huber_info, std::move(config))) {}
CosineSimilarity::CosineSimilarity(CosineSimilarityConfig config) : Loss(make(cosine_info, std::move(config))) {}

std::vector<LossClass> regression_losses() {
    return {loss_class(mse_info, {"mse", "MSE"}),
            loss_class(mae_info, {"mae", "MAE"}),
            loss_class(mape_info, {"mape", "MAPE"}),
            loss_class(msle_info, {"msle", "MSLE"}),
            loss_class(log_cosh_info, {"logcosh"}),
            loss_class(huber_info),
            loss_class(cosine_info)};
}

}  // namespace cornu::losses
