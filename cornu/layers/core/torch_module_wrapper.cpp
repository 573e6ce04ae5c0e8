#include "cornu/layers/core/torch_module_wrapper.h"

#include <algorithm>

#include "cornu/base/scope.h"
#include "cornu/layers/stored_state.h"
#include "cornu/layers/weight_budget.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/host_call.h"
#include "cornu/random/seed_generator.h"
#include "cornu/tensor/codec.h"

namespace cornu::layers {

namespace {

using Module = std::shared_ptr<const ForeignModule>;

// One call of a module: weights, inputs and, when it draws numbers, a key go in; in the derivative the
// gradients of its float outputs after them.
struct ModuleCall {
    Module module;
    std::string layer;
    size_t inputs;
    bool training, seeded;

    size_t weights() const { return module->weights().size(); }
    size_t differentiable() const { return weights() + inputs; }
    size_t arguments() const { return differentiable() + seeded; }
    template <class T>
    std::vector<T> inputs_of(std::span<const T> in) const { return {in.begin() + static_cast<ptrdiff_t>(weights()), in.begin() + static_cast<ptrdiff_t>(differentiable())}; }

    ForeignModule::Run run_of(const Tensors& in) const {
        ForeignModule::Run run{.weights = {in.begin(), in.begin() + static_cast<ptrdiff_t>(weights())}, .inputs = inputs_of<Tensor>(in), .training = training};
        if (seeded) {
            const auto key = in[differentiable()].to_vector<uint32_t>();
            run.seed = uint64_t(key[0]) << 32 | key[1];
        }
        return run;
    }
    // In a compiled graph nobody has said yet whose call it is.
    template <class F>
    auto named(F&& f) const {
        std::optional<Scope> scope;
        if (Scope::label().empty()) scope.emplace("layers.TorchModuleWrapper", layer);
        return f();
    }
};

std::string text_of(const Specs& specs) {
    std::string text;
    for (const Spec& spec : specs) text += str(text.empty() ? "" : ", ", spec);
    return text;
}

class Backward final : public HostFunction {
public:
    Backward(ModuleCall call, std::vector<char> wanted) : call_(std::move(call)), wanted_(std::move(wanted)) {}
    std::string name() const override { return "the gradient of a TorchModuleWrapper"; }
    Specs infer(std::span<const Spec> in) const override {
        Specs out;
        for (size_t i = 0; i < wanted_.size(); ++i)
            if (wanted_[i]) out.push_back(in[i]);
        return out;
    }
    Tensors run(const Tensors& in) const override {
        const Tensors gradients(in.begin() + static_cast<ptrdiff_t>(call_.arguments()), in.end());
        return call_.named([&] { return call_.module->vjp(call_.run_of(in), gradients, wanted_); });
    }
    Tensors vjp(const Vjp&) const override {
        throw UnsupportedError("a TorchScript module has first derivatives only.");
    }

private:
    ModuleCall call_;
    std::vector<char> wanted_;
};

class Forward final : public HostFunction {
public:
    Forward(ModuleCall call, OptionalShape output_shape, DType compute_dtype)
        : call_(std::move(call)), output_shape_(std::move(output_shape)), compute_dtype_(compute_dtype) {}
    std::string name() const override { return "TorchModuleWrapper"; }

    SpecTree outputs(const Specs& inputs) const {
        try {
            return call_.named([&] { return call_.module->infer(inputs, call_.training); });
        } catch (const BackendError&) {
            const bool known = std::all_of(inputs.begin(), inputs.end(), [](const Spec& s) { return s.shape.is_static(); });
            if (known || !output_shape_) throw;
            return Spec{*output_shape_, compute_dtype_};
        }
    }
    Specs infer(std::span<const Spec> in) const override {
        Specs out = outputs(call_.inputs_of(in)).flatten();
        if (call_.training)
            for (size_t i = 0; i < call_.weights(); ++i)
                if (call_.module->weights()[i].buffer) out.push_back(in[i]);
        return out;
    }
    Tensors run(const Tensors& in) const override {
        return call_.named([&] { return checked(call_.module->run(call_.run_of(in)), infer(specs_of(in))); });
    }
    static Tensors checked(Tensors out, const Specs& expected) {
        if (out.size() != expected.size() || !std::equal(out.begin(), out.end(), expected.begin(), [](const Tensor& y, const Spec& s) { return y.shape() == s.shape && y.dtype() == s.dtype; }))
            throw ShapeError(str("the shapes of a module's outputs and buffers may depend on shapes only. Expected: ", text_of(expected),
                             ". Received: ", text_of(specs_of(out))));
        return out;
    }
    Tensors vjp(const Vjp& v) const override {
        std::vector<char> wanted(call_.differentiable());
        // The module writes to its buffers, which nobody trains.
        for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = v.wants(i) && carries_gradient(v.x(i)) && (i >= call_.weights() || !call_.module->weights()[i].buffer);
        Tensors in = v.in;
        const size_t outputs = v.out.size() - (call_.training ? buffers() : 0);
        for (size_t i = 0; i < outputs; ++i)
            if (carries_gradient(v.y(i))) in.push_back(v.g(i));
        Tensors found;
        if (std::count(wanted.begin(), wanted.end(), 1) > 0) found = host_call(std::make_shared<Backward>(call_, wanted), in);
        Tensors gradients(v.in.size());
        for (size_t i = 0, next = 0; i < wanted.size(); ++i)
            if (wanted[i]) gradients[i] = found[next++];
        return gradients;
    }

private:
    static bool carries_gradient(const Tensor& x) {
        if (is_complex(x.dtype())) throw UnsupportedError("a TorchScript module with complex inputs, outputs or weights has no derivative here.");
        return is_float(x.dtype());
    }
    size_t buffers() const {
        const auto& weights = call_.module->weights();
        return static_cast<size_t>(std::count_if(weights.begin(), weights.end(), [](const auto& w) { return w.buffer; }));
    }
    ModuleCall call_;
    OptionalShape output_shape_;
    DType compute_dtype_;
};

class TorchModuleWrapperLayer final : public ConfiguredLayer<TorchModuleWrapperConfig>, public StoredState {
public:
    explicit TorchModuleWrapperLayer(TorchModuleWrapperConfig config) : ConfiguredLayer("TorchModuleWrapper", std::move(config)), module_(config_.module.get().module()) {
        if (!module_) throw ValueError(str(label(), ": a module must be given, such as .module = \"module.pt\". Received: none"));
        build_at_init();
        set_autocast(false);
        module_dtype_ = compute_dtype();
        bool has_floats = false;
        for (const ForeignModule::Weight& weight : module_->weights()) {
            if (is_float(weight.value.dtype()) && !std::exchange(has_floats, true)) module_dtype_ = weight.value.dtype();
            WeightBudget::spend(weight.value.shape(), weight.names[0]);
            weights_.emplace_back(weight.value.with_new_identity(),
                                  VariableOptions{.name = weight.names[0], .trainable = weight.trainable && !weight.buffer && trainable(), .path = name() + "/" + weight.names[0], .autocast = false});
            track_variable(weights_.back());
        }
        if (!module_->random()) return;
        generator_ = random::SeedGenerator(std::nullopt);
        track_variable(generator_.state());
    }

    using CustomLayer::build;
    void build(const ShapeTree&) override {}
    using CustomLayer::call;
    Structure call(const Structure& inputs, const Call& call) override {
        Tensors in;
        for (const Variable& weight : weights_) in.push_back(weight.value());
        Specs given;
        for (const Tensor& x : arguments_of(inputs)) {
            in.push_back(is_float(x.dtype()) && x.dtype() != module_dtype_ ? ops::cast(x, module_dtype_) : x);
            given.push_back(in.back().spec());
        }
        // Outside training nothing of the layer changes, the generator's state neither.
        const bool training = static_cast<bool>(call.training), seeded = training && generator_.defined();
        if (seeded) in.push_back(generator_.next());
        const auto function = std::make_shared<Forward>(ModuleCall{module_, name(), given.size(), training, seeded}, config_.output_shape, compute_dtype());
        const SpecTree tree = function->outputs(given);
        if (tree.is_leaf() && !tree.leaf().shape.is_static()) output_shape_ = tree.leaf().shape;
        Tensors out = host_call(function, in);
        size_t next = tree.leaf_count();
        for (size_t i = 0; training && i < weights_.size(); ++i)
            if (module_->weights()[i].buffer) weights_[i].assign(out[next++]);
        out.resize(tree.leaf_count());
        for (Tensor& y : out)
            if (is_float(y.dtype()) && y.dtype() != compute_dtype()) y = ops::cast(y, compute_dtype());
        return tree.pack(out);
    }

    // Keras's Functional models want to be told the shape.
    Json get_config() const override {
        Json config = ConfiguredLayer::get_config();
        if (!config_.output_shape && output_shape_) config.set("output_shape", Codec<Shape>::encode(*output_shape_));
        return config;
    }

    // As state_dict has them: each name of a tied one.
    std::optional<std::vector<Item>> stored_variables() const override {
        std::vector<Item> items;
        for (size_t i = 0; i < weights_.size(); ++i)
            for (const std::string& name : module_->weights()[i].names) items.push_back({.variable = weights_[i], .name = name});
        return items;
    }

private:
    Tensors arguments_of(const Structure& inputs) const {
        const std::vector<ForeignModule::Argument>& wanted = module_->arguments();
        std::string names;
        for (const auto& argument : wanted) names += str(names.empty() ? "" : ", ", argument.name, argument.required ? "" : "?");
        const auto refuse = [&](const auto& received) { throw ValueError(str("the module's forward(", names, ") takes tensors by position, one or a list. Received: ", received)); };
        if (inputs.is_dict()) refuse("a dict");
        if (inputs.is_leaf() ? false : !std::all_of(inputs.list().begin(), inputs.list().end(), [](const Structure& s) { return s.is_leaf(); })) refuse("a nested list");
        Tensors in = inputs.flatten();
        const auto required = static_cast<size_t>(std::count_if(wanted.begin(), wanted.end(), [](const auto& a) { return a.required; }));
        if (in.size() < required || in.size() > wanted.size()) refuse(str(in.size(), in.size() == 1 ? " input" : " inputs"));
        return in;
    }

    Module module_;
    Variables weights_;   // as the module lists them
    DType module_dtype_ = DType::float32;
    random::SeedGenerator generator_;
    OptionalShape output_shape_;   // as found on inputs of unknown size
};

}  // namespace

void TorchModuleWrapperConfig::describe(Schema<TorchModuleWrapperConfig>& s) {
    using C = TorchModuleWrapperConfig;
    describe_layer(s);
    s.field<&C::module>("A TorchScript file; in configs its content in base64.");
    s.field<&C::output_shape>("Shape of the output, batch included, where it cannot be found out.");
}

TorchModuleWrapper::TorchModuleWrapper(TorchModuleWrapperConfig config) : Layer(std::make_shared<TorchModuleWrapperLayer>(std::move(config))) {}

}  // namespace cornu::layers
