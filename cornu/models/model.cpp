#include "cornu/models/model.h"

#include <map>

#include "cornu/base/log.h"
#include "cornu/data/arrays.h"
#include "cornu/models/functional.h"
#include "cornu/models/sequential.h"

namespace cornu {

namespace {

std::shared_ptr<CustomModel> as_model_impl(const Layer& layer) {
    auto impl = std::dynamic_pointer_cast<CustomModel>(layer.shared());
    if (!impl) throw ValueError(str("a model is needed here. Received: the layer \"", layer.name(), "\" of class ", layer.impl().class_name()));
    return impl;
}

const FunctionalModel& graph_of(const CustomModel& model) {
    if (const FunctionalModel* functional = model.functional()) return *functional;
    throw ValueError(str(model.class_name(), " model '", model.name(), "' has no defined inputs and outputs yet."));
}

// Reads and assignments of some variables go to values of their own.
class Substituted final : public StateScope {
public:
    void set(const Variable& variable, Tensor value) { values_[variable.value_id()] = std::move(value); }
    Tensor get(const Variable& variable) const { return values_.at(variable.value_id()); }
    Tensor read(const Variable& variable) override {
        const auto found = values_.find(variable.value_id());
        if (found != values_.end()) return found->second;
        return outer() ? outer()->read(variable) : variable.stored();
    }
    void write(const Variable& variable, const Tensor& value) override { values_[variable.value_id()] = value; }

private:
    std::map<const void*, Tensor> values_;
};

void check_state(const char* what, const Tensors& values, const Variables& variables) {
    if (values.size() != variables.size())
        throw ValueError(str("Argument `", what, "` must be a list of tensors corresponding 1:1 to the model's. Received a list with length ",
                             values.size(), ", but expected ", variables.size(), " variables."));
    for (size_t i = 0; i < values.size(); ++i)
        if (values[i].shape() != variables[i].shape())
            throw ShapeError(str("`", what, "`: the value of variable ", variables[i].path(), " must have shape ", variables[i].shape(),
                                 ". Received: ", values[i].shape()));
}

}  // namespace

CustomModel::CustomModel() = default;
CustomModel::~CustomModel() = default;

Model CustomModel::as_model() { return Model(std::static_pointer_cast<CustomModel>(shared_from_this())); }
std::shared_ptr<Model> Trainer::model_handle() { return std::make_shared<Model>(as_model()); }
void Trainer::save(const std::string& path, bool weights_only) { weights_only ? as_model().save_weights(path) : as_model().save(path); }

std::vector<Layer> CustomModel::layers() const {
    std::vector<Layer> all;
    for (const Child& child : children()) all.push_back(child.layer);
    return all;
}

void CustomModel::build_from_config(const Json& config) {
    CustomLayer::build_from_config(config);
    if (functional() || !build_shapes()) return;
    try {
        invoke(build_shapes()->map([&](const Shape& shape) { return Input({.dtype = compute_dtype(), .batch_shape = shape}); }), {});
    } catch (const Error& e) {
        log_once("build:" + name(), LogLevel::warning,
                 str("the model \"", name(), "\" was built from its config, but its call cannot be traced, so layers that only the call builds are missing: ", e.what()));
    }
}

std::vector<std::string> CustomModel::input_names() const { return {}; }
std::vector<std::string> CustomModel::output_names() const { return {}; }

Model::Model(std::shared_ptr<CustomModel> impl) : Layer(std::move(impl)) {}
Model::Model(const Structure& inputs, const Structure& outputs, const std::string& name)
    : Layer(std::make_shared<FunctionalModel>(inputs, outputs, name)) {}
Model::Model(const Layer& layer) : Layer(as_model_impl(layer)) {}

CustomModel& Model::model_impl() const { return static_cast<CustomModel&>(impl()); }

void Model::compile(const CompileOptions& options) const { model_impl().compile(options); }
History Model::fit(const Structure& x, const Structure& y, const FitOptions& options) const {
    return model_impl().fit(Data(x, y, options.sample_weight), options);
}
History Model::fit(const Dataset& dataset, const FitOptions& options) const { return model_impl().fit(Data(dataset), options); }
Logs Model::evaluate(const Structure& x, const Structure& y, const EvaluateOptions& options) const {
    return model_impl().evaluate(Data(x, y, options.sample_weight), options);
}
Logs Model::evaluate(const Dataset& dataset, const EvaluateOptions& options) const { return model_impl().evaluate(Data(dataset), options); }
Tensor Model::predict(const Tensor& x, const PredictOptions& options) const { return model_impl().predict(x, options); }
Structure Model::predict(const Structure& x, const PredictOptions& options) const { return model_impl().Trainer::predict(Data(x), options); }
Logs Model::train_on_batch(const Structure& x, const Structure& y, const Structure& sample_weight,
                           const std::map<int64_t, double>& class_weight) const {
    if (class_weight.empty()) return model_impl().train_on_batch({x, y, sample_weight});
    if (!data::missing(sample_weight)) throw ValueError("train_on_batch: class_weight and sample_weight cannot both be given. Received: both");
    if (!y.is_leaf() || !y.leaf().defined()) throw ValueError("train_on_batch: class_weight is for models with one output, and needs targets y.");
    return model_impl().train_on_batch({x, y, data::class_weights(y.leaf(), class_weight)});
}
Logs Model::test_on_batch(const Structure& x, const Structure& y, const Structure& sample_weight) const {
    return model_impl().test_on_batch({x, y, sample_weight});
}
Structure Model::predict_on_batch(const Structure& x) const { return model_impl().predict_on_batch(x); }
void Model::stop_training() const { model_impl().stop_training(); }
Optimizer& Model::optimizer() const { return model_impl().optimizer(); }

Variables Model::non_trainable_variables() const {
    const Variables trainable = trainable_variables();
    Variables rest;
    for (const Variable& variable : variables())
        if (std::none_of(trainable.begin(), trainable.end(), [&](const Variable& v) { return v.id() == variable.id(); })) rest.push_back(variable);
    return rest;
}

std::vector<Layer> Model::layers() const { return model_impl().layers(); }

Layer Model::get_layer(const std::string& name) const {
    std::string known;
    for (const Layer& layer : layers()) {
        if (layer.name() == name) return layer;
        known += (known.empty() ? "'" : ", '") + layer.name() + "'";
    }
    throw ValueError(str("No such layer: ", name, ". Existing layers are: [", known, "]."));
}

Layer Model::get_layer(int64_t index) const {
    const std::vector<Layer> all = layers();
    const auto count = static_cast<int64_t>(all.size());
    const int64_t at = index < 0 ? index + count : index;
    if (at < 0 || at >= count) throw ValueError(str("Was asked to retrieve layer at index ", index, " but model only has ", count, " layers."));
    return all[static_cast<size_t>(at)];
}

std::vector<std::string> Model::input_names() const { return model_impl().input_names(); }
std::vector<std::string> Model::output_names() const { return static_cast<const CustomModel&>(model_impl()).output_names(); }
const Structure& Model::input() const { return graph_of(model_impl()).input(); }
const Structure& Model::output() const { return graph_of(model_impl()).output(); }

Model::StatelessResult Model::stateless_call(const Tensors& trainable, const Tensors& non_trainable, const Structure& inputs, const Call& call) const {
    if (!built()) throw ValueError(str("To call stateless_call, Model must be built (i.e. its variables must have been already created). You can build it by calling it on some data."));
    const Variables trained = trainable_variables(), others = non_trainable_variables();
    check_state("trainable_variables", trainable, trained);
    check_state("non_trainable_variables", non_trainable, others);
    Substituted state;
    for (size_t i = 0; i < trained.size(); ++i) state.set(trained[i], trainable[i]);
    for (size_t i = 0; i < others.size(); ++i) state.set(others[i], non_trainable[i]);
    StatelessResult result{(*this)(inputs, call), {}};
    for (const Variable& variable : others) result.non_trainable_variables.push_back(state.get(variable));
    return result;
}

namespace {
SequentialModel& stack_of(const Model& model) {
    auto* stack = dynamic_cast<SequentialModel*>(&model.impl());
    if (!stack) throw ValueError(str("the model \"", model.name(), "\" is not Sequential."));
    return *stack;
}
}  // namespace

Sequential::Sequential(std::vector<Layer> layers, const std::string& name) : Model(std::make_shared<SequentialModel>(std::move(layers), name)) {}
void Sequential::add(const Layer& layer) const { stack_of(*this).add(layer); }
void Sequential::pop() const { stack_of(*this).pop(); }

}  // namespace cornu
