#include "cornu/metrics/reduction.h"

#include <numeric>

#include "cornu/losses/catalogue.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/registry.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::metrics {

namespace {

using Reduce = Tensor (*)(const Tensor&, Axes, bool);

std::vector<int64_t> axes_from(int64_t begin, int64_t end) {
    std::vector<int64_t> axes(static_cast<size_t>(std::max<int64_t>(end - begin, 0)));
    std::iota(axes.begin(), axes.end(), begin);
    return axes;
}

// One value a sample (and its weight), whatever the rank.
std::pair<Tensor, Tensor> samplewise(const Tensor& given, const Tensor& given_weight, Reduce reduce, DType dtype) {
    Tensor values = ops::cast(given, dtype), weight;
    if (given_weight.defined()) {
        weight = ops::cast(given_weight, dtype);
        if (const Tensor mask = given.mask(); mask.defined()) weight = losses::apply_mask(weight, mask, dtype, "sum");
        std::tie(values, weight) = losses::squeeze_or_expand_to_same_rank(values, weight);
        const int64_t rank = weight.rank();
        if (values.rank() > rank) values = reduce(values, axes_from(rank, values.rank()), false);
        weight = ops::broadcast_to(weight, values.shape());
        values = values * weight;
        if (rank > 1) weight = reduce(weight, axes_from(1, rank), false);
    }
    if (values.rank() > 1) values = reduce(values, axes_from(1, values.rank()), false);
    return {values, weight};
}

}  // namespace

void MetricConfig::describe(Schema<MetricConfig>& s) {
    s.field<&MetricConfig::name>("the metric's name");
    s.field<&MetricConfig::dtype>("what it computes in");
}

CustomSum::CustomSum(MetricConfig config) {
    set_options(config.name.empty() ? "sum" : config.name, config.dtype);
    total_ = add_variable("total", {});
}
void CustomSum::update_state(const Tensor& values, const Tensor&, const Tensor& sample_weight) {
    const Tensor each = samplewise(values, sample_weight, ops::sum, dtype()).first;
    total_.assign(total_.value() + ops::sum(each));
}

CustomMean::CustomMean(MetricConfig config) { start(config.name.empty() ? "mean" : config.name, config.dtype); }
void CustomMean::start(std::string name, std::optional<DType> dtype) {
    set_options(std::move(name), dtype);
    total_ = add_variable("total", {});
    count_ = add_variable("count", {});
}
void CustomMean::update_state(const Tensor& values, const Tensor&, const Tensor& sample_weight) {
    update_mean(values, sample_weight);
}
void CustomMean::update_mean(const Tensor& values, const Tensor& sample_weight) {
    const auto [each, weight] = samplewise(values, sample_weight, ops::mean, dtype());
    total_.assign(total_.value() + ops::sum(each));
    const double samples = each.rank() > 0 ? static_cast<double>(each.shape().front()) : 1.0;
    count_.assign(count_.value() + (weight.defined() ? ops::sum(weight) : Tensor(samples)));
}
Tensor CustomMean::result() const {
    const Tensor count = count_.value();
    const Tensor none = ops::equal(count, 0);
    return ops::where(none, ops::zeros_like(count), total_.value() / ops::where(none, ops::ones_like(count), count));
}

namespace {

// What Keras wraps in a mean: a function of one's own, one of Keras's metrics', or one of its losses'.
// Settings ("delta") are those of the class that the function belongs to.
MetricFunction wrapped_function(const Json& written) {
    const auto name = losses::read_function(written.get("fn"));
    if (!name)
        throw ValueError(str("[metrics.MeanMetricWrapper] fn must be a function known by name. Received: ", written.get("fn")));
    Json settings = written;
    std::erase_if(settings.as_object(), [](const Json::Member& m) { return m.first == "fn"; });
    if (MetricFunction function = losses::find_function(*name)) return function;
    const auto called = [&](const auto& item) { return item.class_name != *name && matches_name(item.class_name, item.aliases, *name); };
    for (const MetricClass& item : all_metrics())
        if (called(item))
            if (const auto function = std::dynamic_pointer_cast<CustomMeanMetricWrapper>(item.make(settings)))
                return [function](const Tensor& y_true, const Tensor& y_pred) { return function->function()(y_true, y_pred); };
    for (const losses::LossClass& item : losses::all_losses())
        if (called(item))
            return [loss = item.make(settings)](const Tensor& y_true, const Tensor& y_pred) { return loss->call(y_true, y_pred); };
    throw ValueError(str("[metrics.MeanMetricWrapper] could not locate the function '", *name,
                         "'. A function of one's own must be known by losses::register_function(\"package>name\", f) first."));
}

}  // namespace

CustomMeanMetricWrapper::CustomMeanMetricWrapper(MetricFunction fn, std::string name, std::optional<DType> dtype) : fn_(std::move(fn)) {
    if (!fn_) throw ValueError("[metrics.MeanMetricWrapper] fn must be a function. Received: an empty one");
    start(std::move(name), dtype);
}
CustomMeanMetricWrapper::CustomMeanMetricWrapper(Json function, std::string name, std::optional<DType> dtype)
    : fn_(wrapped_function(function)), function_(std::move(function)) {
    start(std::move(name), dtype);
}
Json CustomMeanMetricWrapper::get_config() const {
    Json config = CustomMetric::get_config();
    if (function_.is_null()) config.set("fn", losses::write_function(losses::name_of_function(fn_)));
    else
        for (const auto& [key, value] : function_.as_object()) config.set(key, value);
    return config;
}
void CustomMeanMetricWrapper::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) {
    const Tensor values = fn_(y_true, y_pred);
    update_mean(values, losses::apply_mask(sample_weight, y_pred.mask(), dtype(), "sum"));
}

Sum::Sum(MetricConfig config) : Metric(std::make_shared<CustomSum>(std::move(config))) {}
Mean::Mean(MetricConfig config) : Metric(std::make_shared<CustomMean>(std::move(config))) {}
MeanMetricWrapper::MeanMetricWrapper(MetricFunction fn, std::string name, std::optional<DType> dtype)
    : Metric(std::make_shared<CustomMeanMetricWrapper>(std::move(fn), std::move(name), dtype)) {}

std::shared_ptr<CustomMetric> function_metric(const std::string& name) {
    return std::make_shared<CustomMeanMetricWrapper>(Json::object({{"fn", losses::write_function(name)}}), name, std::optional<DType>());
}

namespace {

std::shared_ptr<CustomMetric> read_wrapper(const Json& config) {
    MetricConfig own;
    if (config.get("name").is_string()) own.name = config["name"].as_string();
    if (config.get("dtype").is_string()) Codec<std::optional<DType>>::decode(config["dtype"], own.dtype);
    Json function = config;
    std::erase_if(function.as_object(), [](const Json::Member& m) { return m.first == "name" || m.first == "dtype"; });
    return std::make_shared<CustomMeanMetricWrapper>(std::move(function), own.name, own.dtype);
}

}  // namespace

std::vector<MetricClass> reduction_metrics() {
    return {{"Sum", {}, [](const Json& c) { return std::make_shared<CustomSum>(from_json<MetricConfig>(c, "metrics.Sum")); }},
            {"Mean", {}, [](const Json& c) { return std::make_shared<CustomMean>(from_json<MetricConfig>(c, "metrics.Mean")); }},
            {"MeanMetricWrapper", {}, read_wrapper}};
}

}  // namespace cornu::metrics
