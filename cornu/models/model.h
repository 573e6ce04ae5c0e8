// Model: a layer that can be compiled, trained, evaluated, saved. Functional, Sequential and one's own.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "cornu/layers/core/input_layer.h"
#include "cornu/training/trainer.h"

namespace cornu {

class CustomModel;
class FunctionalModel;
struct SaveOptions;
struct SaveWeightsOptions;
struct LoadWeightsOptions;

using InputOptions = layers::InputLayerConfig;
CORNU_API Tensor Input(InputOptions options);   // a symbolic tensor, at which a Functional model begins

struct SummaryOptions {
    int64_t line_length = 0;                   // fits the terminal when 0
    bool expand_nested = false, show_trainable = false;
};

class CORNU_API Model : public Layer {
public:
    Model() = default;
    explicit Model(std::shared_ptr<CustomModel> impl);
    Model(const Structure& inputs, const Structure& outputs, const std::string& name = {});   // Functional
    explicit Model(const Layer& layer);        // throws ValueError when the layer is no model

    void compile(const CompileOptions& options) const;
    History fit(const Structure& x, const Structure& y, const FitOptions& options = {}) const;
    History fit(const Dataset& dataset, const FitOptions& options = {}) const;
    Logs evaluate(const Structure& x, const Structure& y, const EvaluateOptions& options = {}) const;
    Logs evaluate(const Dataset& dataset, const EvaluateOptions& options = {}) const;
    Tensor predict(const Tensor& x, const PredictOptions& options = {}) const;
    Structure predict(const Structure& x, const PredictOptions& options = {}) const;
    Logs train_on_batch(const Structure& x, const Structure& y, const Structure& sample_weight = {},
                        const std::map<int64_t, double>& class_weight = {}) const;
    Logs test_on_batch(const Structure& x, const Structure& y, const Structure& sample_weight = {}) const;
    Structure predict_on_batch(const Structure& x) const;
    void stop_training() const;
    Optimizer& optimizer() const;

    Variables trainable_variables() const { return trainable_weights(); }
    Variables non_trainable_variables() const;
    std::vector<Layer> layers() const;
    Layer get_layer(const std::string& name) const;
    Layer get_layer(int64_t index) const;      // negative counts from the end
    std::vector<std::string> input_names() const;    // in the order of flattened inputs
    std::vector<std::string> output_names() const;
    const Structure& input() const;            // the KerasTensors it was made of, nested as then;
    const Structure& output() const;           //   ValueError for a model without a graph (yet)
    std::string to_json() const;               // the architecture, without weights; read by model_from_json
    std::string summary(const SummaryOptions& options = {}) const;   // the table; print it yourself

    // The call as a pure function of all its state.
    struct StatelessResult {
        Structure outputs;
        Tensors non_trainable_variables;
    };
    StatelessResult stateless_call(const Tensors& trainable, const Tensors& non_trainable, const Structure& inputs, const Call& call = {}) const;

    // Defined in saving/, where the options are: keras_file.h and weights_file.h.
    void save(const std::string& path) const;              // .keras
    void save(const std::string& path, const SaveOptions& options) const;
    void save_weights(const std::string& path) const;      // .weights.h5 and others, by the extension
    void save_weights(const std::string& path, const SaveWeightsOptions& options) const;
    void load_weights(const std::string& path) const;
    void load_weights(const std::string& path, const LoadWeightsOptions& options) const;
    CustomModel& model_impl() const;
};

class CORNU_API Sequential : public Model {
public:
    Sequential() : Sequential(std::vector<Layer>()) {}
    Sequential(std::initializer_list<Layer> layers, const std::string& name = {}) : Sequential(std::vector<Layer>(layers), name) {}
    explicit Sequential(std::vector<Layer> layers, const std::string& name = {});
    void add(const Layer& layer) const;
    void pop() const;
};

// What one derives from: call() makes the forward pass, train_step() may replace a step.
class CORNU_API CustomModel : public CustomLayer, public Trainer {
public:
    CustomModel();
    ~CustomModel() override;
    std::string class_name() const override { return "CustomModel"; }
    // The layers it is made of; by default those called or tracked, in order.
    virtual std::vector<Layer> layers() const;
    // The graph behind a Functional or built Sequential model; null when there is none.
    virtual const FunctionalModel* functional() const { return nullptr; }
    virtual std::vector<std::string> input_names() const;
    std::vector<std::string> output_names() const override;
    // As in Keras, layers that only call() builds are built by tracing it; a call that cannot be traced
    // is warned of, and build() or this must then make all weights.
    void build_from_config(const Json& config) override;

protected:
    CustomLayer& as_layer() override { return *this; }
    Model as_model() override;
};

template <class T, class... Args>
Model model(Args&&... args) { return Model(std::make_shared<T>(std::forward<Args>(args)...)); }

struct CloneOptions {
    // The new model's layer in place of one; by default it is made anew from its config. Not asked for Inputs.
    std::function<Layer(const Layer& layer)> clone_function = {};
    // Calls a cloned layer, and may do more; for Functional models.
    std::function<Structure(const Layer& layer, const Structure& inputs, const Call& call)> call_function = {};
    Structure input_tensors = {};              // KerasTensors nested as model.input(); new Input()s by default
    bool recursive = false;                    // whether both functions see the layers of models within, too
};
// A model of the same kind with layers made anew: other weights, other state; compiled alike when the
// model was. Throws ValueError for options that are not for this kind of model.
CORNU_API Model clone_model(const Model& model, const CloneOptions& options = {});
// Throws ValueError for what is no model, as Keras's keras.models.model_from_json.
CORNU_API Model model_from_json(const std::string& json);

}  // namespace cornu
