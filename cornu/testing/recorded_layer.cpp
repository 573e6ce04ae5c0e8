#include "cornu/testing/recorded_layer.h"

#include <map>

#include "cornu/autodiff/tape.h"
#include "cornu/layers/core/input_layer.h"
#include "cornu/layers/registry.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/random/seed_generator.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/near.h"

namespace cornu::testing {

namespace {

// The Functional model of a case, run layer by layer.
class Network {
public:
    explicit Network(const Json& config) {
        for (const Json& item : config["layers"].as_array()) nodes_.push_back({layers::deserialize(item), item});
        for (const Json& output : config["output_layers"].as_array()) outputs_.push_back(key(output));
        for (const Json& input : config["input_layers"].as_array()) inputs_.push_back(key(input));
    }

    struct Node {
        Layer layer;
        Json json;
    };
    const std::vector<Node>& nodes() const { return nodes_; }

    Tensors run(const Tensors& x, bool training) const {
        std::map<std::string, Tensor> values;
        for (size_t i = 0; i < inputs_.size(); ++i) values[inputs_[i]] = x[i];
        for (const Node& node : nodes_) {
            const auto& calls = node.json["inbound_nodes"].as_array();
            for (size_t n = 0; n < calls.size(); ++n) {
                const auto& args = calls[n]["args"].as_array();
                Call call{.training = training};
                if (const Json* mask = calls[n]["kwargs"].find("mask")) call.mask = read(*mask, values);
                if (const Json* state = calls[n]["kwargs"].find("initial_state")) call.initial_state = read(*state, values);
                const Structure inputs = args.size() == 1 ? read(args[0], values) : read(Json(args), values);
                size_t index = 0;
                node.layer(inputs, call).for_each([&](const Tensor& y) { values[key(node.layer.name(), n, index++)] = y; });
            }
        }
        Tensors out;
        for (const std::string& name : outputs_) out.push_back(values.at(name));
        return out;
    }

    Variables weights() const {
        Variables all;
        for (const Node& node : nodes_)
            for (const Variable& variable : node.layer.weights()) all.push_back(variable);
        return all;
    }
    Variables trainable() const {
        Variables all;
        for (const Node& node : nodes_)
            for (const Variable& variable : node.layer.trainable_weights()) all.push_back(variable);
        return all;
    }
    Variables variables() const {
        Variables all;
        for (const Node& node : nodes_)
            for (const Variable& variable : node.layer.variables()) all.push_back(variable);
        return all;
    }
    Tensors losses() const {
        Tensors all;
        for (const Node& node : nodes_)
            for (const Tensor& loss : node.layer.losses()) all.push_back(loss);
        return all;
    }

private:
    static std::string key(const std::string& name, size_t node, size_t index) { return str(name, ":", node, ":", index); }
    static std::string key(const Json& history) {
        return key(history[size_t{0}].as_string(), static_cast<size_t>(history[1].as_int()), static_cast<size_t>(history[2].as_int()));
    }
    static Structure read(const Json& json, const std::map<std::string, Tensor>& values) {
        if (json.is_null()) return {};
        if (json.is_array()) {
            Structure::List list;
            for (const Json& item : json.as_array()) list.push_back(read(item, values));
            return list;
        }
        return values.at(key(json["config"]["keras_history"]));
    }

    std::vector<Node> nodes_;
    std::vector<std::string> inputs_, outputs_;
};

class Check {
public:
    Check(const Golden& golden, const Json& recorded) : golden_(golden), case_(recorded), config_(config_of(golden, recorded)), network_(config_) {}

    std::vector<std::string> run() {
        check_configs();
        const Tensors x = golden_.tensors(case_["x"]);
        network_.run(x, false);   // builds
        if (!take_weights()) return problems_;
        compare("predictions", network_.run(x, false), golden_.tensors(case_["predictions"]), tolerance());
        check_gradients(x);
        check_training(x);
        if (const Json* trained = case_.find("trained")) check_steps(x, *trained);
        return problems_;
    }

private:
    static Json config_of(const Golden& golden, const Json& recorded) {
        const saving::ZipReader keras(golden.file(recorded["model"]));
        return Json::parse(read_text(keras, "config.json"))["config"];
    }

    void check_configs() {
        for (const auto& [layer, json] : network_.nodes()) {
            const Json written = layer.get_config();
            if (!(written == json["config"])) fail("config of ", layer.name(), ": ", written, ", expected ", json["config"]);
        }
    }

    bool take_weights() {
        const auto& recorded = case_["weights"].as_array();
        const Variables weights = network_.weights();
        std::string ours, theirs;
        for (const Variable& weight : weights) ours += weight.path() + " ";
        for (const Json& weight : recorded) theirs += weight["path"].as_string() + " ";
        if (ours != theirs) return fail("weights: ", ours, ", expected ", theirs), false;
        for (size_t i = 0; i < weights.size(); ++i) {
            const Tensor value = golden_.tensor(recorded[i]["value"]);
            if (value.shape() != weights[i].shape() || value.dtype() != weights[i].dtype())
                return fail("weight ", weights[i].path(), " is ", weights[i].spec(), ", expected ", value.spec()), false;
            Variable(weights[i]).assign(value);
        }
        return true;
    }

    // 1e-5; in narrow types a few of their steps; where Keras itself misses float64 by more, twice that.
    double tolerance() const {
        double t = 1e-5;
        const Tensors predictions = golden_.tensors(case_["predictions"]);
        for (const auto& [layer, json] : network_.nodes()) {
            const DType dtype = layer.impl().compute_dtype();
            if (dtype == DType::bfloat16) t = 2e-2;
            if (dtype == DType::float16) t = std::max(t, 2e-3);
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
        GradientTape tape;
        const Tensors out = network_.run(x, false);
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
        const Variables variables = network_.variables();
        Tensors before;
        for (const Variable& variable : variables) before.push_back(variable.value());
        compare("training outputs", network_.run(x, true), golden_.tensors(recorded["outputs"]), tolerance());
        for (const Json& item : recorded["non_trainable"].as_array()) {
            const std::string& path = item["path"].as_string();
            const Variable* found = nullptr;
            for (const Variable& variable : variables)
                if (variable.path() == path) found = &variable;
            if (!found) fail("no variable ", path, " after training");
            else compare("state " + path, {found->value()}, {golden_.tensor(item["value"])}, tolerance());
        }
        for (size_t i = 0; i < variables.size(); ++i) Variable(variables[i]).assign(before[i]);
    }

    // Keras's "mse" of one output, its mask counted as Keras counts it.
    static Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred) {
        const Tensor difference = ops::square(ops::cast(y_pred, DType::float32) - y_true);
        if (!y_pred.mask().defined()) return ops::mean(difference);
        const Tensor each = ops::mean(difference, -1), mask = ops::cast(y_pred.mask(), DType::float32);
        const double total = static_cast<double>(mask.size());
        return ops::mean(each * mask * (total / (ops::sum(mask) + Context::current().epsilon())));
    }

    void check_steps(const Tensors& x, const Json& recorded) {
        const Tensors y = golden_.tensors(recorded["y"]);
        const Variables variables = network_.trainable();
        const auto& losses = recorded["losses"].as_array();
        const double t = std::max(1e-4, tolerance());
        for (size_t step = 0; step < losses.size(); ++step) {
            const auto [loss, gradients] = value_and_grad([&] {
                const Tensors out = network_.run(x, true);
                Tensor total;
                for (size_t i = 0; i < out.size(); ++i) {
                    const Tensor part = mean_squared_error(y[i], out[i]);
                    total = total.defined() ? total + part : part;
                }
                for (const Tensor& part : network_.losses()) total = total + ops::cast(part, DType::float32);
                return total;
            }, variables);
            compare(str("loss ", step), {loss}, {Tensor::full({}, losses[step].as_double())}, t);
            for (size_t i = 0; i < variables.size(); ++i) {
                Variable variable = variables[i];
                if (!gradients[i].defined()) continue;
                variable.assign(ops::cast(variable.value() - 0.1 * gradients[i], variable.dtype()));
                if (const auto& constraint = variable.options().constraint) variable.assign(constraint(variable.value()));
            }
        }
        Tensors ours, theirs;
        for (const Variable& weight : network_.weights()) ours.push_back(weight.value());
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
    Json config_;
    Network network_;
    std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> check_recorded_layer(const Golden& golden, const Json& recorded) {
    Context context;   // names and seeds start afresh, as they did when the case was recorded
    context.set_backend(Context::current().backend());
    const Context::Use use(context);
    random::set_random_seed(42);
    try {
        return Check(golden, recorded).run();
    } catch (const std::exception& error) {
        return {str(recorded["name"].as_string(), ": ", error.what())};
    }
}

}  // namespace cornu::testing
