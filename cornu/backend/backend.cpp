#include "cornu/backend/backend.h"

#include <mutex>
#include <unordered_map>

#include "cornu/backend/split.h"
#include "cornu/graph/passes.h"
#include "cornu/graph/recorder.h"
#include "cornu/tensor/context.h"

namespace cornu {

Tensors Executable::operator()(const Tensors& inputs) {
    std::vector<const Tensor*> in;
    for (const Tensor& tensor : inputs) in.push_back(&tensor);
    Tensors out(output_count());
    std::vector<Tensor*> outs;
    for (Tensor& tensor : out) outs.push_back(&tensor);
    run(in, outs);
    return out;
}

// Compiled graphs of one op, by op, attributes and specs.
struct Backend::OneOpCache {
    struct Entry {
        Attrs attrs;
        Specs in;
        std::shared_ptr<Executable> executable;
        Specs out;
    };
    static constexpr size_t capacity = 4096;
    std::mutex mutex;
    std::unordered_multimap<size_t, Entry> entries;

    static size_t hash(const Op& op, const Tensors& in) {
        size_t h = std::hash<const void*>()(&op);
        const auto mix = [&](size_t v) { h = (h ^ v) * 0x9E3779B97F4A7C15u; };
        for (const Tensor& x : in) {
            mix(static_cast<size_t>(x.dtype()) + 31);
            for (const int64_t dim : x.shape()) mix(static_cast<size_t>(dim) + 7);
        }
        return h;
    }
    static bool matches(const Entry& entry, const Tensors& in, const Attrs& attrs) {
        if (entry.in.size() != in.size()) return false;
        for (size_t i = 0; i < in.size(); ++i)
            if (!(entry.in[i] == in[i].spec())) return false;
        return (entry.attrs.empty() && attrs.empty()) || entry.attrs == attrs;
    }
};

Backend::Backend() : cache_(std::make_shared<OneOpCache>()) {}

Tensors Backend::run(const Op& op, const Tensors& in, const Attrs& attrs) {
    const size_t hash = OneOpCache::hash(op, in);
    std::shared_ptr<Executable> executable;
    Specs out_specs;
    {
        std::lock_guard lock(cache_->mutex);
        const auto [begin, end] = cache_->entries.equal_range(hash);
        for (auto it = begin; it != end; ++it)
            if (OneOpCache::matches(it->second, in, attrs)) {
                executable = it->second.executable;
                out_specs = it->second.out;
                break;
            }
    }
    if (!executable) {
        Recorder recorder;
        Tensors traced;
        for (const Tensor& x : in) traced.push_back(recorder.input(x.spec()));
        const Graph graph = recorder.finish(recorder.apply(op, traced, attrs));
        out_specs = graph.output_specs();
        executable = compile(graph);
        std::lock_guard lock(cache_->mutex);
        if (cache_->entries.size() >= OneOpCache::capacity) cache_->entries.clear();
        cache_->entries.emplace(hash, OneOpCache::Entry{attrs, specs_of(in), executable, out_specs});
    }
    Tensors out = (*executable)(in);
    for (size_t i = 0; i < out.size(); ++i)
        if (out_specs[i].weak) out[i] = Tensor::on(out[i].buffer(), out_specs[i]);
    return out;
}

Tensor Backend::upload(const Tensor& tensor, const std::string&) { return tensor; }

namespace {

// The current context's backend is another one meanwhile.
class OnBackend {
public:
    explicit OnBackend(std::shared_ptr<Backend> backend) : before_(context_.backend()) { context_.set_backend(std::move(backend)); }
    ~OnBackend() { context_.set_backend(before_); }
    OnBackend(const OnBackend&) = delete;
    OnBackend& operator=(const OnBackend&) = delete;

private:
    Context& context_ = Context::current();
    std::shared_ptr<Backend> before_;
};

Graph simplify(Graph graph, const Backend& backend) {
    // On the host: an engine with a compiler would make a program for each constant.
    const std::shared_ptr<Backend> native = find_backend("native");
    const bool is_host = backend.info().name == native->info().name;
    const auto run = [&](const Op& op, const Tensors& in, const Attrs& attrs) {
        const UseMode eagerly(nullptr);
        const Unheard unheard;
        if (is_host) return apply(op, in, attrs);
        const OnBackend on_host(native);
        Tensors host;
        for (const Tensor& x : in) host.push_back(x.to_host());
        return apply(op, host, attrs);
    };
    const auto supported = [&](const Graph::Node& node, const Specs& in) { return backend.supports(*node.op, in, node.attrs); };
    graph = eliminate_dead_code(graph);
    graph = expand(graph, supported);
    graph = apply_identities(graph);
    graph = fold_constants(graph, run);
    graph = eliminate_common_subexpressions(graph);
    graph = eliminate_dead_code(graph);
    graph.verify();
    return graph;
}

[[noreturn]] void refuse(const Graph& graph, const Graph::Node& node, const Backend& backend) {
    std::string specs;
    for (const ValueId id : node.in) specs += str(specs.empty() ? "" : ", ", graph.spec(id));
    throw BackendError(str(node.scope.empty() ? "" : str("[", node.scope, "] "), "the backend ", backend.info().name,
                           " has no ops.", node.op->name, " for ", specs, "."));
}

}  // namespace

Graph prepare(Graph graph, const Backend& backend) {
    graph = simplify(std::move(graph), backend);
    for (const Graph::Node& node : graph.nodes)
        if (!supports(backend, graph, node)) refuse(graph, node, backend);
    return graph;
}

std::shared_ptr<Executable> compile(Graph graph, Backend& backend) {
    graph = simplify(std::move(graph), backend);
    std::shared_ptr<Backend> host;
    bool cut = false;
    for (const Graph::Node& node : graph.nodes) {
        if (node.op->traits.host_only) {
            cut = true;
            continue;
        }
        if (supports(backend, graph, node)) continue;
        if (!host) host = find_backend("native");
        if (host.get() == &backend || !supports(*host, graph, node)) refuse(graph, node, backend);
        warn_of_fallback(*node.op, backend);
    }
    return cut || host ? compile_split(std::move(graph), backend, host ? *host : backend) : backend.compile(graph);
}

}  // namespace cornu
