#include "cornu/metrics/iou.h"

#include <numeric>

#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/configured_metric_impl.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu::metrics {

namespace {

// What the five classes differ in.
struct Settings {
    int64_t num_classes = 2;
    std::vector<int64_t> targets;
    std::optional<int64_t> ignore_class = {};
    bool sparse_y_true = true, sparse_y_pred = true;
    int64_t axis = -1;
    std::optional<double> threshold = {};
};

std::vector<int64_t> all_of(int64_t classes) {
    std::vector<int64_t> out(static_cast<size_t>(classes));
    std::iota(out.begin(), out.end(), 0);
    return out;
}

Settings settings_of(const IoUConfig& c) { return {c.num_classes, c.target_class_ids, c.ignore_class, c.sparse_y_true, c.sparse_y_pred, c.axis}; }
Settings settings_of(const BinaryIoUConfig& c) { return {.targets = c.target_class_ids, .threshold = c.threshold}; }
Settings settings_of(const MeanIoUConfig& c) { return {c.num_classes, all_of(c.num_classes), c.ignore_class, c.sparse_y_true, c.sparse_y_pred, c.axis}; }
Settings settings_of(const OneHotIoUConfig& c) { return {c.num_classes, c.target_class_ids, c.ignore_class, false, c.sparse_y_pred, c.axis}; }
Settings settings_of(const OneHotMeanIoUConfig& c) { return {c.num_classes, all_of(c.num_classes), c.ignore_class, false, c.sparse_y_pred, c.axis}; }

Tensor flat(const Tensor& x) { return x.rank() > 1 ? ops::reshape(x, {-1}) : x; }

// Counts are integers unless a dtype is asked for.
template <class Config>
Config with_dtype(Config config) {
    if (!config.dtype) config.dtype = DType::int32;
    return config;
}

template <class Config>
class Overlap final : public ConfiguredMetric<Config> {
public:
    Overlap(const char* class_name, Config config)
        : ConfiguredMetric<Config>(class_name, Direction::up, with_dtype(std::move(config))), settings_(settings_of(this->config_)) {
        for (const int64_t id : settings_.targets)
            if (id < 0 || id >= settings_.num_classes)
                throw ValueError(str("[", this->label(), "] target_class_ids must lie in [0, ", settings_.num_classes, "). Received: ", id));
        confusion_ = this->add_variable("total_confusion_matrix", {settings_.num_classes, settings_.num_classes});
    }
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) override {
        const DType dtype = this->dtype();
        Tensor said = y_pred, is = y_true;
        if (settings_.threshold) said = ops::greater_equal(ops::cast(y_pred, DType::float32), *settings_.threshold);
        if (!settings_.sparse_y_true) is = ops::argmax(is, settings_.axis);
        if (!settings_.sparse_y_pred) said = ops::argmax(said, settings_.axis);
        is = ops::cast(flat(is), DType::int32);
        said = ops::cast(flat(said), DType::int32);
        if (is.shape() != said.shape())
            throw ShapeError(str("[", this->label(), "] y_true and y_pred must name as many classes. Received: y_true of shape ", y_true.shape(), ", y_pred of shape ", y_pred.shape()));
        const int64_t classes = settings_.num_classes;
        const auto known = [&](const Tensor& x) { return ops::logical_and(ops::greater_equal(x, 0), ops::less(x, classes)); };
        Tensor counts = ops::logical_and(known(is), known(said));
        if (settings_.ignore_class) counts = ops::logical_and(counts, ops::not_equal(is, *settings_.ignore_class));
        Tensor weight = ops::cast(counts, dtype);
        if (sample_weight.defined()) weight = weight * ops::broadcast_to(flat(ops::cast(sample_weight, dtype)), is.shape());
        const Tensor cell = ops::where(counts, is * classes + said, 0);
        const Tensor cells = ops::segment_sum(weight, cell, classes * classes);
        confusion_.assign(confusion_.value() + ops::cast(ops::reshape(cells, {classes, classes}), dtype));
    }
    Tensor result() const override {
        const double epsilon = Context::current().epsilon();
        const Tensor matrix = confusion_.value();
        const Tensor ids = ops::cast(Tensor::from(settings_.targets, {static_cast<int64_t>(settings_.targets.size())}), DType::int32);
        const auto of_targets = [&](const Tensor& x) { return ops::take(ops::cast(x, DType::float32), ids, 0); };
        const Tensor both = of_targets(ops::diagonal(matrix));
        const Tensor either = of_targets(ops::sum(matrix, 0)) + of_targets(ops::sum(matrix, 1)) - both;
        const Tensor occurs = ops::greater(either, 1e-9);
        const Tensor each = ops::where(occurs, both / (either + epsilon), 0.0);
        return ops::sum(each) / (ops::sum(ops::cast(occurs, DType::float32)) + epsilon);
    }

private:
    Settings settings_;
    Variable confusion_;
};

template <class T>
void describe_classes(Schema<T>& s) { s.template field<&T::num_classes>("how many classes there are").positive(); }
template <class T>
void describe_targets(Schema<T>& s) { s.template field<&T::target_class_ids>("the classes whose mean it is").non_empty(); }
template <class T>
void describe_rest(Schema<T>& s) {
    s.template field<&T::ignore_class>("a class of y_true that counts nothing");
    if constexpr (requires { &T::sparse_y_true; }) s.template field<&T::sparse_y_true>("y_true are classes, not one-hot");
    s.template field<&T::sparse_y_pred>("y_pred are classes, not probabilities");
    s.template field<&T::axis>("the axis of the classes");
    describe_metric(s);
}

template <class Config>
std::shared_ptr<CustomMetric> make(const char* class_name, Config config) {
    return std::make_shared<Overlap<Config>>(class_name, std::move(config));
}

}  // namespace

void IoUConfig::describe(Schema<IoUConfig>& s) {
    describe_classes(s);
    describe_targets(s);
    describe_rest(s);
}
void BinaryIoUConfig::describe(Schema<BinaryIoUConfig>& s) {
    describe_targets(s);
    s.field<&BinaryIoUConfig::threshold>("from it on a prediction is 1");
    describe_metric(s);
}
void MeanIoUConfig::describe(Schema<MeanIoUConfig>& s) {
    describe_classes(s);
    describe_rest(s);
}
void OneHotIoUConfig::describe(Schema<OneHotIoUConfig>& s) {
    describe_classes(s);
    describe_targets(s);
    describe_rest(s);
}
void OneHotMeanIoUConfig::describe(Schema<OneHotMeanIoUConfig>& s) {
    describe_classes(s);
    describe_rest(s);
}

IoU::IoU(IoUConfig config) : Metric(make("IoU", std::move(config))) {}
BinaryIoU::BinaryIoU(BinaryIoUConfig config) : Metric(make("BinaryIoU", std::move(config))) {}
MeanIoU::MeanIoU(MeanIoUConfig config) : Metric(make("MeanIoU", std::move(config))) {}
OneHotIoU::OneHotIoU(OneHotIoUConfig config) : Metric(make("OneHotIoU", std::move(config))) {}
OneHotMeanIoU::OneHotMeanIoU(OneHotMeanIoUConfig config) : Metric(make("OneHotMeanIoU", std::move(config))) {}

std::vector<MetricClass> iou_metrics() {
    return {stateful_class<Overlap<IoUConfig>, IoUConfig>("IoU"),
            stateful_class<Overlap<BinaryIoUConfig>, BinaryIoUConfig>("BinaryIoU"),
            stateful_class<Overlap<MeanIoUConfig>, MeanIoUConfig>("MeanIoU"),
            stateful_class<Overlap<OneHotIoUConfig>, OneHotIoUConfig>("OneHotIoU"),
            stateful_class<Overlap<OneHotMeanIoUConfig>, OneHotMeanIoUConfig>("OneHotMeanIoU")};
}

}  // namespace cornu::metrics
