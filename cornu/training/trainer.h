// Trainer: compile, fit, evaluate, predict: what makes a layer a model. A training step (forward,
// loss, gradients, update, metrics) is one compiled program with the state updated in place.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cornu/backend/jit.h"
#include "cornu/data/dataset.h"
#include "cornu/layers/layer.h"
#include "cornu/losses/loss.h"
#include "cornu/metrics/metric.h"
#include "cornu/optimizers/optimizer.h"
#include "cornu/training/callback.h"
#include "cornu/training/logs.h"

namespace cornu {

using LossTree = Tree<Loss>;              // one, a list by output, or a dict by output name
using MetricTree = Tree<Metric>;
using WeightTree = Tree<double>;

struct CompileOptions {
    Optimizer optimizer = "rmsprop";
    LossTree loss = {};
    WeightTree loss_weights = {};
    MetricTree metrics = {};
    MetricTree weighted_metrics = {};
    bool run_eagerly = false;             // line by line, for a debugger
    int64_t steps_per_execution = 1;
    bool jit_compile = true;
    bool auto_scale_loss = true;
};

enum class Verbose : uint8_t { automatic, silent, bar, line };

struct FitOptions {
    int64_t batch_size = 32;
    int64_t epochs = 1;
    Verbose verbose = Verbose::automatic; // a bar on a terminal, a line an epoch elsewhere
    Callbacks callbacks = {};
    double validation_split = 0;
    std::optional<Data> validation_data = {};
    bool shuffle = true;
    std::map<int64_t, double> class_weight = {};
    Structure sample_weight = {};
    int64_t initial_epoch = 0;
    std::optional<int64_t> steps_per_epoch = {};
    std::optional<int64_t> validation_steps = {};
    std::optional<int64_t> validation_batch_size = {};
    int64_t validation_freq = 1;
};

struct EvaluateOptions {
    int64_t batch_size = 32;
    Verbose verbose = Verbose::automatic;
    Structure sample_weight = {};
    std::optional<int64_t> steps = {};
    Callbacks callbacks = {};
};

struct PredictOptions {
    int64_t batch_size = 32;
    Verbose verbose = Verbose::automatic;
    std::optional<int64_t> steps = {};
    Callbacks callbacks = {};
};

// The implementation side; CustomModel derives from it.
class CORNU_API Trainer {
public:
    Trainer();
    virtual ~Trainer();

    // ---- override these ----
    virtual Logs train_step(const Batch& batch);
    virtual Logs test_step(const Batch& batch);
    virtual Structure predict_step(const Batch& batch);

    // ---- for use inside a step ----
    Tensor compute_loss(const Structure& x, const Structure& y, const Structure& y_pred, const Structure& sample_weight);
    Logs compute_metrics(const Structure& x, const Structure& y, const Structure& y_pred, const Structure& sample_weight);
    Optimizer& optimizer();

    void compile(CompileOptions options);
    bool compiled() const;
    History fit(const Data& data, const FitOptions& options);
    Logs evaluate(const Data& data, const EvaluateOptions& options);
    Structure predict(const Data& data, const PredictOptions& options);
    Logs train_on_batch(const Batch& batch);
    Logs test_on_batch(const Batch& batch);
    Structure predict_on_batch(const Structure& x);
    void stop_training();
    std::vector<Metric> metrics();
    void reset_metrics();
    Json get_compile_config() const;      // null when not compiled; Keras's spelling
    void make_programs_anew();            // after trainable flags or the like have changed

protected:
    virtual CustomLayer& as_layer() = 0;
    virtual Model as_model() = 0;         // the handle that callbacks see
    virtual std::vector<std::string> output_names() const = 0;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cornu
