// TorchScript: LibTorch's own interpreter and autograd. A module is kept as a shell without
// weights; each run works on a copy of it, with the caller's weights put in.
#include "cornu/backends/torch/torch_module.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/InferenceMode.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cstring>
#include <map>
#include <mutex>

#include "cornu/backends/torch/program.h"
#include "cornu/backends/torch/settings.h"

namespace cornu::torch {

namespace {

namespace jit = ::torch::jit;

// What the interpreter throws is told in its words, without its own stack of C++.
template <class Error, class F>
auto in_words(const char* what, F&& f) {
    try {
        return f();
    } catch (const cornu::Error&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const c10::Error& e) {
        throw Error(str(what, e.what_without_backtrace()));
    } catch (const std::exception& e) {
        throw Error(str(what, e.what()));
    }
}

// The archive where it lies.
class Content final : public caffe2::serialize::ReadAdapterInterface {
public:
    explicit Content(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
    size_t size() const override { return bytes_->size(); }
    size_t read(uint64_t at, void* out, size_t n, const char*) const override {
        if (at >= bytes_->size()) return 0;
        n = std::min(n, bytes_->size() - static_cast<size_t>(at));
        std::memcpy(out, bytes_->data() + at, n);
        return n;
    }

private:
    std::shared_ptr<const std::string> bytes_;
};

// ---- types and memory ----

// Cornu's types are LibTorch's here, not carriers: the module computes with them.
constexpr std::pair<DType, at::ScalarType> types[] = {{DType::bool_, at::kBool},
                                                      {DType::uint8, at::kByte},
                                                      {DType::int8, at::kChar},
                                                      {DType::int16, at::kShort},
                                                      {DType::int32, at::kInt},
                                                      {DType::int64, at::kLong},
                                                      {DType::float16, at::kHalf},
                                                      {DType::bfloat16, at::kBFloat16},
                                                      {DType::float32, at::kFloat},
                                                      {DType::float64, at::kDouble},
                                                      {DType::complex64, at::kComplexFloat},
                                                      {DType::complex128, at::kComplexDouble}};

at::ScalarType type_of(DType dtype) {
    for (const auto& [own, theirs] : types)
        if (own == dtype) return theirs;
    throw DTypeError(str("TorchScript takes no tensors of ", name(dtype), "."));
}
DType dtype_of(const at::Tensor& x, const std::string& what) {
    for (const auto& [own, theirs] : types)
        if (theirs == x.scalar_type() && x.layout() == at::kStrided) return own;
    throw BackendError(
        str("TorchScript: ", what, " must be a dense tensor of a usual type. Received: ",
            at::toString(x.scalar_type()), ", ", x.layout() == at::kStrided ? "dense" : "sparse"));
}

// Seen where it lies, and no tensor of inference mode, which autograd would refuse.
at::Tensor to_torch(const Tensor& tensor, at::Device device) {
    const auto options = at::TensorOptions(type_of(tensor.dtype()));
    const at::IntArrayRef sizes = sizes_of(tensor.shape());
    if (tensor.size() == 0) return at::empty(sizes, options.device(device));
    const Tensor host = tensor.to_host();
    const at::Tensor x = at::from_blob(
        const_cast<void*>(host.raw()), sizes, [owner = host.buffer()](void*) {}, options);
    return device.is_cpu() ? x : x.to(device);
}

Tensor from_torch(at::Tensor x, const std::string& what, Backend& backend) {
    x = x.detach();
    if (x.is_neg()) x = x.resolve_neg();
    if (x.is_conj()) x = x.resolve_conj();
    const DType dtype = dtype_of(x, what);
    const Shape shape(x.sizes().begin(), x.sizes().end());
    if (!x.is_cpu()) x = x.cpu();
    return from_carrier(std::move(x), {shape, dtype}, backend);
}

// ---- what forward() returns ----

using Outputs = Tree<at::Tensor>;

Outputs outputs_of(const c10::IValue& value) {
    const auto refuse = [&]() -> Outputs {
        throw BackendError(
            str("TorchScript: forward() must return a tensor, or a list, tuple or "
                "dict of tensors. Received: ",
                value.tagKind()));
    };
    if (value.isTensor()) return value.toTensor().defined() ? Outputs(value.toTensor()) : refuse();
    Outputs::List list;
    if (value.isTuple()) {
        for (const c10::IValue& item : value.toTupleRef().elements())
            list.push_back(outputs_of(item));
    } else if (value.isList()) {
        for (const c10::IValue& item : value.toListRef()) list.push_back(outputs_of(item));
    } else if (value.isGenericDict()) {
        Outputs::Dict dict;
        for (const auto& item : value.toGenericDict()) {
            if (!item.key().isString()) return refuse();
            dict.emplace(item.key().toStringRef(), outputs_of(item.value()));
        }
        return dict;
    } else {
        return refuse();
    }
    return list;
}

// ---- the module ----

// Where a weight is in the module: names of attributes, the last that of the tensor, or of a list
// that holds it.
struct Place {
    std::vector<std::string> modules;
    std::string attribute;
    int64_t in_list = -1;

    explicit Place(const std::string& name, int64_t in_list = -1) : in_list(in_list) {
        size_t begin = 0;
        for (size_t dot; (dot = name.find('.', begin)) != name.npos; begin = dot + 1)
            modules.push_back(name.substr(begin, dot - begin));
        attribute = name.substr(begin);
    }
    void set(const jit::Module& module, const at::Tensor& value) const {
        const auto owner = owner_in(module);
        if (in_list < 0)
            owner->setAttr(attribute, value);
        else
            owner->getAttr(attribute).toList().set(static_cast<size_t>(in_list), value);
    }
    at::Tensor get(const jit::Module& module) const {
        const c10::IValue value = owner_in(module)->getAttr(attribute);
        return in_list < 0 ? value.toTensor()
                           : value.toTensorVector().at(static_cast<size_t>(in_list));
    }

private:
    c10::intrusive_ptr<c10::ivalue::Object> owner_in(const jit::Module& module) const {
        c10::intrusive_ptr<c10::ivalue::Object> at = module._ivalue();
        for (const std::string& name : modules) at = at->getAttr(name).toObject();
        return at;
    }
};

// The same numbers at the same place, and so one weight: archives know tensors by that.
bool same_memory(const at::Tensor& a, const at::Tensor& b) {
    return a.is_same(b) ||
           (a.defined() && b.defined() && a.numel() > 0 && a.layout() == at::kStrided &&
            b.layout() == at::kStrided && a.scalar_type() == b.scalar_type() &&
            a.const_data_ptr() == b.const_data_ptr() && a.sizes() == b.sizes() &&
            a.strides() == b.strides());
}

bool draws_numbers(const jit::Block& block) {
    for (const jit::Node* node : block.nodes()) {
        // What could not be looked into may do anything.
        if (node->kind() == c10::prim::CallMethod || node->kind() == c10::prim::CallFunction ||
            node->isNondeterministic())
            return true;
        for (const jit::Block* inner : node->blocks())
            if (draws_numbers(*inner)) return true;
    }
    return false;
}

// LibTorch's generators are the process's: one module draws from them at a time, and leaves them as
// they were.
class Seeded {
public:
    Seeded(at::Device device, uint64_t seed)
        : lock_(mutex()), generator_(at::globalContext().defaultGenerator(device)) {
        before_ = generator_.get_state();
        generator_.set_current_seed(seed);
    }
    ~Seeded() { generator_.set_state(before_); }

private:
    static std::mutex& mutex() {
        static std::mutex one;
        return one;
    }
    std::lock_guard<std::mutex> lock_;
    at::Generator generator_;
    at::Tensor before_;
};

class TorchModule final : public ForeignModule {
public:
    TorchModule(std::shared_ptr<const std::string> content, at::Device device, Backend& backend)
        : content_(std::move(content)),
          device_(device),
          backend_(backend),
          shell_(jit::load(std::make_shared<Content>(content_), device)) {
        if (!shell_.find_method("forward")) throw ValueError("the module has no method forward().");
        for (const auto& p : shell_.named_parameters()) take_weight(p.name, p.value, false);
        for (const auto& b : shell_.named_buffers()) take_weight(b.name, b.value, true);
        for (const auto& a : shell_.named_attributes()) find_weights(a.name, a.value);
        const at::Tensor none = at::empty({0}, at::TensorOptions().device(device));
        for (const auto& places : places_)
            for (const Place& place : places) place.set(shell_, none);
        originals_.clear();
        read_schema();
        (void)shell_.deepcopy();  // what cannot be copied is found out now
    }

    const std::vector<Weight>& weights() const override { return weights_; }
    const std::vector<Argument>& arguments() const override { return arguments_; }
    bool random() const override { return random_; }

    SpecTree infer(const Specs& inputs, bool training) const override {
        std::string key = str(training);
        for (const Spec& spec : inputs) key += str(" ", spec);
        {
            const std::lock_guard lock(mutex_);
            if (const auto found = inferred_.find(key); found != inferred_.end())
                return found->second;
        }
        bool known = true;
        for (const Spec& spec : inputs) known = known && spec.shape.is_static();
        SpecTree out = try_out(inputs, training, 0);
        if (!known) {
            const Specs other = try_out(inputs, training, 1).flatten();
            size_t next = 0;
            CORNU_CHECK(other.size() == out.leaf_count(), "outputs of another number");
            out = out.map([&](const Spec& a) { return both(a, other[next++]); });
        }
        const std::lock_guard lock(mutex_);
        return inferred_.emplace(key, std::move(out)).first->second;
    }

    Tensors run(const Run& run) const override {
        return in_words<BackendError>("TorchScript: ", [&] {
            const Settings settings;
            const c10::InferenceMode no_inference(false);
            const at::NoGradGuard no_grad;
            Values weights = weights_of(run), inputs;
            for (const Tensor& x : run.inputs) inputs.push_back(to_torch(x, device_).clone());
            const std::vector<at::Tensor> found =
                forward(weights, std::move(inputs), run.training, run.seed).flatten();
            Tensors out;
            for (const at::Tensor& y : found) out.push_back(from_torch(y, "an output", backend_));
            for (size_t i = 0; run.training && i < weights.size(); ++i)
                if (weights_[i].buffer)
                    out.push_back(
                        from_torch(std::move(weights[i]), weights_[i].names[0], backend_));
            return out;
        });
    }

    Tensors vjp(const Run& run, const Tensors& gradients,
                const std::vector<char>& wanted) const override {
        return in_words<BackendError>("TorchScript: ", [&] {
            const Settings settings;
            const c10::InferenceMode no_inference(false);
            const at::AutoGradMode with_gradients(true);
            Values weights = weights_of(run), inputs, sources;
            for (size_t i = 0; i < weights.size(); ++i)
                if (wanted[i]) sources.push_back(weights[i].requires_grad_(true));
            for (size_t i = 0; i < run.inputs.size(); ++i) {
                at::Tensor x = to_torch(run.inputs[i], device_);
                if (wanted[weights.size() + i]) sources.push_back(x.requires_grad_(true));
                inputs.push_back(x.clone());  // the module may write to it, but not to a source
            }
            Values outputs, weighted_by;
            size_t next = 0;
            for (const at::Tensor& y :
                 forward(weights, std::move(inputs), run.training, run.seed).flatten()) {
                if (!y.is_floating_point()) continue;
                const Tensor& g = gradients.at(next++);
                if (!y.requires_grad()) continue;
                outputs.push_back(y);
                weighted_by.push_back(to_torch(g, device_));
            }
            Values found(sources.size());
            if (!outputs.empty())
                found = ::torch::autograd::grad(outputs, sources, weighted_by, false, false, true);
            Tensors out;
            for (size_t i = 0; i < sources.size(); ++i)
                out.push_back(
                    from_torch(found[i].defined() ? found[i] : at::zeros_like(sources[i].detach()),
                               "a gradient", backend_));
            return out;
        });
    }

private:
    void take_weight(const std::string& name, const at::Tensor& value, bool buffer) {
        if (!value.defined()) return;
        for (size_t i = 0; i < originals_.size(); ++i)
            if (same_memory(originals_[i], value)) {
                weights_[i].names.push_back(name);
                places_[i].emplace_back(name);
                return;
            }
        const bool trainable = !buffer && value.requires_grad();
        weights_.push_back({.names = {name},
                            .value = from_torch(value.detach().clone(), name, backend_),
                            .buffer = buffer,
                            .trainable = trainable});
        places_.push_back({Place(name)});
        originals_.push_back(value);
    }

    // Weights in lists (those of recurrent cells) are put in there as well. Deeper down they would
    // stay what they are in the file, unnoticed.
    void find_weights(const std::string& name, const c10::IValue& value) {
        if (value.isTensor() || value.isObject()) return;
        if (value.isTensorList()) {
            const std::vector<at::Tensor> list = value.toTensorVector();
            for (size_t k = 0; k < list.size(); ++k)
                for (size_t i = 0; i < originals_.size(); ++i)
                    if (same_memory(originals_[i], list[k]))
                        places_[i].emplace_back(name, static_cast<int64_t>(k));
            return;
        }
        c10::IValue::HashAliasedIValues within;
        value.getSubValues(within);
        for (const c10::IValue& inner : within)
            for (size_t i = 0; inner.isTensor() && i < originals_.size(); ++i)
                if (same_memory(originals_[i], inner.toTensor()))
                    throw UnsupportedError(str("the module keeps its weight ", weights_[i].names[0],
                                               " in the attribute ", name,
                                               " as well, which is no list of tensors."));
    }

    void read_schema() {
        const jit::Method forward = shell_.get_method("forward");
        const auto& arguments = forward.function().getSchema().arguments();
        for (size_t i = 1; i < arguments.size(); ++i)  // after self
            arguments_.push_back({arguments[i].name(), !arguments[i].default_value().has_value()});
        const std::shared_ptr<jit::Graph> graph = forward.graph()->copy();
        jit::Inline(*graph);
        random_ = draws_numbers(*graph->block());
    }

    // Parameters where they lie; buffers as copies, which the module may change.
    Values weights_of(const Run& run) const {
        CORNU_CHECK(run.weights.size() == weights_.size(), "wrong number of weights");
        Values values;
        for (size_t i = 0; i < weights_.size(); ++i) {
            at::Tensor x = to_torch(run.weights[i], device_);
            values.push_back(weights_[i].buffer ? x.clone() : std::move(x));
        }
        return values;
    }

    // The buffers among `weights` become what the module makes of them.
    Outputs forward(Values& weights, Values inputs, bool training, uint64_t seed) const {
        // The interpreter as it is: its optimizer wants to see several runs first, and its guards
        // cost more than they bring where each run is of another kind.
        const jit::GraphOptimizerEnabledGuard no_optimizer(false);
        jit::Module module = shell_.deepcopy();
        std::vector<uint32_t> versions;
        for (const at::Tensor& weight : weights) versions.push_back(weight._version());
        for (size_t i = 0; i < weights.size(); ++i)
            for (const Place& place : places_[i]) place.set(module, weights[i]);
        module.train(training);
        std::vector<c10::IValue> arguments(inputs.begin(), inputs.end());
        const bool real = weights.empty() || !weights[0].is_meta();
        std::optional<Seeded> seeded;
        if (random_ && real) seeded.emplace(device_, seed);
        const Outputs out = outputs_of(module.forward(std::move(arguments)));
        for (size_t i = 0; i < weights.size(); ++i) {
            if (weights_[i].buffer) {
                weights[i] = places_[i][0].get(module);  // it may have put another there
            } else if (weights[i]._version() != versions[i]) {
                throw BackendError(str("TorchScript: the module changes its parameter ",
                                       weights_[i].names[0],
                                       " in place, which only buffers may be."));
            }
        }
        return out;
    }

    // ---- shapes ----

    static constexpr int64_t sizes[] = {83, 89}, batches[] = {2, 3};  // in place of unknown ones

    static Spec both(const Spec& a, const Spec& b) {
        if (a.shape.rank() != b.shape.rank() || a.dtype != b.dtype)
            throw ValueError("the rank or dtype of an output depends on the sizes of the inputs.");
        Spec out = a;
        for (size_t i = 0; i < out.shape.dims().size(); ++i)
            if (a.shape[i] != b.shape[i]) out.shape[i] = None;
        return out;
    }

    // The outputs on inputs with the first or second choice of what is unknown. First on tensors
    // without data, which costs nothing; modules that look at values, or hold constants, need some.
    SpecTree try_out(const Specs& inputs, bool training, size_t choice) const {
        try {
            return try_on(at::kMeta, inputs, training, choice);
        } catch (const std::exception&) {
            return in_words<BackendError>(
                "TorchScript, on zeros to find the shape of the outputs (`output_shape` would say "
                "it): ",
                [&] { return try_on(device_, inputs, training, choice); });
        }
    }
    SpecTree try_on(at::Device device, const Specs& inputs, bool training, size_t choice) const {
        const Settings settings;
        const c10::InferenceMode no_inference(false);
        const at::NoGradGuard no_grad;
        const auto zeros = [&](const Shape& shape, DType dtype) {
            std::vector<int64_t> dims(shape.begin(), shape.end());
            for (size_t i = 0; i < dims.size(); ++i)
                if (dims[i] < 0)
                    dims[i] = i == 0 && !device.is_meta() ? batches[choice] : sizes[choice];
            return at::zeros(dims, at::TensorOptions(type_of(dtype)).device(device));
        };
        Values weights, given;
        for (const Weight& w : weights_) weights.push_back(zeros(w.value.shape(), w.value.dtype()));
        for (const Spec& spec : inputs) given.push_back(zeros(spec.shape, spec.dtype));
        return forward(weights, std::move(given), training, 0).map([&](const at::Tensor& y) {
            return Spec{Shape(y.sizes().begin(), y.sizes().end()), dtype_of(y, "an output")};
        });
    }

    std::shared_ptr<const std::string> content_;
    at::Device device_;
    Backend& backend_;
    jit::Module shell_;  // without weights
    std::vector<Weight> weights_;
    std::vector<std::vector<Place>> places_;  // by weight
    Values originals_;
    std::vector<Argument> arguments_;
    bool random_ = false;
    mutable std::mutex mutex_;
    mutable std::map<std::string, SpecTree> inferred_;
};

}  // namespace

std::shared_ptr<const ForeignModule> open_torch_module(std::shared_ptr<const std::string> content,
                                                       at::Device device, Backend& backend) {
    return in_words<ValueError>("the module is no TorchScript archive that LibTorch can open: ", [&] {
        const Settings settings;
        const c10::InferenceMode no_inference(false);
        return std::make_shared<const TorchModule>(std::move(content), device, backend);
    });
}

}  // namespace cornu::torch
