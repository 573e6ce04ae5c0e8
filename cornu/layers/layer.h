// Layer: a handle to a shared implementation. Copying a handle shares the layer and its weights, as
// two names of one layer do in Keras. What one derives from is CustomLayer; Cornu's own layers do too.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cornu/base/json.h"
#include "cornu/dtype_policies/dtype_policy.h"
#include "cornu/initializers/initializer.h"
#include "cornu/layers/input_spec.h"
#include "cornu/ops/symbolic.h"
#include "cornu/regularizers/regularizer.h"
#include "cornu/tensor/structure.h"
#include "cornu/tensor/variable.h"

namespace cornu {

class CustomLayer;
class Metric;

class CORNU_API Layer {
public:
    Layer() = default;
    explicit Layer(std::shared_ptr<CustomLayer> impl) : impl_(std::move(impl)) {}

    // Builds the layer on first use. On symbolic inputs it becomes a node of a Functional model.
    Tensor operator()(const Tensor& x, const Call& call = {}) const;
    Tensor operator()(std::initializer_list<Tensor> xs, const Call& call = {}) const;
    Tensor operator()(const Tensors& xs, const Call& call = {}) const;
    Structure operator()(const Structure& inputs, const Call& call = {}) const;  // any nesting in and out

    bool defined() const { return impl_ != nullptr; }
    CustomLayer& impl() const;                 // throws when there is none
    const std::shared_ptr<CustomLayer>& shared() const { return impl_; }

    const std::string& name() const;
    bool built() const;
    void build(const ShapeTree& inputs) const; // creates the weights; once
    Variables weights() const;                 // trainable first, as Keras's `weights`
    Variables trainable_weights() const;
    Variables non_trainable_weights() const;
    Variables variables() const;               // weights and internal state (seeds), in order of creation
    bool trainable() const;
    void set_trainable(bool trainable) const;  // the layer's and its sublayers' weights
    int64_t count_params() const;
    Tensors get_weights() const;
    void set_weights(const Tensors& values) const;
    Json get_config() const;
    std::vector<Tensor> losses() const;        // of the last call: regularizers and add_loss

    friend bool operator==(const Layer& a, const Layer& b) { return a.impl_ == b.impl_; }

private:
    Tensor only_output(const Structure& outputs) const;
    std::shared_ptr<CustomLayer> impl_;
};

struct WeightOptions {
    std::string name = {};
    Shape shape = {};
    Initializer initializer = "glorot_uniform";
    OptionalDType dtype = {};            // the policy's variable dtype by default
    bool trainable = true;
    std::function<Tensor(const Tensor&)> regularizer = {};
    std::function<Tensor(const Tensor&)> constraint = {};
    bool autocast = true;                       // read in the compute dtype inside call()
};

// Settings that every layer has.
struct LayerOptions {
    std::string name = {};                      // "dense", "dense_1", … when empty
    DTypePolicy dtype = {};
    bool trainable = true;
    Regularizer activity_regularizer = {};      // a penalty on the outputs
};

// What Keras calls the arguments of a layer's call(), where several of them can be given by position.
struct CallSignature {
    std::vector<std::string> inputs = {};   // ["query", "value", "key"]; empty: one argument holds all inputs
    std::vector<std::string> others = {};   // the arguments after those, by the names in Call
};

class CORNU_API CustomLayer : public Operation, public std::enable_shared_from_this<CustomLayer> {
public:
    CustomLayer();
    ~CustomLayer() override;

    // ---- override these ----
    virtual void build(const Shape& input);                 // one input; create weights here
    virtual void build(const ShapeTree& inputs);            // several; the default takes the only one
    virtual Tensor call(const Tensor& x, const Call& call); // one input, one output
    virtual Structure call(const Structure& inputs, const Call& call);
    virtual Structure compute_mask(const Structure& inputs, const Structure& mask);
    virtual SpecTree compute_output_spec(const SpecTree& inputs, const Call& call);  // the default traces call()
    virtual const CallSignature& call_signature() const;
    virtual std::string class_name() const;                 // "Dense"; registered name of a custom one
    virtual Json get_config() const;                        // what from_config takes, without the weights
    virtual bool supports_masking() const { return false; }
    virtual bool default_training() const { return false; } // when neither the caller nor a layer around says

    // ---- for use inside ----
    Variable add_weight(const WeightOptions& options);
    void add_loss(const Tensor& loss);                      // a scalar, during call()
    // Joins the figures of any model that has this layer, in history and evaluate; update it in call().
    // What it has counted is no weight, and no file holds it.
    void track_metric(const Metric& metric);
    // Makes `layer`'s weights part of this layer's under a name (Python's attribute). Layers called
    // inside call() are found by themselves.
    template <class L>
    L track(std::string attribute, L layer) {
        track_layer(std::move(attribute), layer);
        return layer;
    }
    void track_variable(const Variable& variable);          // e.g. a seed generator's state
    // In the constructor of a layer that has nothing to build: no build config is saved for it.
    void build_at_init() { built_ = true; }
    // What each input must be like, checked before every call; one for each input.
    void set_input_spec(InputSpec spec) { input_specs_ = {std::move(spec)}; }
    void set_input_specs(std::vector<InputSpec> specs) { input_specs_ = std::move(specs); }
    // Whether inputs and weights are cast to the compute dtype, as they are by default.
    void set_autocast(bool autocast) { autocast_ = autocast; }

    // ---- state ----
    void set_options(const LayerOptions& options);          // from the constructor
    const std::string& name() const { return name_; }
    void set_name(std::string name) { name_ = std::move(name); }
    const std::string& path() const { return path_; }
    const DTypePolicy& dtype_policy() const { return policy_; }
    DType compute_dtype() const;
    DType variable_dtype() const;
    bool built() const { return built_; }
    bool trainable() const { return trainable_; }
    void set_trainable(bool trainable);
    const std::optional<ShapeTree>& build_shapes() const { return build_shapes_; }  // what it was built on, if anything
    virtual Json get_build_config() const;                  // {"input_shape": …}; null when there is nothing to say
    virtual void build_from_config(const Json& config);
    const Variables& own_variables() const { return variables_; }     // in order of creation, seeds included
    struct Child { std::string attribute; Layer layer; };
    virtual std::vector<Child> children() const { return children_; } // in order of tracking
    Variables all_variables() const;                                  // own, then children's
    const std::string& operation_name() const override { return name_; }
    Structure call_operation(const Structure& inputs, const Call& call) override;

    // The whole protocol of a call: build, autocast, masks, scope, losses, symbolic nodes.
    Structure invoke(const Structure& inputs, const Call& call);
    void build_once(const ShapeTree& inputs);
    std::vector<Tensor> collect_losses() const;
    std::vector<Metric> collect_metrics() const;                      // own, then those of the layers within; each once
    void clear_losses();

protected:
    void unbuild();                             // a Sequential model whose layers have changed

private:
    void track_layer(std::string attribute, const Layer& layer);
    void prepare(const Structure& inputs);      // checks and builds
    Structure call_cast(const Structure& inputs, const Call& call);
    const std::string& label();
    Structure invoke_symbolic(const Structure& inputs, const Call& call);
    struct Frame;                               // one call in progress on this thread
    static thread_local Frame* frame_;
    std::string name_, path_, label_;
    DTypePolicy policy_;
    Regularizer activity_regularizer_;
    std::vector<InputSpec> input_specs_;
    bool trainable_ = true, built_ = false, autocast_ = true;
    std::optional<ShapeTree> build_shapes_;
    Variables variables_;
    std::vector<Child> children_;
    std::vector<Tensor> losses_;
    std::vector<Metric> metrics_;
};

// layer<Linear>(32): from here on like any built-in layer.
template <class T, class... Args>
Layer layer(Args&&... args) { return Layer(std::make_shared<T>(std::forward<Args>(args)...)); }

}  // namespace cornu
