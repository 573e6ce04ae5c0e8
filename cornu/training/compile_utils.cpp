#include "cornu/training/compile_utils.h"

#include <map>

#include "cornu/metrics/accuracy.h"
#include "cornu/ops/elementwise.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

// Names of the flattened outputs: a dict's own keys, else what the model calls them.
std::vector<std::string> names_of(const Structure& y_pred, const std::vector<std::string>& output_names) {
    if (y_pred.is_dict()) {
        std::vector<std::string> keys;
        for (const auto& [key, item] : y_pred.dict())
            for (size_t i = 0; i < item.leaf_count(); ++i) keys.push_back(key);
        return keys;
    }
    std::vector<std::string> names = output_names;
    names.resize(y_pred.leaf_count());
    return names;
}

std::string listed(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "\"" : ", \"") + name + "\"";
    return out;
}

// By output, which entry of an argument is meant for it; a dict may leave outputs out, a list may not.
template <class Leaf>
std::vector<Tree<Leaf>> by_output(const Tree<Leaf>& argument, const std::vector<std::string>& names, const char* what) {
    std::vector<Tree<Leaf>> out(names.size());
    if (argument.is_dict()) {
        for (const auto& [key, item] : argument.dict()) {
            const auto found = std::find(names.begin(), names.end(), key);
            if (found == names.end())
                throw ValueError(str("compile: the keys of `", what, "` must be names of outputs: ", listed(names), ". Received: \"", key, "\""));
            out[static_cast<size_t>(found - names.begin())] = item;
        }
        return out;
    }
    if (argument.is_list()) {
        if (argument.list().size() != names.size())
            throw ValueError(str("compile: `", what, "` must have one entry per output of the model, ", names.size(), ". Received: ", argument.list().size()));
        return argument.list();
    }
    out.assign(names.size(), argument);
    return out;
}

struct Kinds { bool binary, sparse; };
Kinds kinds(const Shape& y_true, const Shape& y_pred) {
    const int64_t last_true = y_true.empty() ? 1 : y_true.back(), last_pred = y_pred.empty() ? 1 : y_pred.back();
    return {last_pred == 1, y_true.rank() < y_pred.rank() || (last_true == 1 && last_pred > 1)};
}

}  // namespace

Tensors align_outputs(const Structure& values, const Structure& y_pred, const std::vector<std::string>& names,
                      const std::vector<bool>& needed, const char* what) {
    const size_t outputs = y_pred.leaf_count();
    Tensors out(outputs);
    if (values.is_dict() && !y_pred.is_dict()) {
        for (const auto& [key, item] : values.dict()) {
            const auto found = std::find(names.begin(), names.end(), key);
            if (found == names.end() || !item.is_leaf())
                throw ValueError(str(what, " as a dict must be keyed by names of outputs: ", listed(names), ". Received: \"", key, "\""));
            out[static_cast<size_t>(found - names.begin())] = item.leaf();
        }
        return out;
    }
    const Tensors flat = values.flatten();
    if (flat.size() == outputs) return flat;
    const size_t wanted = static_cast<size_t>(std::count(needed.begin(), needed.end(), true));
    if (flat.size() == wanted) {  // only for outputs that have a loss
        for (size_t i = 0, next = 0; i < outputs; ++i)
            if (needed[i]) out[i] = flat[next++];
        return out;
    }
    throw ValueError(str(what, " must have one array per output of the model, ", outputs, ". Received: ", flat.size()));
}

Metric settle_metric(const Metric& metric, const Shape& y_true, const Shape& y_pred) {
    const std::string& wanted = metric.wanted();
    const auto [binary, sparse] = kinds(y_true, y_pred);
    if (wanted == "accuracy" || wanted == "acc") {
        if (binary) return metrics::BinaryAccuracy({.name = wanted});
        if (sparse) return metrics::SparseCategoricalAccuracy({.name = wanted});
        return metrics::CategoricalAccuracy({.name = wanted});
    }
    return metric.for_one_output();
}

Loss settle_loss(const Loss& loss, const Shape& y_true, const Shape& y_pred) {
    if (loss.wanted() != "crossentropy" && loss.wanted() != "ce") return loss;
    const auto [binary, sparse] = kinds(y_true, y_pred);
    Loss settled(binary ? "binary_crossentropy" : sparse ? "sparse_categorical_crossentropy" : "categorical_crossentropy");
    settled.impl().set_name(loss.wanted());
    return settled;
}

// ---- losses ----

CompileLoss::CompileLoss(LossTree losses, std::optional<WeightTree> weights, std::vector<std::string> output_names)
    : losses_(std::move(losses)), weights_(std::move(weights)), output_names_(std::move(output_names)) {}

void CompileLoss::build(const Structure& y, const Structure& y_pred) {
    const std::vector<std::string> names = names_of(y_pred, output_names_);
    const Tensors predictions = y_pred.flatten();
    const size_t outputs = predictions.size();
    std::vector<Loss> losses;
    if (losses_.is_leaf()) losses.assign(outputs, losses_.leaf());
    else if (losses_.leaf_count() == outputs && !losses_.is_dict()) losses = losses_.flatten();
    else
        for (const Tree<Loss>& item : by_output<Loss>(losses_, names, "loss")) losses.push_back(item.leaf());

    std::vector<std::optional<double>> weights(outputs);
    if (weights_ && weights_->is_leaf()) {
        weights.assign(outputs, weights_->leaf());
    } else if (weights_) {
        const std::vector<Tree<double>> items = by_output<double>(*weights_, names, "loss_weights");
        for (size_t i = 0; i < outputs; ++i)
            // An output that a dict of weights leaves out counts once.
            weights[i] = weights_->is_dict() && !weights_->dict().contains(names[i]) ? std::optional<double>() : items[i].leaf();
    }

    needed_.clear();
    for (const Loss& loss : losses) needed_.push_back(loss.defined());
    outputs_ = y_pred.map([](const Tensor&) { return Tensor(); });
    const Tensors targets = align_outputs(y, y_pred, names, needed_, "y");
    entries_.clear();
    for (size_t i = 0; i < outputs; ++i) {
        if (!losses[i].defined()) continue;
        if (!targets[i].defined())
            throw ValueError(str("the loss of output \"", names[i], "\" needs targets y. Received: none"));
        const Loss settled = settle_loss(losses[i], targets[i].shape(), predictions[i].shape());
        entries_.push_back({i, settled, weights[i], names[i].empty() ? settled.impl().name() : names[i], predictions[i].shape()});
    }
    trackers_.clear();
    if (entries_.size() > 1)
        for (const Entry& entry : entries_) trackers_.push_back(metrics::Mean({.name = entry.name + "_loss"}));
    built_ = true;
}

Tensor CompileLoss::operator()(const Structure& y, const Structure& y_pred, const Structure& sample_weight) {
    if (!built_) build(y, y_pred);
    const std::vector<std::string> names = names_of(y_pred, output_names_);
    const Tensors targets = align_outputs(y, y_pred, names, needed_, "y"), predictions = y_pred.flatten();
    Tensors weights(predictions.size());
    if (sample_weight.is_leaf()) weights.assign(predictions.size(), sample_weight.leaf());
    else weights = align_outputs(sample_weight, y_pred, names, needed_, "sample_weight");

    Tensor total;
    for (size_t i = 0; i < entries_.size(); ++i) {
        const Entry& entry = entries_[i];
        const Tensor& target = targets[entry.output];
        if (!target.defined()) throw ValueError(str("the loss of output \"", entry.name, "\" needs targets y. Received: none"));
        // Line by line the values are at hand; in a compiled step the trainer has looked before.
        if (target.concrete() && target.buffer()->on_host()) entry.loss.impl().check_targets(target, entry.y_pred);
        Tensor value = ops::cast(entry.loss(target, predictions[entry.output], weights[entry.output]), Context::current().floatx());
        if (value.rank() > 0)
            throw ValueError(str("the loss of output \"", entry.name, "\" must be one figure: its reduction must not be \"none\". Received: a value of shape ", value.shape()));
        if (!trackers_.empty()) trackers_[i].update_state(value, {}, static_cast<double>(predictions[entry.output].shape().front()));
        if (entry.weight) value = value * *entry.weight;
        total = total.defined() ? total + value : value;
    }
    return total;
}

void CompileLoss::check_targets(const Structure& y) const {
    if (!built_) return;
    const Tensors targets = align_outputs(y, outputs_, names_of(outputs_, output_names_), needed_, "y");
    for (const Entry& entry : entries_) {
        const Tensor& target = targets[entry.output];
        if (target.defined() && target.concrete() && target.buffer()->on_host() && is_numeric(target.dtype()) && !is_complex(target.dtype()))
            entry.loss.impl().check_targets(target, entry.y_pred);
    }
}

// ---- metrics ----

CompileMetrics::CompileMetrics(MetricTree metrics, MetricTree weighted_metrics, std::vector<std::string> output_names)
    : metrics_(std::move(metrics)), weighted_metrics_(std::move(weighted_metrics)), output_names_(std::move(output_names)) {}

void CompileMetrics::add(const MetricTree& given, bool weighted, const Tensors& y, const Structure& y_pred) {
    if (given.is_leaf() && !given.leaf().defined()) return;
    const std::vector<std::string> names = names_of(y_pred, output_names_);
    const Tensors predictions = y_pred.flatten();
    const std::string what = weighted ? "weighted_metrics" : "metrics";
    std::vector<Tree<Metric>> items;
    if (predictions.size() == 1) items = {Tree<Metric>(given)};  // all are for the only output
    else if (given.is_leaf())
        throw ValueError(str("compile: `", what, "` of a model with several outputs must be a list with one entry per output, or a dict by output name: ", listed(names)));
    else items = by_output<Metric>(given, names, what.c_str());

    for (size_t i = 0; i < predictions.size(); ++i)
        items[i].for_each([&](const Metric& metric) {
            if (!metric.defined()) return;
            if (!y[i].defined()) throw ValueError(str("compile: `", what, "` of output \"", names[i], "\" need targets y. Received: none"));
            const Metric settled = settle_metric(metric, y[i].shape(), predictions[i].shape());
            entries_.push_back({i, settled, weighted, predictions.size() > 1 && !names[i].empty() ? names[i] + "_" + settled.name() : settled.name()});
        });
}

void CompileMetrics::build(const Structure& y, const Structure& y_pred) {
    entries_.clear();
    needed_.assign(y_pred.leaf_count(), true);
    const Tensors targets = align_outputs(y, y_pred, names_of(y_pred, output_names_), needed_, "y");
    add(metrics_, false, targets, y_pred);
    add(weighted_metrics_, true, targets, y_pred);
    std::map<std::string, int> seen;  // two of one name are told apart as in Keras
    for (Entry& entry : entries_) {
        std::string name = entry.log_name;
        if (entry.weighted && seen.contains(name)) {
            const std::string& own = entry.metric.name();
            name = name.substr(0, name.size() - own.size()) + "weighted_" + own;
        }
        const int count = seen[name]++;
        entry.log_name = count ? str(name, "_", count) : name;
    }
    built_ = true;
}

void CompileMetrics::update_state(const Structure& y, const Structure& y_pred, const Structure& sample_weight) {
    if (!built_) build(y, y_pred);
    const std::vector<std::string> names = names_of(y_pred, output_names_);
    const Tensors targets = align_outputs(y, y_pred, names, needed_, "y"), predictions = y_pred.flatten();
    Tensors weights(predictions.size());
    if (sample_weight.is_leaf()) weights.assign(predictions.size(), sample_weight.leaf());
    else weights = align_outputs(sample_weight, y_pred, names, needed_, "sample_weight");
    for (const Entry& entry : entries_)
        entry.metric.update_state(targets[entry.output], predictions[entry.output], entry.weighted ? weights[entry.output] : Tensor());
}

void CompileMetrics::add_results(Logs& logs) const {
    for (const Entry& entry : entries_) logs.set(entry.log_name, entry.metric.result());
}

std::vector<Metric> CompileMetrics::metrics() const {
    std::vector<Metric> out;
    for (const Entry& entry : entries_) out.push_back(entry.metric);
    return out;
}

}  // namespace cornu
