// Lambda: a C++ function as a layer.
#pragma once

#include <functional>

#include "cornu/layers/configured_layer.h"
#include "cornu/tensor/codec.h"

namespace cornu::layers {

// Something callable as f(x), f(x, arguments) or f(inputs, call, arguments); or the name of a function
// made known by register_function, or of an activation. Only what has a name can be saved.
class CORNU_API LambdaFunction {
public:
    using Function = std::function<Structure(const Structure& inputs, const Call& call, const Json& arguments)>;

    LambdaFunction() = default;
    LambdaFunction(const char* name) : LambdaFunction(std::string(name)) {}
    LambdaFunction(std::string name);            // throws ValueError when nobody registered it
    template <class F>
        requires(std::is_invocable_v<F&, const Structure&, const Call&, const Json&> || std::is_invocable_v<F&, const Structure&> ||
                 std::is_invocable_v<F&, const Tensor&, const Json&> || std::is_invocable_v<F&, const Tensor&>)
    LambdaFunction(F f) : function_(erase(std::move(f))) {}

    const std::string& name() const { return name_; }   // empty: it has none
    explicit operator bool() const { return function_ != nullptr; }
    Structure operator()(const Structure& inputs, const Call& call, const Json& arguments) const { return function_(inputs, call, arguments); }
    LambdaFunction named(std::string name) const;

private:
    template <class F>
    static Function erase(F f) {
        if constexpr (std::is_invocable_v<F&, const Structure&, const Call&, const Json&>) return f;
        else if constexpr (std::is_invocable_v<F&, const Structure&>) return [f](const Structure& x, const Call&, const Json&) mutable { return Structure(f(x)); };
        else if constexpr (std::is_invocable_v<F&, const Tensor&, const Json&>)
            return [f](const Structure& x, const Call&, const Json& arguments) mutable { return Structure(f(only(x), arguments)); };
        else return [f](const Structure& x, const Call&, const Json&) mutable { return Structure(f(only(x))); };
    }
    static const Tensor& only(const Structure& inputs);   // throws ValueError for several

    Function function_;
    std::string name_;
};

// Makes a function known to files under "my_package>name", in this context.
CORNU_API void register_function(const std::string& registered_name, LambdaFunction function);

struct CORNU_API LambdaConfig {
    Required<LambdaFunction> function;
    Json output_shape = {};                      // kept for Keras; Cornu finds it out
    Json mask = {};                              // null: outputs have none; no other
    Json arguments = {};                         // an object: what the function gets besides
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<LambdaConfig>& s);
};

// The function of the inputs; it may use ops only, so that it can be traced, and no variables of its
// own. A file names the function: a Python lambda, which would be code, is refused.
class CORNU_API Lambda : public Layer {
public:
    using Config = LambdaConfig;
    explicit Lambda(LambdaConfig config);
};

}  // namespace cornu::layers

namespace cornu {

template <> struct CORNU_API Codec<layers::LambdaFunction> {
    static Json encode(const layers::LambdaFunction& v);
    static void decode(const Json& j, layers::LambdaFunction& v);
};

}  // namespace cornu
