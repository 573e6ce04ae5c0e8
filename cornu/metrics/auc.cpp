#include "cornu/metrics/auc.h"

#include <algorithm>

#include "cornu/losses/loss.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/configured_metric_impl.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu::metrics {

namespace {

using losses::divide_no_nan;

// Values at a threshold and at the next one.
Tensor here(const Tensor& x) {
    std::vector<int64_t> stop(x.shape().begin(), x.shape().end());
    stop[0] -= 1;
    return prim::slice(x, std::vector<int64_t>(stop.size(), 0), stop);
}
Tensor next(const Tensor& x) {
    std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0);
    start[0] = 1;
    return prim::slice(x, start, {x.shape().begin(), x.shape().end()});
}

// Keras writes the weights as a tensor.
Json write_tensor(const Tensor& x) {
    return Json::object({{"class_name", "__tensor__"},
                         {"config", Json::object({{"value", Codec<std::vector<double>>::encode(x.to_vector<double>())}, {"dtype", Codec<DType>::encode(x.dtype())}})}});
}
AUCConfig read_config(Json config) {
    if (Json* weights = config.find("label_weights"); weights && weights->get("class_name") == Json("__tensor__")) {
        const Json values = (*weights)["config"]["value"];
        *weights = values;
    }
    return from_json<AUCConfig>(config, "metrics.AUC");
}

class AreaUnderCurve final : public ConfiguredMetric<AUCConfig> {
public:
    AreaUnderCurve(const char* class_name, AUCConfig config) : ConfiguredMetric(class_name, Direction::up, normalized(std::move(config))) {
        const double epsilon = Context::current().epsilon();
        if (config_.thresholds) {
            std::vector<double> given = *config_.thresholds;
            std::sort(given.begin(), given.end());
            config_.thresholds = given;
            given.insert(given.begin(), 0.0);
            given.push_back(1.0);
            options_.thresholds = given;
            config_.num_thresholds = static_cast<int64_t>(given.size());
        } else {
            options_.thresholds = even_thresholds(config_.num_thresholds);
        }
        // Every prediction lies above the first one and below the last, whatever the rounding.
        options_.thresholds.front() = 0.0 - epsilon;
        options_.thresholds.back() = 1.0 + epsilon;
        options_.multi_label = config_.multi_label;
        if (config_.num_labels && !config_.multi_label)
            throw ValueError(str("[", label(), "] num_labels is for multi_label=true only. Received: num_labels=", *config_.num_labels));
        if (config_.label_weights) {
            const int64_t labels = static_cast<int64_t>(config_.label_weights->size());
            label_weights_ = ops::cast(Tensor::from(*config_.label_weights, {labels}), dtype());
            if (!config_.multi_label) options_.label_weights = label_weights_;
        }
        if (!config_.multi_label) build({config_.num_thresholds});
        else if (config_.num_labels) build({config_.num_thresholds, *config_.num_labels});
    }
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) override {
        if (config_.multi_label) check_labels(y_pred.shape());
        if (!counts_.true_positives.defined()) build({config_.num_thresholds, y_pred.shape().back()});
        add_counts(counts_, y_true, config_.from_logits ? ops::sigmoid(y_pred) : y_pred, sample_weight, options_);
    }
    Tensor result() const override {
        if (!counts_.true_positives.defined()) return ops::zeros({}, dtype());
        const Tensor areas = config_.curve == "PR" && config_.summation_method == "interpolation" ? precision_recall_areas() : areas_between();
        const Tensor sums = ops::sum(areas, 0);
        if (!config_.multi_label) return sums;
        return label_weights_.defined() ? divide_no_nan(ops::sum(sums * label_weights_), ops::sum(label_weights_)) : ops::mean(sums);
    }
    Json get_config() const override {
        Json config = ConfiguredMetric::get_config();
        Json::Object& members = config.as_object();  // Keras names thresholds only when they were given
        if (!config_.thresholds) std::erase_if(members, [](const Json::Member& m) { return m.first == "thresholds"; });
        if (label_weights_.defined()) config.set("label_weights", write_tensor(label_weights_));
        return config;
    }

private:
    static AUCConfig normalized(AUCConfig config) {
        for (char& c : config.curve) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        for (char& c : config.summation_method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return config;
    }
    void check_labels(const Shape& y_pred) const {
        const int64_t labels = counts_.true_positives.defined() ? counts_.true_positives.shape().back() : None;
        if (y_pred.rank() != 2 || (labels >= 0 && y_pred.back() != labels))
            throw ShapeError(str("[", label(), "] with multi_label, y_pred must be of shape (batch, ", labels < 0 ? std::string("labels") : str(labels),
                                 "). Received: y_pred of shape ", y_pred));
    }
    void build(const Shape& shape) {
        counts_.true_positives = add_variable("true_positives", shape);
        counts_.false_positives = add_variable("false_positives", shape);
        counts_.true_negatives = add_variable("true_negatives", shape);
        counts_.false_negatives = add_variable("false_negatives", shape);
    }
    // The curve's points are joined by a hyperbola: precision is not linear between two thresholds.
    Tensor precision_recall_areas() const {
        const Tensor tp = counts_.true_positives, p = tp + counts_.false_positives;
        const Tensor dtp = here(tp) - next(tp), dp = here(p) - next(p);
        const Tensor slope = divide_no_nan(dtp, ops::maximum(dp, 0.0));
        const Tensor intercept = next(tp) - slope * next(p);
        const Tensor ratio = ops::where(ops::logical_and(ops::greater(here(p), 0.0), ops::greater(next(p), 0.0)),
                                        divide_no_nan(here(p), ops::maximum(next(p), 0.0)), 1.0);
        return divide_no_nan(slope * (dtp + intercept * ops::log(ratio)),
                             ops::maximum(next(tp) + next(counts_.false_negatives), 0.0));
    }
    std::pair<Tensor, Tensor> points() const {
        const Tensor tp = counts_.true_positives, fp = counts_.false_positives;
        const Tensor tn = counts_.true_negatives, fn = counts_.false_negatives;
        const Tensor recall = divide_no_nan(tp, tp + fn);
        if (config_.curve == "ROC") return {divide_no_nan(fp, fp + tn), recall};
        if (config_.curve == "PR") return {recall, divide_no_nan(tp, tp + fp)};
        // Without a true positive the gains diverge; they are taken as 0 and 1 then, and a negative
        // gain of recall (worse than always saying yes) as 0.
        const Tensor ratio = divide_no_nan(tp + fn, tn + fp), none = ops::equal(tp, 0.0);
        const Tensor recall_gain = ops::where(none, 0.0, 1.0 - ratio * divide_no_nan(fn, tp));
        return {ops::maximum(recall_gain, 0.0), ops::where(none, 1.0, 1.0 - ratio * divide_no_nan(fp, tp))};
    }
    Tensor areas_between() const {
        const auto [x, y] = points();
        const Tensor height = config_.summation_method == "interpolation" ? (here(y) + next(y)) / 2.0
                              : config_.summation_method == "minoring"    ? ops::minimum(here(y), next(y))
                                                                          : ops::maximum(here(y), next(y));
        return (here(x) - next(x)) * height;
    }

    CountsOptions options_;
    Tensor label_weights_;
    CountVariables counts_;
};

}  // namespace

void AUCConfig::describe(Schema<AUCConfig>& s) {
    s.field<&AUCConfig::num_thresholds>("how many thresholds draw the curve").rule([](const Json& n) -> std::optional<std::string> {
        if (n.as_int() > 1) return {};
        return "must be an integer > 1";
    });
    s.field<&AUCConfig::curve>("which curve").one_of({"ROC", "PR", "PRGAIN"});
    s.field<&AUCConfig::summation_method>("the height between two thresholds").one_of({"interpolation", "minoring", "majoring"});
    s.field<&AUCConfig::thresholds>("the thresholds themselves; 0 and 1 are added").rule(check_thresholds);
    s.field<&AUCConfig::multi_label>("one curve a label");
    s.field<&AUCConfig::num_labels>("how many labels; only with multi_label").positive();
    s.field<&AUCConfig::label_weights>("how much each label counts").non_negative();
    s.field<&AUCConfig::from_logits>("y_pred are scores, not probabilities");
    describe_metric(s);
}

AUC::AUC(AUCConfig config) : Metric(std::make_shared<AreaUnderCurve>("AUC", std::move(config))) {}

std::vector<MetricClass> auc_metrics() { return {{"AUC", {}, [](const Json& c) { return std::make_shared<AreaUnderCurve>("AUC", read_config(c)); }}}; }

}  // namespace cornu::metrics
