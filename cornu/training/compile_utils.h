// The losses and metrics given to compile, matched with a model's outputs as Keras does. Both learn
// the outputs' nesting and shapes from the first step.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cornu/metrics/reduction.h"
#include "cornu/training/arguments.h"
#include "cornu/training/logs.h"

namespace cornu {

// Targets or weights in the order of the model's outputs: y as a list, a dict by output name, or one
// array. `given` is how many outputs have a use for one.
Tensors align_outputs(const Structure& values, const Structure& y_pred, const std::vector<std::string>& names,
                      const std::vector<bool>& needed, const char* what);
// "accuracy" and "crossentropy" for what these shapes stand for.
Metric settle_metric(const Metric& metric, const Shape& y_true, const Shape& y_pred);
Loss settle_loss(const Loss& loss, const Shape& y_true, const Shape& y_pred);

class CompileLoss {
public:
    CompileLoss(LossTree losses, std::optional<WeightTree> weights, std::vector<std::string> output_names);

    // The weighted sum over all outputs. Losses of several outputs are tracked apart, unweighted.
    Tensor operator()(const Structure& y, const Structure& y_pred, const Structure& sample_weight);
    bool built() const { return built_; }
    const std::vector<Metric>& metrics() const { return trackers_; }
    // Refuses targets that no step could use; y lies on the host.
    void check_targets(const Structure& y) const;

private:
    struct Entry {
        size_t output;                 // which of the flattened outputs
        Loss loss;
        std::optional<double> weight;
        std::string name;
        Shape y_pred;
    };
    void build(const Structure& y, const Structure& y_pred);

    LossTree losses_;
    std::optional<WeightTree> weights_;
    std::vector<std::string> output_names_;
    bool built_ = false;
    Structure outputs_;                // the nesting of y_pred
    std::vector<bool> needed_;         // by output: whether a loss wants targets
    std::vector<Entry> entries_;
    std::vector<Metric> trackers_;     // by entry, when there are several
};

class CompileMetrics {
public:
    CompileMetrics(MetricTree metrics, MetricTree weighted_metrics, std::vector<std::string> output_names);

    void update_state(const Structure& y, const Structure& y_pred, const Structure& sample_weight);
    void add_results(Logs& logs) const;     // "accuracy", "urgent_accuracy", "weighted_…", "…_1"
    bool built() const { return built_; }
    std::vector<Metric> metrics() const;

private:
    struct Entry {
        size_t output;
        Metric metric;
        bool weighted;
        std::string log_name;
    };
    void build(const Structure& y, const Structure& y_pred);
    void add(const MetricTree& metrics, bool weighted, const Tensors& y, const Structure& y_pred);

    MetricTree metrics_, weighted_metrics_;
    std::vector<std::string> output_names_;
    bool built_ = false;
    std::vector<bool> needed_;
    std::vector<Entry> entries_;
};

}  // namespace cornu
