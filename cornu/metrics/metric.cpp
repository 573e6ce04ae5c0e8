#include "cornu/metrics/metric.h"

#include "cornu/base/naming.h"
#include "cornu/metrics/catalogue.h"
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
    if (!v.wanted().empty()) return v.wanted();
    return write_object({.module = "keras.metrics", .class_name = v.impl().class_name(), .config = v.impl().get_config()});
}

void Codec<Metric>::decode(const Json& j, Metric& v) {
    if (j.is_null()) v = Metric();
    else if (j.is_string()) v = Metric(j.as_string());
    else v = Metric(metrics::make_metric(read_object(j, "a metric")));
}

}  // namespace cornu
