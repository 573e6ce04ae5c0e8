// Activation: a function of one tensor that layers apply to their output, found by name or one's own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cornu/base/schema.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

class CORNU_API Activation {
public:
    using Function = std::function<Tensor(const Tensor&)>;

    Activation() = default;                       // linear
    Activation(const char* name) : Activation(std::string(name)) {}
    Activation(const std::string& name);          // "relu", "softmax", …; throws ValueError when unknown
    // A function of one's own. To be saved it needs a name, by which register_activation knows it.
    Activation(Function function, std::string name = {}) : name_(std::move(name)), function_(std::move(function)) {}

    bool linear() const { return !function_; }
    const std::string& name() const { return name_; }   // "linear"; empty for a nameless function
    Tensor operator()(const Tensor& x) const { return function_ ? function_(x) : x; }

private:
    std::string name_ = "linear";
    Function function_;
};

template <> struct CORNU_API Codec<Activation> {
    static Json encode(const Activation& v);
    static void decode(const Json& j, Activation& v);
};

namespace activations {

// Every name that Activation knows, in alphabetical order.
CORNU_API std::vector<std::string> names();
// From now on the current Context finds `function` under `name` ("package>name").
CORNU_API void register_activation(const std::string& name, Activation::Function function);

// Those that differ from the ops of the same name.
CORNU_API Tensor relu(const Tensor& x, double negative_slope = 0, std::optional<double> max_value = {}, double threshold = 0);
CORNU_API Tensor gelu(const Tensor& x, bool approximate = false);
CORNU_API Tensor mish(const Tensor& x);                                      // x · tanh(softplus(x))
CORNU_API Tensor hard_shrink(const Tensor& x, double threshold = 0.5);       // x, but 0 within the threshold
CORNU_API Tensor soft_shrink(const Tensor& x, double threshold = 0.5);       // x moved towards 0 by the threshold
CORNU_API Tensor tanh_shrink(const Tensor& x);                               // x - tanh(x)
CORNU_API Tensor squareplus(const Tensor& x, double b = 4);                  // (x + √(x² + b)) / 2
CORNU_API Tensor sparse_plus(const Tensor& x);                               // 0 below -1, x above 1, (x + 1)² / 4 between
CORNU_API Tensor sparse_sigmoid(const Tensor& x);                            // (x + 1) / 2 within [0, 1]
CORNU_API Tensor sparsemax(const Tensor& x, int64_t axis = -1);              // the nearest point of the simplex

}  // namespace activations
}  // namespace cornu
