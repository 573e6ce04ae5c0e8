#include "cornu/metrics/f_score.h"

#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/configured_metric_impl.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu::metrics {

namespace {

double beta_of(const FBetaScoreConfig& config) { return config.beta; }
double beta_of(const F1ScoreConfig&) { return 1.0; }

template <class Config>
class FScore final : public ConfiguredMetric<Config> {
public:
    FScore(const char* class_name, Config config) : ConfiguredMetric<Config>(class_name, Direction::up, std::move(config), default_name) {}
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) override {
        const DType dtype = this->dtype();
        build(y_true.shape(), y_pred.shape());
        const Tensor predicted = ops::cast(y_pred, dtype), is = ops::cast(y_true, dtype);
        // A row of zeros names no class.
        const Tensor positive = this->config_.threshold
                                    ? ops::greater(predicted, *this->config_.threshold)
                                    : ops::logical_and(ops::greater_equal(predicted, ops::max(predicted, -1, true)), ops::greater(ops::abs(predicted), 1e-9));
        const Tensor said = ops::cast(positive, dtype);
        const auto add = [&](Variable to, Tensor counts) {
            if (sample_weight.defined()) counts = counts * ops::expand_dims(ops::cast(sample_weight, dtype), 1);
            to.assign(to.value() + ops::sum(counts, micro() ? Axes() : Axes(0)));
        };
        add(true_positives_, said * is);
        add(false_positives_, said * (1.0 - is));
        add(false_negatives_, (1.0 - said) * is);
        add(weights_, is);
    }
    Tensor result() const override {
        if (!weights_.defined()) return ops::zeros({}, this->dtype());
        const double epsilon = Context::current().epsilon(), beta = beta_of(this->config_) * beta_of(this->config_);
        const Tensor right = true_positives_.value();
        const Tensor precision = right / (right + false_positives_.value() + epsilon);
        const Tensor recall = right / (right + false_negatives_.value() + epsilon);
        const Tensor score = precision * recall / (beta * precision + recall + epsilon) * (1.0 + beta);
        if (!this->config_.average) return score;
        if (this->config_.average != "weighted") return ops::mean(score);
        const Tensor weights = weights_.value();
        return ops::sum(score * (weights / (ops::sum(weights) + epsilon)));
    }

private:
    static constexpr const char* default_name = std::is_same_v<Config, F1ScoreConfig> ? "f1_score" : "fbeta_score";
    bool micro() const { return this->config_.average == "micro"; }
    void build(const Shape& y_true, const Shape& y_pred) {
        if (y_true.rank() != 2 || y_pred.rank() != 2 || y_true != y_pred)
            throw ShapeError(str("[", this->label(), "] y_true and y_pred must be of the same shape (batch, classes). Received: y_true of shape ", y_true, ", y_pred of shape ", y_pred));
        if (weights_.defined()) return;
        const Shape shape = micro() ? Shape{} : Shape{y_pred.back()};
        true_positives_ = this->add_variable("true_positives", shape);
        false_positives_ = this->add_variable("false_positives", shape);
        false_negatives_ = this->add_variable("false_negatives", shape);
        weights_ = this->add_variable("intermediate_weights", shape);
    }
    Variable true_positives_, false_positives_, false_negatives_, weights_;
};

template <class T>
void describe_score(Schema<T>& s) {
    s.template field<&T::average>("how the classes' scores become one").one_of({"micro", "macro", "weighted"});
    s.template field<&T::threshold>("above it a prediction is positive; without one the largest of a row is")
        .rule([](const Json& t) -> std::optional<std::string> {
            if (t.is_null() || (t.as_double() > 0 && t.as_double() <= 1)) return {};
            return "must lie in (0, 1]";
        });
    describe_metric(s);
}

}  // namespace

void FBetaScoreConfig::describe(Schema<FBetaScoreConfig>& s) {
    describe_score(s);
    s.field<&FBetaScoreConfig::beta>("how much more recall counts than precision").positive();
}
void F1ScoreConfig::describe(Schema<F1ScoreConfig>& s) { describe_score(s); }

FBetaScore::FBetaScore(FBetaScoreConfig config) : Metric(std::make_shared<FScore<FBetaScoreConfig>>("FBetaScore", std::move(config))) {}
F1Score::F1Score(F1ScoreConfig config) : Metric(std::make_shared<FScore<F1ScoreConfig>>("F1Score", std::move(config))) {}

std::vector<MetricClass> f_score_metrics() {
    return {stateful_class<FScore<FBetaScoreConfig>, FBetaScoreConfig>("FBetaScore"),
            stateful_class<FScore<F1ScoreConfig>, F1ScoreConfig>("F1Score")};
}

}  // namespace cornu::metrics
