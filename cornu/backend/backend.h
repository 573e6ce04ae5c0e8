// Backend: an engine that runs Graphs. Few virtuals; the defaults bridge both styles: a graph engine
// gets `run` by compiling a graph of one op, an eager one gets `compile` by walking (see walk.h).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cornu/graph/graph.h"

namespace cornu {

struct BackendInfo {
    std::string name;                   // "native"
    std::string version;
    std::vector<std::string> devices;   // "cpu", "gpu:0"
    std::string detail;                 // instruction set, library paths, …
};

// A compiled graph: may be run again and again, by several threads at once.
class CORNU_API Executable {
public:
    virtual ~Executable() = default;
    // `inputs` in the graph's order. Each output tensor is reused when it has the right size and
    // nobody else holds it, else replaced. Where the graph donates an input, pass the same Tensor as
    // input and output: it is updated in place if it has one owner, else it gets fresh memory.
    virtual void run(std::span<const Tensor* const> inputs, std::span<Tensor* const> outputs) = 0;
    virtual size_t output_count() const = 0;
    Tensors operator()(const Tensors& inputs);

    struct Statistics {
        size_t steps = 0, arena_bytes = 0, constant_bytes = 0;
    };
    virtual Statistics statistics() const { return {}; }
    virtual std::string to_string() const { return {}; }  // the plan, for people
};

class CORNU_API Backend {
public:
    virtual ~Backend() = default;
    virtual BackendInfo info() const = 0;
    // Whether it has a kernel or lowering of its own for this call.
    virtual bool supports(const Op& op, std::span<const Spec> in, const Attrs& attrs) const = 0;
    // `graph` has static shapes, holds supported calls only, and has been simplified.
    virtual std::shared_ptr<Executable> compile(const Graph& graph) = 0;
    // One call, now. The default compiles a graph of it, and remembers.
    virtual Tensors run(const Op& op, const Tensors& in, const Attrs& attrs);
    // The same value in this engine's memory; host engines return it as it is.
    virtual Tensor upload(const Tensor& tensor, const std::string& device);
    // Returns when nothing that it was given still runs; host engines are done when they return.
    virtual void synchronize() {}

protected:
    Backend();

private:
    struct OneOpCache;
    std::shared_ptr<OneOpCache> cache_;
};

// The passes before compilation: `graph` simplified, with what `backend` lacks expanded. Throws
// BackendError that names op and scope when something can neither be run nor expanded.
CORNU_API Graph prepare(Graph graph, const Backend& backend);
// The same, compiled; calls that only the native engine has run there, on the host, with a warning.
CORNU_API std::shared_ptr<Executable> compile(Graph graph, Backend& backend);

// ---- which engine ----

// "native" is always there; others are plugins found at run time (see docs/engines.md). Throws
// BackendError saying what was looked for and what to install.
CORNU_API std::shared_ptr<Backend> find_backend(const std::string& name);
// The current context's: set_backend's, else CORNU_BACKEND's, else native.
CORNU_API std::shared_ptr<Backend> current_backend();

struct BackendStatus {
    std::string name;
    bool found = false;
    std::string reason;  // why not
    BackendInfo info;
};
CORNU_API std::vector<BackendStatus> backend_statuses();  // every engine known by name

namespace config {
CORNU_API void set_backend(const std::string& name);
CORNU_API std::string backend();
}  // namespace config

// What a plugin exports, as `cornu_backend_v1`; `stamp` is checked before `make` is called.
struct BackendEntry {
    const char* stamp;
    std::shared_ptr<Backend> (*make)();
};
inline constexpr const char* backend_stamp = "cornu-backend-1";

}  // namespace cornu
