#include "cornu/activations/activation.h"

#include <map>

#include "cornu/base/serialized_object.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/sparse_activations.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

struct Named {
    const char* name;
    Tensor (*function)(const Tensor&);
};

// Aliases come after the name under which Keras saves them.
constexpr Named functions[] = {
    {"celu", [](const Tensor& x) { return ops::celu(x); }},
    {"elu", [](const Tensor& x) { return ops::elu(x); }},
    {"exponential", [](const Tensor& x) { return ops::exp(x); }},
    {"gelu", [](const Tensor& x) { return activations::gelu(x); }},
    {"glu", [](const Tensor& x) { return ops::glu(x); }},
    {"hard_shrink", [](const Tensor& x) { return activations::hard_shrink(x); }},
    {"hard_sigmoid", [](const Tensor& x) { return ops::hard_sigmoid(x); }},
    {"hard_silu", [](const Tensor& x) { return ops::hard_silu(x); }},
    {"hard_tanh", [](const Tensor& x) { return ops::hard_tanh(x); }},
    {"leaky_relu", [](const Tensor& x) { return ops::leaky_relu(x); }},
    {"log_sigmoid", [](const Tensor& x) { return ops::log_sigmoid(x); }},
    {"log_softmax", [](const Tensor& x) { return ops::log_softmax(x); }},
    {"mish", [](const Tensor& x) { return activations::mish(x); }},
    {"relu", [](const Tensor& x) { return ops::relu(x); }},
    {"relu6", [](const Tensor& x) { return ops::relu6(x); }},
    {"selu", [](const Tensor& x) { return ops::selu(x); }},
    {"sigmoid", [](const Tensor& x) { return ops::sigmoid(x); }},
    {"silu", [](const Tensor& x) { return ops::silu(x); }},
    {"soft_shrink", [](const Tensor& x) { return activations::soft_shrink(x); }},
    {"softmax", [](const Tensor& x) { return ops::softmax(x); }},
    {"softplus", [](const Tensor& x) { return ops::softplus(x); }},
    {"softsign", [](const Tensor& x) { return ops::softsign(x); }},
    {"sparse_plus", [](const Tensor& x) { return activations::sparse_plus(x); }},
    {"sparse_sigmoid", [](const Tensor& x) { return activations::sparse_sigmoid(x); }},
    {"sparsemax", [](const Tensor& x) { return activations::sparsemax(x); }},
    {"squareplus", [](const Tensor& x) { return activations::squareplus(x); }},
    {"tanh", [](const Tensor& x) { return ops::tanh(x); }},
    {"tanh_shrink", [](const Tensor& x) { return activations::tanh_shrink(x); }},
};
constexpr std::pair<const char*, const char*> aliases[] = {{"swish", "silu"}, {"hard_swish", "hard_silu"}};

struct Registered {
    std::map<std::string, Activation::Function> functions;
};

}  // namespace

Activation::Activation(const std::string& name) : name_(name) {
    if (name == "linear" || name.empty()) {
        name_ = "linear";
        return;
    }
    for (const auto& [alias, canonical] : aliases)
        if (name == alias) name_ = canonical;
    for (const Named& named : functions)
        if (name_ == named.name) {
            function_ = named.function;
            return;
        }
    const auto& registered = Context::current().state<Registered>().functions;
    const auto found = registered.find(name);
    if (found == registered.end())
        throw ValueError(str("Could not interpret activation function identifier: ", name));
    function_ = found->second;
}

Json Codec<Activation>::encode(const Activation& v) {
    if (v.name().empty())
        throw ValueError("an activation that is a function of one's own can be saved only under a name: Activation(function, \"package>name\").");
    if (v.name().find('>') == std::string::npos) return v.name();
    return Json::object({{"module", "builtins"}, {"class_name", "function"}, {"config", v.name()}, {"registered_name", v.name()}});
}

void Codec<Activation>::decode(const Json& j, Activation& v) {
    if (j.is_null()) {
        v = {};
    } else if (j.is_string()) {
        v = Activation(j.as_string());
    } else {
        const SerializedObject object = read_object(j, "an activation");
        if (object.class_name != "function")
            throw UnsupportedError(str("an activation that is a layer (", describe_object(object), ") is not supported; use the layer itself."));
        v = Activation(object.registered_name.empty() ? object.config.as_string() : object.registered_name);
    }
}

namespace activations {

std::vector<std::string> names() {
    std::vector<std::string> all = {"linear"};
    for (const Named& named : functions) all.emplace_back(named.name);
    for (const auto& [alias, canonical] : aliases) all.emplace_back(alias);
    std::sort(all.begin(), all.end());
    return all;
}

void register_activation(const std::string& name, Activation::Function function) {
    if (name.find('>') == std::string::npos)
        throw ValueError(str("an activation is registered as \"package>name\". Received: ", name));
    Context::current().state<Registered>().functions[name] = std::move(function);
}

Tensor relu(const Tensor& x, double negative_slope, std::optional<double> max_value, double threshold) {
    if (negative_slope == 0 && threshold == 0 && !max_value) return ops::relu(x);
    if (negative_slope != 0 && threshold == 0 && !max_value) return ops::leaky_relu(x, negative_slope);
    Tensor y = threshold != 0 ? ops::where(ops::greater(x, threshold), x, 0.0) : max_value == 6.0 ? ops::relu6(x) : ops::relu(x);
    if (max_value && (threshold != 0 || *max_value != 6)) y = ops::clip(y, 0.0, *max_value);
    if (negative_slope != 0) y = y - negative_slope * ops::relu(threshold - x);
    return y;
}
Tensor gelu(const Tensor& x, bool approximate) { return ops::gelu(x, approximate); }
Tensor mish(const Tensor& x) { return x * ops::tanh(ops::softplus(x)); }

Tensor hard_shrink(const Tensor& x, double threshold) { return ops::hard_shrink(x, threshold); }
Tensor soft_shrink(const Tensor& x, double threshold) { return ops::soft_shrink(x, threshold); }
Tensor tanh_shrink(const Tensor& x) { return ops::tanh_shrink(x); }
Tensor squareplus(const Tensor& x, double b) { return ops::squareplus(x, b); }
Tensor sparse_plus(const Tensor& x) { return ops::sparse_plus(x); }
Tensor sparse_sigmoid(const Tensor& x) { return ops::sparse_sigmoid(x); }
Tensor sparsemax(const Tensor& x, int64_t axis) { return ops::sparsemax(x, axis); }

}  // namespace activations
}  // namespace cornu
