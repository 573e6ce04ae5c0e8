#include "cornu/metrics/probabilistic.h"

#include "cornu/losses/probabilistic.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/function_metric_impl.h"

namespace cornu::metrics {

namespace {

constexpr FunctionMetricInfo<BinaryCrossentropyConfig> binary_info = {
    "BinaryCrossentropy", "binary_crossentropy", Direction::down,
    [](const Tensor& t, const Tensor& p, const BinaryCrossentropyConfig& c) {
        return losses::binary_crossentropy(t, p, c.from_logits, c.label_smoothing);
    }};
constexpr FunctionMetricInfo<CategoricalCrossentropyConfig> categorical_info = {
    "CategoricalCrossentropy", "categorical_crossentropy", Direction::down,
    [](const Tensor& t, const Tensor& p, const CategoricalCrossentropyConfig& c) {
        return losses::categorical_crossentropy(t, p, c.from_logits, c.label_smoothing, c.axis);
    }};
constexpr FunctionMetricInfo<SparseCategoricalCrossentropyConfig> sparse_info = {
    "SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", Direction::down,
    [](const Tensor& t, const Tensor& p, const SparseCategoricalCrossentropyConfig& c) {
        return losses::sparse_categorical_crossentropy(t, p, c.from_logits, c.ignore_class, c.axis);
    }};
constexpr FunctionMetricInfo<MetricConfig> divergence_info = {
    "KLDivergence", "kl_divergence", Direction::unknown,
    plain<losses::kl_divergence>};
constexpr FunctionMetricInfo<MetricConfig> poisson_info = {
    "Poisson", "poisson", Direction::unknown,
    plain<losses::poisson>};

template <class C>
void describe_crossentropy(Schema<C>& s) {
    describe_metric(s);
    s.template field<&C::from_logits>("y_pred are scores, not probabilities");
    if constexpr (requires { &C::label_smoothing; })
        s.template field<&C::label_smoothing>("how far targets move towards the uniform distribution").between(0, 1);
    if constexpr (requires { &C::ignore_class; }) s.template field<&C::ignore_class>("a class that does not count");
    if constexpr (requires { &C::axis; }) s.template field<&C::axis>("the axis of the classes");
}

}  // namespace

void BinaryCrossentropyConfig::describe(Schema<BinaryCrossentropyConfig>& s) { describe_crossentropy(s); }
void CategoricalCrossentropyConfig::describe(Schema<CategoricalCrossentropyConfig>& s) { describe_crossentropy(s); }
void SparseCategoricalCrossentropyConfig::describe(Schema<SparseCategoricalCrossentropyConfig>& s) { describe_crossentropy(s); }

BinaryCrossentropy::BinaryCrossentropy(BinaryCrossentropyConfig config) : Metric(make(binary_info, std::move(config))) {}
CategoricalCrossentropy::CategoricalCrossentropy(CategoricalCrossentropyConfig config) : Metric(make(categorical_info, std::move(config))) {}
SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(SparseCategoricalCrossentropyConfig config) : Metric(make(sparse_info, std::move(config))) {}
KLDivergence::KLDivergence(MetricConfig config) : Metric(make(divergence_info, std::move(config))) {}
Poisson::Poisson(MetricConfig config) : Metric(make(poisson_info, std::move(config))) {}

std::vector<MetricClass> probabilistic_metrics() {
    return {metric_class(binary_info, {"bce", "BCE"}),
            metric_class(categorical_info),
            metric_class(sparse_info),
            metric_class(divergence_info, {"kld", "KLD", "kl_divergence"}),
            metric_class(poisson_info)};
}

}  // namespace cornu::metrics
