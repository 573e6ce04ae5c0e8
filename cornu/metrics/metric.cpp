#include "cornu/metrics/metric.h"

#include "cornu/base/naming.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/reduction.h"
#include "cornu/metrics/registry.h"
#include "cornu/ops/apply.h"
#include "cornu/tensor/context.h"

namespace cornu {

void CustomMetric::reset_state() {
    for (Variable variable : variables_) variable.assign(Tensor::full(variable.shape(), 0, variable.dtype()));
}

Json CustomMetric::get_config() const { return Json::object({{"name", name_}, {"dtype", Codec<DType>::encode(dtype())}}); }

DType CustomMetric::dtype() const { return dtype_.value_or(Context::current().floatx()); }

void CustomMetric::set_options(std::string name, std::optional<DType> dtype) {
    name_ = name.empty() ? Context::current().unique_name(utils::to_snake_case(class_name())) : std::move(name);
    dtype_ = dtype;
}

Variable CustomMetric::add_variable(const std::string& name, const Shape& shape, std::optional<DType> dtype) {
    // A metric may learn its shape in the middle of a step being traced; its state starts outside.
    const StateScopePause pause;
    const UseMode eagerly(nullptr);
    const Unheard unheard;
    std::string scope = name_;
    std::replace(scope.begin(), scope.end(), '/', '>');
    Variable variable(Tensor::full(shape, 0, dtype.value_or(this->dtype())),
                      {.name = name, .trainable = false, .path = scope + "/" + name});
    variables_.push_back(variable);
    return variable;
}

namespace {

class FunctionOfOnesOwn final : public metrics::CustomMeanMetricWrapper {
public:
    explicit FunctionOfOnesOwn(MetricFunction function)
        : FunctionOfOnesOwn(losses::name_of_function(function), function) {}
    std::string class_name() const override { return "function"; }
    const std::string& registered_name() const { return registered_name_; }

private:
    FunctionOfOnesOwn(const std::string& name, const MetricFunction& function)
        : CustomMeanMetricWrapper(function, name.substr(name.find('>') + 1)), registered_name_(name) {}
    std::string registered_name_;
};

}  // namespace

Metric::Metric(MetricFunction function) : impl_(std::make_shared<FunctionOfOnesOwn>(std::move(function))) {}

Metric Metric::for_one_output() const {
    if (const auto* own = dynamic_cast<const FunctionOfOnesOwn*>(impl_.get())) return Metric(own->function());
    return wanted_.empty() ? *this : Metric(wanted_);
}

Metric::Metric(const std::string& name) : wanted_(name) {
    if (name == "accuracy" || name == "acc" || name == "crossentropy" || name == "ce") return;
    impl_ = metrics::make_metric(name);
}

CustomMetric& Metric::impl() const {
    if (impl_) return *impl_;
    throw ValueError(wanted_.empty() ? std::string("an empty metric handle was used.")
                                     : str("the metric \"", wanted_, "\" is settled by the shapes of a model's outputs; "
                                           "give it to compile() or name one, e.g. \"categorical_accuracy\"."));
}

void Metric::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const {
    impl().update_state(y_true, y_pred, sample_weight);
}

Json Codec<Metric>::encode(const Metric& v) {
    if (!v.defined()) return {};
    if (const auto* own = dynamic_cast<const FunctionOfOnesOwn*>(v.shared().get())) return losses::write_function(own->registered_name());
    // A registered class is written whole: its name alone says nothing to Keras.
    if (!v.wanted().empty() && !(v.shared() && RegisteredClasses<CustomMetric>::current().of(v.impl()))) return v.wanted();
    return write_object_of(metrics::all_metrics(), "keras.metrics", v.impl());
}

void Codec<Metric>::decode(const Json& j, Metric& v) {
    if (j.is_null()) v = Metric();
    else if (j.is_string()) v = Metric(j.as_string());
    else if (const auto function = losses::read_function(j)) v = Metric(*function);
    else v = Metric(metrics::make_metric(read_object(j, "a metric")));
}

}  // namespace cornu
