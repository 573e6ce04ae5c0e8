// Trainer: compile, fit, evaluate, predict: what makes a layer a model. A training step (forward,
// loss, gradients, update, metrics) is one compiled program with the state updated in place.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cornu/data/dataset.h"
#include "cornu/layers/layer.h"
#include "cornu/optimizers/optimizer.h"
#include "cornu/training/arguments.h"
#include "cornu/training/callback.h"
#include "cornu/training/logs.h"
#include "cornu/training/progress_bar.h"

namespace cornu {

struct CompileOptions {
    Optimizer optimizer = "rmsprop";
    LossTree loss = {};                   // one for all outputs, a list, or a dict by output name
    OptionalWeights loss_weights = {};
    MetricTree metrics = {};
    MetricTree weighted_metrics = {};     // those that sample weights count for
    bool run_eagerly = false;             // line by line, for a debugger
    int64_t steps_per_execution = 1;
    bool jit_compile = true;              // kept for Keras's files: steps are compiled unless run eagerly
    bool auto_scale_loss = true;          // with mixed_float16, a LossScaleOptimizer around the optimizer
};

struct FitOptions {
    int64_t batch_size = 32;
    int64_t epochs = 1;
    Verbose verbose = Verbose::automatic; // a bar on a terminal, a line an epoch elsewhere
    Callbacks callbacks = {};
    double validation_split = 0;
    std::optional<Data> validation_data = {};
    bool shuffle = true;
    std::map<int64_t, double> class_weight = {};
    Structure sample_weight = {};         // with arrays: one weight per sample, or one array per output
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

// The implementation side; CustomModel derives from it. A step may be any code of ops, variables and
// gradients; it is traced once per batch shape and runs as one compiled program after that. A model
// serves one thread at a time.
class CORNU_API Trainer {
public:
    Trainer();
    virtual ~Trainer();

    // ---- override these ----
    virtual Logs train_step(const Batch& batch);
    virtual Logs test_step(const Batch& batch);
    virtual Structure predict_step(const Batch& batch);
    virtual Tensor compute_loss(const Structure& x, const Structure& y, const Structure& y_pred, const Structure& sample_weight);

    // ---- for use inside a step ----
    // Updates the metrics and gives their figures, as the default steps return them.
    Logs compute_metrics(const Structure& x, const Structure& y, const Structure& y_pred, const Structure& sample_weight);
    void track_loss(const Tensor& loss, const Structure& x);   // into the mean called "loss"
    Optimizer& optimizer();               // throws ValueError before compile

    void compile(CompileOptions options);
    bool compiled() const;
    // All throw ValueError, naming the argument and what was received, for data that does not fit:
    // no or empty arrays, different numbers of samples, targets that are NaN or no class.
    History fit(const Data& data, const FitOptions& options);
    Logs evaluate(const Data& data, const EvaluateOptions& options);
    Structure predict(const Data& data, const PredictOptions& options);
    // The only output for the only input. One batch of a shape seen before allocates nothing but it.
    Tensor predict(const Tensor& x, const PredictOptions& options);
    Logs train_on_batch(const Batch& batch);
    Logs test_on_batch(const Batch& batch);
    Structure predict_on_batch(const Structure& x);
    // Ends fit after the batch in progress, and evaluate and predict; safe in a signal handler.
    void stop_training();
    // For callbacks within fit (training/training_state.h): where it stands, and, in on_train_begin,
    // where it is to go on. Both throw ValueError outside of fit.
    TrainingState training_state();
    void resume_from(TrainingState state);
    std::vector<Metric> metrics();
    // Which way the figure of this name gets better.
    Direction direction_of(const std::string& name);
    void reset_metrics();
    Json get_compile_config() const;      // null when not compiled; Keras's spelling
    void make_programs_anew();            // after trainable flags or the like have changed
    Layer layer();                        // the model as a layer
    std::shared_ptr<Model> model_handle();  // this and save are defined in models/
    void save(const std::string& path, bool weights_only);

protected:
    virtual CustomLayer& as_layer() = 0;
    virtual Model as_model() = 0;
    virtual std::vector<std::string> output_names() const = 0;

private:
    class Loop;                           // fit, evaluate and predict in progress
    struct State;
    std::unique_ptr<State> state_;
};

// A compile config as get_compile_config gives it and `.keras` files hold it.
CORNU_API CompileOptions read_compile_config(const Json& config);

}  // namespace cornu
