#include "cornu/layers/core/lambda.h"

#include <map>

#include "cornu/activations/activation.h"
#include "cornu/tensor/context.h"

namespace cornu::layers {

namespace {

struct Functions {
    std::map<std::string, LambdaFunction> by_name;
};

class LambdaLayer final : public ConfiguredLayer<LambdaConfig> {
public:
    explicit LambdaLayer(LambdaConfig config) : ConfiguredLayer("Lambda", std::move(config)) {
        if (!config_.function.get()) throw ValueError(str(label(), ": a function must be given. Received: none"));
        if (config_.arguments.is_null()) config_.arguments = Json::object();
        if (!config_.arguments.is_object()) throw ValueError(str(label(), ": `arguments` must be an object. Received: ", config_.arguments));
        if (!config_.mask.is_null()) throw UnsupportedError(str(label(), ": a `mask` is not supported. Received: mask=", config_.mask.dump().substr(0, 100)));
        if (const Json& shape = config_.output_shape; !shape.is_null() && !shape.is_array() && !shape.is_int())
            throw UnsupportedError(str(label(), ": `output_shape` must be a list of integers; functions cannot be read. Received: ", shape.dump().substr(0, 100)));
    }
    using CustomLayer::call;
    Structure call(const Structure& inputs, const Call& call) override { return config_.function.get()(inputs, call, config_.arguments); }
    using CustomLayer::build;
    void build(const ShapeTree&) override {}
};

}  // namespace

const Tensor& LambdaFunction::only(const Structure& inputs) {
    if (!inputs.is_leaf()) throw ValueError(str("the function of this Lambda layer takes one tensor. Received: ", inputs.leaf_count(), " inputs"));
    return inputs.leaf();
}

LambdaFunction LambdaFunction::named(std::string name) const {
    LambdaFunction out = *this;
    out.name_ = std::move(name);
    return out;
}

LambdaFunction::LambdaFunction(std::string name) {
    const auto& known = Context::current().state<Functions>().by_name;
    if (const auto found = known.find(name); found != known.end()) {
        *this = found->second;
        return;
    }
    try {
        const cornu::Activation activation(name);   // Keras, too, finds its own functions by their names
        *this = LambdaFunction([activation](const Tensor& x) { return activation(x); }).named(std::move(name));
    } catch (const ValueError&) {
        throw ValueError(str("Could not locate the function '", name, "'. A function of one's own must be known by layers::register_function(\"package>name\", …) first."));
    }
}

void register_function(const std::string& registered_name, LambdaFunction function) {
    if (registered_name.empty() || !function) throw ValueError(str("a function needs a name to be registered under. Received: '", registered_name, "'"));
    Context::current().state<Functions>().by_name[registered_name] = function.named(registered_name);
}

void LambdaConfig::describe(Schema<LambdaConfig>& s) {
    using C = LambdaConfig;
    describe_layer(s);
    s.field<&C::function>("The function, by its registered name.");
    s.field<&C::output_shape>("Shape of the output without the batch.").omit_null();
    s.field<&C::mask>("null.").omit_null();
    s.field<&C::arguments>("What the function gets besides the inputs.");
}

Lambda::Lambda(LambdaConfig config) : Layer(std::make_shared<LambdaLayer>(std::move(config))) {}

}  // namespace cornu::layers

namespace cornu {

Json Codec<layers::LambdaFunction>::encode(const layers::LambdaFunction& v) {
    if (v.name().empty())
        throw UnsupportedError("a Lambda layer can be saved only when its function has a name: make it known by layers::register_function and give that name to Lambda.");
    return Json::object({{"module", "builtins"}, {"class_name", "function"}, {"config", v.name()}, {"registered_name", "function"}});
}

void Codec<layers::LambdaFunction>::decode(const Json& j, layers::LambdaFunction& v) {
    if (j.is_string()) return void(v = layers::LambdaFunction(j.as_string()));
    const Json& class_name = j.get("class_name");
    if (class_name == Json("__lambda__"))
        throw UnsupportedError("the function is a Python lambda, whose code a file may not bring along: it is refused. In Python, give Lambda a function that is known by "
                               "keras.saving.register_keras_serializable, and register one of that name here by layers::register_function.");
    if (class_name != Json("function") || !j.get("config").is_string())
        throw UnsupportedError(str("must be a registered function. Received: ", j.dump().substr(0, 200)));
    v = layers::LambdaFunction(j["config"].as_string());
}

}  // namespace cornu
