#include "cornu/training/trainer.h"

#include <algorithm>
#include <map>

#include "cornu/autodiff/tape.h"
#include "cornu/base/log.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/creation.h"
#include "cornu/optimizers/loss_scale_optimizer.h"
#include "cornu/tensor/context.h"
#include "cornu/training/trainer_state.h"

namespace cornu {

namespace {

int64_t batch_size_of(const Structure& x) {
    int64_t size = 1;
    bool found = false;
    x.for_each([&](const Tensor& leaf) {
        if (found || !leaf.defined() || leaf.rank() == 0) return;
        size = leaf.shape().front();
        found = true;
    });
    return size;
}

template <class Leaf>
Json tree_to_json(const Tree<Leaf>& tree) {
    if (tree.is_leaf()) return Codec<Leaf>::encode(tree.leaf());
    if (tree.is_list()) {
        Json out = Json::array();
        for (const Tree<Leaf>& item : tree.list()) out.push_back(tree_to_json(item));
        return out;
    }
    Json out = Json::object();
    for (const auto& [key, item] : tree.dict()) out.set(key, tree_to_json(item));
    return out;
}

template <class Leaf>
Tree<Leaf> tree_from_json(const Json& json) {
    if (json.is_array()) {
        typename Tree<Leaf>::List list;
        for (const Json& item : json.as_array()) list.push_back(tree_from_json<Leaf>(item));
        return list;
    }
    if (json.is_object() && !json.contains("class_name")) {
        typename Tree<Leaf>::Dict dict;
        for (const auto& [key, item] : json.as_object()) dict.emplace(key, tree_from_json<Leaf>(item));
        return dict;
    }
    Leaf leaf{};
    if (!json.is_null()) Codec<Leaf>::decode(json, leaf);
    return leaf;
}

}  // namespace

Trainer::Trainer() : state_(std::make_unique<State>()) {}
Trainer::~Trainer() = default;

Layer Trainer::layer() { return Layer(as_layer().shared_from_this()); }

// ---- compile ----

void Trainer::compile(CompileOptions options) {
    if (options.steps_per_execution < 1)
        throw ValueError(str("compile: steps_per_execution must be a positive integer. Received: steps_per_execution=", options.steps_per_execution));
    State& s = *state_;
    s.forget_programs();
    s.loss.reset();
    s.metrics.reset();
    const auto given = [](const auto& tree) { return !tree.is_leaf() || tree.leaf().defined(); };
    if (given(options.loss)) s.loss.emplace(options.loss, options.loss_weights, output_names());
    if (given(options.metrics) || given(options.weighted_metrics)) s.metrics.emplace(options.metrics, options.weighted_metrics, output_names());
    s.loss_tracker = metrics::Mean({.name = "loss"});
    s.given_optimizer = options.optimizer;
    // As Keras does: small gradients of float16 vanish unless the loss is scaled.
    if (options.auto_scale_loss && as_layer().dtype_policy().name() == "mixed_float16" && options.optimizer.impl().class_name() != "LossScaleOptimizer")
        options.optimizer = optimizers::LossScaleOptimizer({.inner_optimizer = options.optimizer, .name = "loss_scale_optimizer"});
    s.options = std::move(options);
    s.compiled = true;
}

bool Trainer::compiled() const { return state_->compiled; }

Optimizer& Trainer::optimizer() {
    state_->need_compiled("optimizer");
    return state_->options.optimizer;
}

void Trainer::make_programs_anew() { state_->forget_programs(); }
void Trainer::stop_training() { state_->stop.store(true, std::memory_order_relaxed); }

Json Trainer::get_compile_config() const {
    const State& s = *state_;
    if (!s.compiled) return {};
    const CompileOptions& o = s.options;
    // One metric alone is a list to Keras, which takes nothing else.
    const auto metrics = [](const MetricTree& tree) -> Json {
        if (!tree.is_leaf()) return tree_to_json<Metric>(tree);
        return tree.leaf().defined() ? Json::array({Codec<Metric>::encode(tree.leaf())}) : Json();
    };
    return Json::object({{"optimizer", Codec<Optimizer>::encode(s.given_optimizer)},
                         {"loss", tree_to_json<Loss>(o.loss)},
                         {"loss_weights", o.loss_weights ? tree_to_json<double>(*o.loss_weights) : Json()},
                         {"metrics", metrics(o.metrics)},
                         {"weighted_metrics", metrics(o.weighted_metrics)},
                         {"run_eagerly", o.run_eagerly},
                         {"steps_per_execution", o.steps_per_execution},
                         {"jit_compile", o.jit_compile && !o.run_eagerly}});
}

CompileOptions read_compile_config(const Json& config) {
    CompileOptions o;
    Codec<Optimizer>::decode(config.get("optimizer"), o.optimizer);
    o.loss = tree_from_json<Loss>(config.get("loss"));
    if (!config.get("loss_weights").is_null()) o.loss_weights = WeightTree(tree_from_json<double>(config.get("loss_weights")));
    o.metrics = tree_from_json<Metric>(config.get("metrics"));
    o.weighted_metrics = tree_from_json<Metric>(config.get("weighted_metrics"));
    const auto flag = [&](const char* key, bool usual) { return config.get(key).is_bool() ? config.get(key).as_bool() : usual; };
    o.run_eagerly = flag("run_eagerly", false);
    o.jit_compile = flag("jit_compile", true);
    if (config.get("steps_per_execution").is_int()) o.steps_per_execution = config.get("steps_per_execution").as_int();
    return o;
}

// ---- the steps ----

Tensor Trainer::compute_loss(const Structure&, const Structure& y, const Structure& y_pred, const Structure& sample_weight) {
    Tensor total;
    if (state_->loss) total = (*state_->loss)(y, y_pred, sample_weight);
    for (const Tensor& extra : layer().losses()) {
        const Tensor value = ops::sum(is_float(extra.dtype()) ? extra : ops::cast(extra, Context::current().floatx()));
        total = total.defined() ? total + value : value;
    }
    return total.defined() ? total : ops::zeros({}, Context::current().floatx());
}

void Trainer::track_loss(const Tensor& loss, const Structure& x) {
    state_->loss_tracker.update_state(loss, {}, static_cast<double>(batch_size_of(x)));
}

Logs Trainer::compute_metrics(const Structure&, const Structure& y, const Structure& y_pred, const Structure& sample_weight) {
    State& s = *state_;
    if (s.metrics) s.metrics->update_state(y, y_pred, sample_weight);
    Logs logs;
    logs.set("loss", s.loss_tracker.result());
    if (s.metrics) s.metrics->add_results(logs);
    if (s.loss)
        for (const Metric& tracker : s.loss->metrics()) logs.set(tracker.name(), tracker.result());
    for (const Metric& tracked : as_layer().collect_metrics()) logs.set(tracked.name(), tracked.result());
    return logs;
}

namespace {

// What a call assigns to weights that are trained holds for that call alone: the update goes on from
// what they were, as in Keras on JAX. SpectralNormalization is such a layer.
class CallAssignments final : public StateScope {
public:
    explicit CallAssignments(Layer model) : model_(std::move(model)) {}
    void forget() {
        values_.clear();
        during_call_ = false;
    }
    Tensor read(const Variable& variable) override {
        const auto found = values_.find(variable.value_id());
        if (found != values_.end()) return found->second;
        return outer() ? outer()->read(variable) : variable.stored();
    }
    void write(const Variable& variable, const Tensor& value) override {
        if (during_call_ && variable.trainable() && is_trained(variable)) {
            values_[variable.value_id()] = value;
        } else if (outer()) {
            outer()->write(variable, value);
        } else {
            const StateScopePause directly;
            Variable(variable).assign(value);
        }
    }

private:
    bool is_trained(const Variable& variable) const {
        const Variables trained = model_.trainable_weights();
        return std::any_of(trained.begin(), trained.end(), [&](const Variable& v) { return v.id() == variable.id(); });
    }
    Layer model_;
    std::map<const void*, Tensor> values_;
    bool during_call_ = true;
};

}  // namespace

Logs Trainer::train_step(const Batch& batch) {
    CallAssignments assignments(layer());
    GradientTape tape;
    const Structure y_pred = as_layer().invoke(batch.x, {.training = true});
    const Tensor loss = compute_loss(batch.x, batch.y, y_pred, batch.sample_weight);
    assignments.forget();
    const Variables trained = layer().trainable_weights();
    if (trained.empty()) {
        log_once("untrained:" + as_layer().name(), LogLevel::warning, str("the model \"", as_layer().name(), "\" does not have any trainable weights."));
    } else {
        const Optimizer& optimizer = state_->options.optimizer;
        optimizer.apply_gradients(tape.gradient(optimizer.impl().scale_loss(loss), trained), trained);
    }
    track_loss(loss, batch.x);
    return compute_metrics(batch.x, batch.y, y_pred, batch.sample_weight);
}

Logs Trainer::test_step(const Batch& batch) {
    const Structure y_pred = as_layer().invoke(batch.x, {.training = false});
    track_loss(compute_loss(batch.x, batch.y, y_pred, batch.sample_weight), batch.x);
    return compute_metrics(batch.x, batch.y, y_pred, batch.sample_weight);
}

Structure Trainer::predict_step(const Batch& batch) { return as_layer().invoke(batch.x, {.training = false}); }

// ---- metrics ----

std::vector<Metric> Trainer::metrics() {
    const State& s = *state_;
    std::vector<Metric> all;
    if (!s.compiled) return all;
    all.push_back(s.loss_tracker);
    if (s.metrics)
        for (Metric& metric : s.metrics->metrics()) all.push_back(std::move(metric));
    if (s.loss)
        for (const Metric& tracker : s.loss->metrics()) all.push_back(tracker);
    for (Metric& tracked : as_layer().collect_metrics()) all.push_back(std::move(tracked));
    return all;
}

void Trainer::reset_metrics() {
    for (const Metric& metric : metrics()) metric.reset_state();
}

Direction Trainer::direction_of(const std::string& name) {
    if (name == "loss" || name.ends_with("_loss")) return Direction::down;
    for (const Metric& metric : metrics())
        if (name == metric.name() || name.ends_with("_" + metric.name())) return metric.impl().direction();
    return Direction::unknown;
}

}  // namespace cornu
