#include "cornu/metrics/regression.h"

#include "cornu/losses/regression.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/function_metric_impl.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::metrics {

namespace {

constexpr FunctionMetricInfo<MetricConfig> mse_info = {"MeanSquaredError", "mean_squared_error", Direction::down, plain<losses::mean_squared_error>};
constexpr FunctionMetricInfo<MetricConfig> mae_info = {"MeanAbsoluteError", "mean_absolute_error", Direction::down, plain<losses::mean_absolute_error>};
constexpr FunctionMetricInfo<MetricConfig> mape_info = {"MeanAbsolutePercentageError", "mean_absolute_percentage_error", Direction::down, plain<losses::mean_absolute_percentage_error>};
constexpr FunctionMetricInfo<MetricConfig> msle_info = {"MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", Direction::down, plain<losses::mean_squared_logarithmic_error>};
constexpr FunctionMetricInfo<MetricConfig> log_cosh_info = {"LogCoshError", "logcosh", Direction::down, plain<losses::log_cosh>};
constexpr FunctionMetricInfo<CosineSimilarityConfig> cosine_info = {
    "CosineSimilarity", "cosine_similarity", Direction::up,
    [](const Tensor& t, const Tensor& p, const CosineSimilarityConfig& c) { return -losses::cosine_similarity(t, p, c.axis); },
    "axis"};

class RootMean final : public CustomMean {
public:
    explicit RootMean(MetricConfig config) { start(config.name.empty() ? "root_mean_squared_error" : config.name, config.dtype); }
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) override {
        const auto [t, p] = losses::squeeze_or_expand_to_same_rank(ops::cast(y_true, dtype()), ops::cast(y_pred, dtype()));
        update_mean(ops::square(p - t), sample_weight);
    }
    Tensor result() const override { return ops::sqrt(CustomMean::result()); }
    std::string class_name() const override { return "RootMeanSquaredError"; }
    Direction direction() const override { return Direction::down; }
};

// Sums per output, from which the share of variance that is explained follows.
class R2 final : public ConfiguredMetric<R2ScoreConfig> {
public:
    R2(const char* class_name, R2ScoreConfig config) : ConfiguredMetric(class_name, Direction::up, std::move(config), "r2_score") {
        samples_ = add_variable("num_samples", {});
    }
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) override {
        const auto [t, p] = losses::squeeze_or_expand_to_same_rank(ops::cast(y_true, dtype()), ops::cast(y_pred, dtype()));
        build(t.shape(), p.shape());
        Tensor weight = sample_weight.defined() ? ops::cast(sample_weight, dtype()) : ops::ones({}, dtype());
        if (weight.rank() == 1) weight = ops::expand_dims(weight, 1);
        weight = ops::broadcast_to(weight, t.shape());
        const Tensor weighted = t * weight;
        sum_.assign(sum_.value() + ops::sum(weighted, 0));
        squared_sum_.assign(squared_sum_.value() + ops::sum(t * weighted, 0));
        residual_.assign(residual_.value() + ops::sum(ops::square(t - p) * weight, 0));
        count_.assign(count_.value() + ops::sum(weight, 0));
        samples_.assign(samples_.value() + static_cast<double>(t.size()));
    }
    Tensor result() const override {
        if (!sum_.defined()) return ops::zeros({}, dtype());
        const Tensor sum = sum_.value(), total = squared_sum_.value() - sum * (sum / count_.value());
        Tensor score = 1.0 - residual_.value() / total;
        score = ops::where(ops::isinf(score), 0.0, score);
        if (config_.class_aggregation == "uniform_average") score = ops::mean(score);
        else if (config_.class_aggregation) score = ops::sum(total * score) / ops::sum(total);
        if (config_.num_regressors == 0) return score;
        // Adjusted only where there are more samples than regressors, as in Keras.
        const Tensor n = samples_.value(), spare = n - static_cast<double>(config_.num_regressors) - 1.0;
        const Tensor possible = ops::greater(spare, 0.0);
        return ops::where(possible, 1.0 - (1.0 - score) * (n - 1.0) / ops::where(possible, spare, 1.0), score);
    }

private:
    void build(const Shape& y_true, const Shape& y_pred) {
        if (y_true.rank() != 2 || y_pred.rank() != 2)
            throw ShapeError(str("[metrics.R2Score] y_true and y_pred must be of shape (batch, outputs). Received: y_true of shape ", y_true, ", y_pred of shape ", y_pred));
        if (sum_.defined()) return;
        const Shape shape{y_pred.back()};
        squared_sum_ = add_variable("squared_sum", shape);
        sum_ = add_variable("sum", shape);
        residual_ = add_variable("residual", shape);
        count_ = add_variable("count", shape);
    }
    Variable samples_, squared_sum_, sum_, residual_, count_;
};

}  // namespace

void CosineSimilarityConfig::describe(Schema<CosineSimilarityConfig>& s) {
    describe_metric(s);
    s.field<&CosineSimilarityConfig::axis>("the axis along which a vector lies");
}
void R2ScoreConfig::describe(Schema<R2ScoreConfig>& s) {
    describe_metric(s);
    s.field<&R2ScoreConfig::class_aggregation>("how the outputs' scores become one").one_of({"uniform_average", "variance_weighted_average"});
    s.field<&R2ScoreConfig::num_regressors>("adjusts the score when not 0").non_negative();
}

MeanSquaredError::MeanSquaredError(MetricConfig config) : Metric(make(mse_info, std::move(config))) {}
RootMeanSquaredError::RootMeanSquaredError(MetricConfig config) : Metric(std::make_shared<RootMean>(std::move(config))) {}
MeanAbsoluteError::MeanAbsoluteError(MetricConfig config) : Metric(make(mae_info, std::move(config))) {}
MeanAbsolutePercentageError::MeanAbsolutePercentageError(MetricConfig config) : Metric(make(mape_info, std::move(config))) {}
MeanSquaredLogarithmicError::MeanSquaredLogarithmicError(MetricConfig config) : Metric(make(msle_info, std::move(config))) {}
LogCoshError::LogCoshError(MetricConfig config) : Metric(make(log_cosh_info, std::move(config))) {}
CosineSimilarity::CosineSimilarity(CosineSimilarityConfig config) : Metric(make(cosine_info, std::move(config))) {}
R2Score::R2Score(R2ScoreConfig config) : Metric(std::make_shared<R2>("R2Score", std::move(config))) {}

std::vector<MetricClass> regression_metrics() {
    return {metric_class(mse_info, {"mse", "MSE"}),
            {"RootMeanSquaredError", {}, [](const Json& c) { return std::make_shared<RootMean>(from_json<MetricConfig>(c, "metrics.RootMeanSquaredError")); }},
            metric_class(mae_info, {"mae", "MAE"}),
            metric_class(mape_info, {"mape", "MAPE"}),
            metric_class(msle_info, {"msle", "MSLE"}),
            metric_class(log_cosh_info, {"log_cosh", "logcosh"}),
            metric_class(cosine_info),
            stateful_class<R2, R2ScoreConfig>("R2Score")};
}

}  // namespace cornu::metrics
