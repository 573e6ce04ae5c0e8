// The torch engine: graphs walked by LibTorch's own kernels, call by call. Derivatives are the
// core's: LibTorch records none (InferenceMode). TorchScript modules are another matter.
#include <c10/core/InferenceMode.h>
#include <torch/headeronly/version.h>

#include <fstream>

#include "cornu/backends/torch/program.h"
#include "cornu/backends/torch/settings.h"
#include "cornu/backends/torch/torch_module.h"
#include "cornu/ops/apply.h"

namespace cornu::torch {

namespace {

// What holds while LibTorch runs graphs for us on this thread.
class Running {
    Settings settings_;
    c10::InferenceMode inference_;
};

class TorchExecutable final : public Executable {
public:
    TorchExecutable(Program program, Backend& backend, at::Device device)
        : program_(std::move(program)), backend_(backend), device_(device) {}

    void run(std::span<const Tensor* const> inputs, std::span<Tensor* const> outputs) override {
        const Specs &in = program_.in(), &out = program_.out();
        CORNU_CHECK(inputs.size() == in.size() && outputs.size() == out.size(),
                    "wrong number of inputs or outputs");
        const Running running;
        Values arguments;
        for (size_t i = 0; i < in.size(); ++i) {
            const Tensor& x = *inputs[i];
            if (x.shape() != in[i].shape || x.dtype() != in[i].dtype)
                throw ShapeError(str("input ", i, " of a compiled graph must be ", in[i],
                                     ". Received: ", x.spec()));
            arguments.push_back(to_carrier(x, device_));
        }
        // State that nobody else looks at is updated where it lies.
        std::vector<char> writable(in.size(), 0);
        for (size_t j = 0; j < out.size(); ++j) {
            const auto i = static_cast<size_t>(program_.donated()[j]);
            if (program_.donated()[j] >= 0 && inputs[i] == outputs[j])
                writable[i] = inputs[i]->sole_owner() && inputs[i]->buffer()->writable();
        }
        Values results = program_.run(arguments, writable);
        // The arguments are still held: a result that is a view of one is seen to be shared.
        for (size_t j = 0; j < out.size(); ++j) {
            const auto i = static_cast<size_t>(program_.donated()[j]);
            if (program_.donated()[j] >= 0 && writable[i] &&
                results[j].const_data_ptr() == arguments[i].const_data_ptr())
                continue;
            *outputs[j] = from_carrier(std::move(results[j]), out[j], backend_);
        }
    }
    size_t output_count() const override { return program_.out().size(); }
    Statistics statistics() const override {
        Statistics s;
        s.steps = program_.calls();
        s.constant_bytes = program_.constant_bytes();
        return s;
    }
    std::string to_string() const override { return program_.to_string(); }

private:
    Program program_;
    Backend& backend_;
    at::Device device_;
};

// ", torch==2.13.0+cpu": what tools/engines wrote beside it.
std::string package_of(const std::string& folder) {
    std::ifstream file(folder + "/package");
    std::string line;
    return std::getline(file, line) ? ", " + line : "";
}

class TorchBackend final : public Backend, public ModuleRuntime {
public:
    explicit TorchBackend(const std::string& folder) : folder_(folder) {
        at::Context& context = at::globalContext();
        if (context.hasCUDA()) device_ = at::Device(at::kCUDA, 0);
        // Products of float32 are float32's.
        context.setAllowTF32CuBLAS(false);
        context.setAllowTF32CuDNN(false);
        // Deterministic mode would write every new tensor twice; ours are all written.
        context.setDeterministicFillUninitializedMemory(false);
    }

    BackendInfo info() const override {
        return {"torch",
                str("LibTorch ", TORCH_VERSION, package_of(folder_)),
                {device_.is_cpu() ? "cpu" : "gpu:0"},
                str(folder_, ", ", threads(), " threads")};
    }
    bool supports(const Op& op, std::span<const Spec> in, const Attrs& attrs) const override {
        return torch::supports(op, in, attrs, const_cast<TorchBackend&>(*this));
    }
    std::shared_ptr<Executable> compile(const Graph& graph) override {
        const Running running;
        return std::make_shared<TorchExecutable>(Program(graph, *this, device_), *this, device_);
    }
    Tensor upload(const Tensor& tensor, const std::string&) override {
        if (device_.is_cpu() || !kind_of(tensor.dtype())) return tensor;
        const Running running;
        return from_carrier(to_carrier(tensor, device_), tensor.spec(), *this);
    }
    std::shared_ptr<const ForeignModule> open_module(
        std::shared_ptr<const std::string> content) override {
#ifdef CORNU_NO_TORCHSCRIPT
        (void)content;
        throw BackendError(
            "the torch engine was built without the headers of TorchScript: run "
            "`tools/engines torch`, then build Cornu again (see docs/torch_modules.md)");
#else
        return open_torch_module(std::move(content), device_, *this);
#endif
    }

private:
    std::string folder_;
    at::Device device_ = at::kCPU;
};

}  // namespace

// Never destroyed: LibTorch's own statics are gone before the registry's.
extern "C" CORNU_API std::shared_ptr<Backend> cornu_make_torch(const std::string& folder) {
    return std::shared_ptr<Backend>(new TorchBackend(folder), [](Backend*) {});
}

}  // namespace cornu::torch
