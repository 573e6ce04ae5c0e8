// The XLA engine: graphs become StableHLO, which a PJRT plugin compiles. Values stay in the
// device's memory from call to call; a training step takes the memory of the state that it
// replaces.
#include <filesystem>
#include <fstream>
#include <mutex>
#include <unordered_map>

#include "cornu/backends/xla/pjrt_client.h"
#include "cornu/backends/xla/stablehlo.h"

namespace cornu::xla {

namespace {

const DeviceBuffer* on_device(const Tensor& tensor, const Client& client) {
    const auto* buffer = dynamic_cast<const DeviceBuffer*>(tensor.buffer().get());
    return buffer && &buffer->client() == &client ? buffer : nullptr;
}

// A host value that comes again (the weights of a model that only predicts) is uploaded once more
// and then kept. Held, it is shared, so that nobody updates it in place.
class Uploads {
public:
    explicit Uploads(size_t inputs) : slots_(inputs) {}

    std::shared_ptr<const DeviceBuffer> get(size_t i, const Tensor& host, const Client& client,
                                            Backend& backend) {
        const std::lock_guard lock(mutex_);
        Slot& slot = slots_[i];
        if (slot.held && slot.held == host.buffer()) return slot.device;
        const bool again = host.buffer()->writable() && slot.seen.lock() == host.buffer();
        slot = {host.buffer(), nullptr, nullptr};
        auto device = client.upload(host, backend);
        if (again) {
            slot.held = host.buffer();
            slot.device = device;
        }
        return device;
    }

private:
    struct Slot {
        std::weak_ptr<Buffer> seen;
        BufferPtr held;
        std::shared_ptr<const DeviceBuffer> device;
    };
    std::mutex mutex_;
    std::vector<Slot> slots_;
};

// The largest value that a program makes: when a run fails, most often memory is short.
std::string largest_value(const Graph& graph) {
    std::string largest;
    int64_t most = 0;
    for (const Graph::Node& node : graph.nodes)
        for (const ValueId id : node.out) {
            const Spec& spec = graph.spec(id);
            const int64_t bytes = bytes_for(spec.dtype, spec.shape.size());
            if (bytes <= most) continue;
            most = bytes;
            largest = str(" The largest value of the program is ", spec, " of ops.", node.op->name,
                          node.scope.empty() ? "" : " in ", node.scope, ".");
        }
    return largest;
}

class XlaExecutable final : public Executable {
public:
    XlaExecutable(const Graph& graph, const Client& client, Backend& backend, std::string text,
                  std::shared_ptr<Program> program, const Tensors& constants)
        : client_(client),
          backend_(backend),
          text_(std::move(text)),
          program_(std::move(program)),
          in_(graph.input_specs()),
          out_(graph.output_specs()),
          donated_(graph.donated),
          largest_(largest_value(graph)),
          uploads_(in_.size()) {
        donated_.resize(out_.size(), -1);
        for (const Tensor& constant : constants) {
            if (const auto* there = on_device(constant, client)) {
                constants_.push_back({constant.buffer(), there});
            } else {
                const auto device = client.upload(constant.to_host(), backend);
                constants_.push_back({device, device.get()});
            }
        }
    }

    // The plugin must not be at work when the process ends.
    ~XlaExecutable() override { program_->synchronize(); }

    void run(std::span<const Tensor* const> inputs, std::span<Tensor* const> outputs) override {
        CORNU_CHECK(inputs.size() == in_.size() && outputs.size() == out_.size(),
                    "wrong number of inputs or outputs");
        std::vector<PJRT_Buffer*> arguments;
        std::vector<int64_t> kept;
        std::vector<std::shared_ptr<const DeviceBuffer>> uploaded;
        std::vector<char> given_away(in_.size(), 0);
        for (size_t j = 0; j < out_.size(); ++j)
            if (donated_[j] >= 0 && inputs[static_cast<size_t>(donated_[j])] == outputs[j])
                given_away[static_cast<size_t>(donated_[j])] = 1;

        for (size_t i = 0; i < in_.size(); ++i) {
            const Tensor& x = *inputs[i];
            // The plugin itself would only compare sizes in bytes.
            if (x.shape() != in_[i].shape || x.dtype() != in_[i].dtype)
                throw ShapeError(str("input ", i, " of a compiled graph must be ", in_[i],
                                     ". Received: ", x.spec()));
            const DeviceBuffer* device = on_device(x, client_);
            bool own =
                device && given_away[i] && x.sole_owner();  // memory that nobody else can see
            if (!device) {
                const Tensor host = x.to_host();
                uploaded.push_back(given_away[i] ? client_.upload(host, backend_)
                                                 : uploads_.get(i, host, client_, backend_));
                device = uploaded.back().get();
                own = given_away[i];
            }
            if (!own) kept.push_back(static_cast<int64_t>(i));
            arguments.push_back(device->handle());
        }
        for (const Constant& constant : constants_) {
            kept.push_back(static_cast<int64_t>(arguments.size()));
            arguments.push_back(constant.device->handle());
        }
        std::vector<PJRT_Buffer*> results(out_.size());
        try {
            program_->run(arguments, kept, results);
        } catch (const BackendError& error) {
            throw BackendError(error.what() + largest_);
        }
        for (size_t j = 0; j < out_.size(); ++j)
            *outputs[j] =
                Tensor::on(std::make_shared<DeviceBuffer>(client_, backend_, results[j], out_[j]),
                           {out_[j].shape, out_[j].dtype});
    }
    size_t output_count() const override { return out_.size(); }
    Statistics statistics() const override {
        Statistics s;
        for (const Constant& constant : constants_) s.constant_bytes += constant.device->bytes();
        return s;
    }
    std::string to_string() const override { return text_; }

private:
    struct Constant {
        BufferPtr owner;
        const DeviceBuffer* device;
    };
    const Client& client_;
    Backend& backend_;
    std::string text_;
    std::shared_ptr<Program> program_;
    Specs in_, out_;
    std::vector<int32_t> donated_;
    std::string largest_;
    std::vector<Constant> constants_;
    Uploads uploads_;
};

// ", xla-cpu-pjrt==0.0.1": what tools/engines wrote beside the plugin.
std::string package_of(const std::string& plugin) {
    std::ifstream file(std::filesystem::path(plugin).parent_path() / "package");
    std::string line;
    return std::getline(file, line) ? ", " + line : "";
}

class XlaBackend final : public Backend {
public:
    XlaBackend() : client_(*new Client(find_plugin())) {}

    BackendInfo info() const override {
        return {"xla",
                "PJRT " + client_.version() + package_of(client_.plugin()),
                {client_.device()},
                client_.plugin()};
    }
    bool supports(const Op& op, std::span<const Spec> in, const Attrs& attrs) const override {
        return xla::supports(op, in, attrs, const_cast<XlaBackend&>(*this));
    }
    std::shared_ptr<Executable> compile(const Graph& graph) override {
        Module module = to_stablehlo(graph, *this);
        std::shared_ptr<Program> program = compiled(module.text);
        return std::make_shared<XlaExecutable>(graph, client_, *this, std::move(module.text),
                                               std::move(program), module.constants);
    }
    Tensor upload(const Tensor& tensor, const std::string&) override {
        if (on_device(tensor, client_) || !has_type(tensor.dtype())) return tensor;
        return Tensor::on(client_.upload(tensor.to_host(), *this), tensor.spec());
    }
    void synchronize() override { client_.synchronize(); }

private:
    std::shared_ptr<Program> compiled(const std::string& text) {
        {
            const std::lock_guard lock(mutex_);
            const auto found = programs_.find(text);
            if (found != programs_.end()) return found->second;
        }
        std::shared_ptr<Program> program =
            client_.compile(text);  // others may compile meanwhile
        const std::lock_guard lock(mutex_);
        if (programs_.size() >= capacity)
            programs_.clear();  // those in use stay with their executables
        return programs_.emplace(text, std::move(program)).first->second;
    }

    static constexpr size_t capacity = 1024;
    Client& client_;
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<Program>> programs_;
};

}  // namespace
}  // namespace cornu::xla

namespace cornu {

// Never destroyed, as the client is not: tensors and programs of statics may end after it would.
extern "C" CORNU_API const BackendEntry cornu_backend_v1 = {
    backend_stamp, [] { return std::shared_ptr<Backend>(new xla::XlaBackend, [](Backend*) {}); }};

}  // namespace cornu
