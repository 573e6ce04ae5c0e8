#include "cornu/testing/recorded_layer.h"

#include "cornu/autodiff/tape.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/optimizers/optimizers.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/near.h"

namespace cornu::testing {

namespace {

// Keras numbers objects that a file holds more than once, by their addresses.
Json without_ids(const Json& json) {
    if (json.is_array()) {
        Json out = Json::array();
        for (const Json& item : json.as_array()) out.push_back(without_ids(item));
        return out;
    }
    if (!json.is_object()) return json;
    Json out = Json::object();
    for (const auto& [key, item] : json.as_object())
        if (key != "shared_object_id") out.set(key, without_ids(item));
    return out;
}

class Check {
public:
    Check(const Golden& golden, const Json& recorded) : golden_(golden), case_(recorded), model_(saving::load_model(golden.file(recorded["model"]), {.compile = false})) {}

    std::vector<std::string> run() {
        check_configs();
        const Tensors x = golden_.tensors(case_["x"]);
        if (!check_weights()) return problems_;
        {
            const Unchanged unchanged(model_);
            compare("predictions", run(x, false), golden_.tensors(case_["predictions"]), tolerance());
        }
        check_gradients(x);
        check_training(x);
        if (const Json* trained = case_.find("trained")) check_steps(x, *trained);
        return problems_;
    }

private:
    Tensors run(const Tensors& x, bool training) const {
        const Structure inputs = x.size() == 1 ? Structure(x[0]) : Structure(x);
        return static_cast<const Layer&>(model_)(inputs, Call{.training = training}).flatten();
    }

    // Seeds and statistics as they were once it goes out of scope: Keras recorded each call for itself.
    class Unchanged {
    public:
        explicit Unchanged(const Model& model) : variables_(model.variables()) {
            for (const Variable& variable : variables_) values_.push_back(variable.value());
        }
        ~Unchanged() {
            for (size_t i = 0; i < variables_.size(); ++i) variables_[i].assign(values_[i]);
        }

    private:
        Variables variables_;
        Tensors values_;
    };

    // What each layer writes is what Keras wrote.
    void check_configs() {
        const saving::ZipReader keras(golden_.file(case_["model"]));
        const Json config = Json::parse(read_text(keras, "config.json"))["config"];
        for (const Layer& layer : model_.layers())
            for (const Json& recorded : config["layers"].as_array()) {
                if (recorded["config"]["name"].as_string() != layer.name() || recorded["module"] == Json("keras.ops")) continue;
                const Json written = layer.get_config();
                if (!(written == without_ids(recorded["config"]))) fail("config of ", layer.name(), ": ", written, ", expected ", recorded["config"]);
                const Json built = layer.impl().get_build_config();
                // Of a recurrent layer Keras also keeps the shapes of initial states, and reads it without.
                const bool states = recorded.get("build_config").contains("shapes_dict") && layer.impl().call_signature().inputs.empty();
                if (!states && !(built == recorded.get("build_config"))) fail("build config of ", layer.name(), ": ", built, ", expected ", recorded.get("build_config"));
            }
    }

    bool check_weights() {
        const auto& recorded = case_["weights"].as_array();
        const Variables weights = model_.weights();
        std::string ours, theirs;
        for (const Variable& weight : weights) ours += weight.path() + " ";
        for (const Json& weight : recorded) theirs += weight["path"].as_string() + " ";
        if (ours != theirs) return fail("weights: ", ours, ", expected ", theirs), false;
        for (size_t i = 0; i < weights.size(); ++i) compare("weight " + weights[i].path(), {weights[i].value()}, {golden_.tensor(recorded[i]["value"])}, 0);
        return true;
    }

    // 1e-5; in narrow types a few of their steps; where Keras itself misses float64 by more, twice that.
    // Known once for all that is compared.
    double tolerance() {
        if (!tolerance_) tolerance_ = find_tolerance();
        return *tolerance_;
    }
    double find_tolerance() const {
        double t = 1e-5;
        const Tensors predictions = golden_.tensors(case_["predictions"]);
        // The narrowest type that any layer computes in, those within wrappers included.
        for (const Layer& layer : model_.layers()) {
            const std::string config = layer.get_config().dump();
            if (config.find("bfloat16\"") != std::string::npos) t = 2e-2;
            else if (config.find("float16\"") != std::string::npos) t = std::max(t, 2e-3);
        }
        if (const Json* reference = case_.find("reference")) {
            const Tensors exact = golden_.tensors(*reference);
            for (size_t i = 0; i < exact.size(); ++i) t = std::max(t, 2 * distance(ops::cast(predictions[i], DType::float64), exact[i]));
        }
        return t;
    }

    void check_gradients(const Tensors& x) {
        const Json& recorded = case_["gradients"];
        const Tensors cotangents = golden_.tensors(recorded["cotangents"]);
        const Unchanged unchanged(model_);
        GradientTape tape;
        const Tensors out = run(x, false);
        Tensors targets, weights;
        for (size_t i = 0; i < out.size(); ++i) {
            targets.push_back(ops::cast(out[i], DType::float32));
            weights.push_back(cotangents[i]);
        }
        const auto& which = recorded["inputs"].as_array();
        Tensors sources;
        for (const Json& index : which) sources.push_back(x[static_cast<size_t>(index.as_int())]);
        if (sources.empty()) return;
        Tensors gradients = tape.gradient(targets, sources, weights);
        for (size_t i = 0; i < gradients.size(); ++i)
            if (!gradients[i].defined()) gradients[i] = Tensor::full(sources[i].shape(), 0);
        compare("gradients", gradients, golden_.tensors(recorded["values"]), tolerance());
    }

    void check_training(const Tensors& x) {
        const Json& recorded = case_["training"];
        const Unchanged unchanged(model_);
        const Variables variables = model_.variables();
        compare("training outputs", run(x, true), golden_.tensors(recorded["outputs"]), tolerance());
        for (const Json& item : recorded["non_trainable"].as_array()) {
            const std::string& path = item["path"].as_string();
            const Variable* found = nullptr;
            for (const Variable& variable : variables)
                if (variable.path() == path) found = &variable;
            if (!found) fail("no variable ", path, " after training");
            else compare("state " + path, {found->value()}, {golden_.tensor(item["value"])}, tolerance());
        }
    }

    // Compiled steps, as fit takes them.
    void check_steps(const Tensors& x, const Json& recorded) {
        const Tensors y = golden_.tensors(recorded["y"]);
        const auto& losses = recorded["losses"].as_array();
        const double t = std::max(1e-4, tolerance());
        model_.compile({.optimizer = optimizers::SGD({.learning_rate = 0.1}), .loss = "mse"});
        for (size_t step = 0; step < losses.size(); ++step) {
            model_.model_impl().reset_metrics();
            const double loss = model_.train_on_batch(nested(x, model_.input()), nested(y, model_.output()))["loss"];
            compare(str("loss ", step), {Tensor::full({}, loss)}, {Tensor::full({}, losses[step].as_double())}, t);
        }
        Tensors ours, theirs;
        for (const Variable& weight : model_.weights()) ours.push_back(weight.value());
        for (const Json& weight : recorded["weights"].as_array()) theirs.push_back(golden_.tensor(weight["value"]));
        compare("trained weights", ours, theirs, t);
    }

    void compare(const std::string& what, const Tensors& ours, const Tensors& theirs, double t) {
        if (ours.size() != theirs.size()) return fail(what, ": ", ours.size(), " values, expected ", theirs.size());
        for (size_t i = 0; i < ours.size(); ++i)
            if (const std::string gap = difference_of_values(ours[i], theirs[i], t); !gap.empty()) fail(what, " ", i, ": ", gap);
    }

    template <class... Parts>
    void fail(const Parts&... parts) { problems_.push_back(str(case_["name"].as_string(), ": ", parts...)); }

    const Golden& golden_;
    const Json& case_;
    Model model_;
    std::optional<double> tolerance_;
    std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> check_recorded_layer(const Golden& golden, const Json& recorded, const std::function<void()>& prepare) {
    Context context;   // names and seeds start afresh, as they did when the case was recorded
    context.set_backend(Context::current().backend());
    const Context::Use use(context);
    random::set_random_seed(42);
    try {
        if (prepare) prepare();
        return Check(golden, recorded).run();
    } catch (const std::exception& error) {
        return {str(recorded["name"].as_string(), ": ", error.what())};
    }
}

}  // namespace cornu::testing
