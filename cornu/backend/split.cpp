// A graph that one engine cannot run alone: cut into stretches of calls, each compiled by the engine
// or, where it lacks an op, by the native one on the host.
#include "cornu/backend/split.h"

#include "cornu/base/log.h"

namespace cornu {

namespace {

struct Stretch {
    std::shared_ptr<Executable> executable;
    std::vector<ValueId> in, out;
    bool on_host;
};

// The calls [first, last) of `graph` as a graph of its own: what they need from before are its inputs,
// what anyone after them needs are its outputs.
Graph cut(const Graph& graph, size_t first, size_t last, const std::vector<size_t>& last_use, std::vector<ValueId>& in, std::vector<ValueId>& out) {
    Graph part;
    std::vector<ValueId> renamed(graph.values.size(), -1);
    const auto rename = [&](ValueId id) {
        ValueId& own = renamed[static_cast<size_t>(id)];
        if (own >= 0) return own;
        own = static_cast<ValueId>(part.values.size());
        part.values.push_back({graph.spec(id)});
        if (graph.is_constant(id)) {
            part.values.back().constant = static_cast<int32_t>(part.constants.size());
            part.constants.push_back(graph.constant(id));
        } else {
            part.inputs.push_back(own);
            in.push_back(id);
        }
        return own;
    };
    for (size_t n = first; n < last; ++n) {
        Graph::Node node = graph.nodes[n];
        for (ValueId& id : node.in) id = rename(id);
        for (ValueId& id : node.out) {
            const ValueId whole = id;
            id = renamed[static_cast<size_t>(whole)] = static_cast<ValueId>(part.values.size());
            part.values.push_back({graph.spec(whole), static_cast<int32_t>(n - first)});
            if (last_use[static_cast<size_t>(whole)] < last) continue;
            part.outputs.push_back(id);
            out.push_back(whole);
        }
        part.nodes.push_back(std::move(node));
    }
    return part;
}

class SplitExecutable final : public Executable {
public:
    SplitExecutable(Graph graph, Backend& backend, Backend& host) : graph_(std::move(graph)) {
        constexpr auto never = static_cast<size_t>(-1);
        std::vector<size_t> last_use(graph_.values.size(), 0);
        for (size_t n = 0; n < graph_.nodes.size(); ++n)
            for (const ValueId id : graph_.nodes[n].in) last_use[static_cast<size_t>(id)] = n;
        for (const ValueId id : graph_.outputs) last_use[static_cast<size_t>(id)] = never;
        const auto runs_on = [&](size_t n) { return supports(backend, graph_, graph_.nodes[n]); };
        for (size_t first = 0, last = 0; first < graph_.nodes.size(); first = last) {
            const bool own = runs_on(first);
            while (last < graph_.nodes.size() && runs_on(last) == own) ++last;
            Stretch stretch{.executable = nullptr, .in = {}, .out = {}, .on_host = !own};
            const Graph part = cut(graph_, first, last, last_use, stretch.in, stretch.out);
            stretch.executable = (own ? backend : host).compile(part);
            stretches_.push_back(std::move(stretch));
        }
        // After which stretch a value is needed no more.
        dead_after_.resize(stretches_.size());
        std::vector<char> seen(graph_.values.size(), 0);
        for (const ValueId id : graph_.outputs) seen[static_cast<size_t>(id)] = 1;
        for (size_t s = stretches_.size(); s-- > 0;)
            for (const ValueId id : stretches_[s].in)
                if (!seen[static_cast<size_t>(id)]++) dead_after_[s].push_back(id);
    }

    void run(std::span<const Tensor* const> inputs, std::span<Tensor* const> outputs) override {
        Tensors values(graph_.values.size());
        for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph_.inputs[i])] = *inputs[i];
        for (size_t s = 0; s < stretches_.size(); ++s) {
            const Stretch& stretch = stretches_[s];
            Tensors in;
            for (const ValueId id : stretch.in) {
                const Tensor& value = values[static_cast<size_t>(id)];
                in.push_back(stretch.on_host ? value.to_host() : value);
            }
            Tensors out = (*stretch.executable)(in);
            for (size_t i = 0; i < out.size(); ++i) values[static_cast<size_t>(stretch.out[i])] = std::move(out[i]);
            for (const ValueId id : dead_after_[s]) values[static_cast<size_t>(id)] = {};
        }
        for (size_t i = 0; i < outputs.size(); ++i) {
            const ValueId id = graph_.outputs[i];
            *outputs[i] = graph_.is_constant(id) ? graph_.constant(id) : values[static_cast<size_t>(id)];
        }
    }
    size_t output_count() const override { return graph_.outputs.size(); }

private:
    Graph graph_;
    std::vector<Stretch> stretches_;
    std::vector<std::vector<ValueId>> dead_after_;
};

}  // namespace

bool supports(const Backend& backend, const Graph& graph, const Graph::Node& node) {
    Specs in;
    for (const ValueId id : node.in) in.push_back(graph.spec(id));
    return backend.supports(*node.op, in, node.attrs);
}

void warn_of_fallback(const Op& op, const Backend& backend) {
    log_once(str("fallback:", op.name), LogLevel::warning,
             str("ops.", op.name, " runs on the host: the backend ", backend.info().name, " lacks it."));
}

std::shared_ptr<Executable> compile_split(Graph graph, Backend& backend, Backend& host) {
    return std::make_shared<SplitExecutable>(std::move(graph), backend, host);
}

}  // namespace cornu
