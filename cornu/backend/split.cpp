// A graph that one engine cannot run alone: cut into stretches of calls, each compiled by the engine
// or, where it lacks an op, by the native one on the host; and at host calls, which no engine makes.
#include "cornu/backend/split.h"

#include <algorithm>

#include "cornu/base/log.h"
#include "cornu/ops/host_call.h"

namespace cornu {

namespace {

// A host call stands alone: it has a node and no executable.
struct Stretch {
    std::shared_ptr<Executable> executable;
    const Graph::Node* call = nullptr;
    std::vector<ValueId> in, out;
    bool on_host = false;
};

// Calls on the host that wait for nothing but the graph's inputs come first, so that what follows is
// one stretch.
void host_calls_first(Graph& graph) {
    std::vector<char> early(graph.values.size(), 0);
    for (const ValueId id : graph.inputs) early[static_cast<size_t>(id)] = 1;
    for (size_t i = 0; i < graph.values.size(); ++i) early[i] |= graph.values[i].constant >= 0;
    std::vector<size_t> order, rest;
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        const Graph::Node& node = graph.nodes[n];
        const bool first = node.op->traits.host_only && std::all_of(node.in.begin(), node.in.end(), [&](ValueId id) { return early[static_cast<size_t>(id)] != 0; });
        if (first)
            for (const ValueId id : node.out) early[static_cast<size_t>(id)] = 1;
        (first ? order : rest).push_back(n);
    }
    order.insert(order.end(), rest.begin(), rest.end());
    std::vector<Graph::Node> nodes;
    for (const size_t n : order) {
        for (const ValueId id : graph.nodes[n].out) graph.values[static_cast<size_t>(id)].node = static_cast<int32_t>(nodes.size());
        nodes.push_back(std::move(graph.nodes[n]));
    }
    graph.nodes = std::move(nodes);
}

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
        host_calls_first(graph_);
        graph_.donated.resize(graph_.outputs.size(), -1);
        constexpr auto never = static_cast<size_t>(-1);
        std::vector<size_t> last_use(graph_.values.size(), 0);
        for (size_t n = 0; n < graph_.nodes.size(); ++n)
            for (const ValueId id : graph_.nodes[n].in) last_use[static_cast<size_t>(id)] = n;
        for (const ValueId id : graph_.outputs) last_use[static_cast<size_t>(id)] = never;
        made_in_place_.assign(graph_.outputs.size(), 0);
        const auto is_call = [&](size_t n) { return graph_.nodes[n].op->traits.host_only; };
        const auto runs_on = [&](size_t n) { return !is_call(n) && supports(backend, graph_, graph_.nodes[n]); };
        for (size_t first = 0, last = 0; first < graph_.nodes.size(); first = last) {
            Stretch stretch;
            if (is_call(first)) {
                const Graph::Node& node = graph_.nodes[last++];
                stretch.call = &node;
                stretch.in = node.in;
                stretch.out = node.out;
            } else {
                const bool own = runs_on(first);
                while (last < graph_.nodes.size() && !is_call(last) && runs_on(last) == own) ++last;
                stretch.on_host = !own;
                Graph part = cut(graph_, first, last, last_use, stretch.in, stretch.out);
                if (own) donate(part, stretch, last, last_use);
                stretch.executable = (own ? backend : host).compile(part);
            }
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
        // Where a value is: inputs and results made in place stay with the caller, as a donated one needs.
        std::vector<const Tensor*> place(graph_.values.size());
        std::vector<Tensor*> result(graph_.values.size(), nullptr);
        for (size_t i = 0; i < values.size(); ++i) {
            const auto id = static_cast<ValueId>(i);
            place[i] = graph_.is_constant(id) ? &graph_.constant(id) : &values[i];
        }
        for (size_t i = 0; i < inputs.size(); ++i) place[static_cast<size_t>(graph_.inputs[i])] = inputs[i];
        for (size_t i = 0; i < outputs.size(); ++i)
            if (made_in_place_[i]) place[static_cast<size_t>(graph_.outputs[i])] = result[static_cast<size_t>(graph_.outputs[i])] = outputs[i];
        for (size_t s = 0; s < stretches_.size(); ++s) {
            run(stretches_[s], place, values, result);
            for (const ValueId id : dead_after_[s]) values[static_cast<size_t>(id)] = {};
        }
        for (size_t i = 0; i < outputs.size(); ++i)
            if (!made_in_place_[i]) *outputs[i] = *place[static_cast<size_t>(graph_.outputs[i])];
    }
    size_t output_count() const override { return graph_.outputs.size(); }

private:
    // What the graph donates its part donates too, where the input is not needed after it.
    void donate(Graph& part, const Stretch& stretch, size_t end, const std::vector<size_t>& last_use) {
        part.donated.assign(part.outputs.size(), -1);
        for (size_t j = 0; j < graph_.outputs.size(); ++j) {
            if (graph_.donated[j] < 0) continue;
            const ValueId donor = graph_.inputs[static_cast<size_t>(graph_.donated[j])];
            const auto in = std::find(stretch.in.begin(), stretch.in.end(), donor), out = std::find(stretch.out.begin(), stretch.out.end(), graph_.outputs[j]);
            if (in == stretch.in.end() || out == stretch.out.end() || last_use[static_cast<size_t>(donor)] >= end) continue;
            part.donated[static_cast<size_t>(out - stretch.out.begin())] = static_cast<int32_t>(in - stretch.in.begin());
            made_in_place_[j] = 1;
        }
    }

    static void run(const Stretch& stretch, const std::vector<const Tensor*>& place, Tensors& values, const std::vector<Tensor*>& result) {
        if (stretch.call) {
            Tensors in;
            for (const ValueId id : stretch.in) in.push_back(*place[static_cast<size_t>(id)]);
            Tensors out = run_host_call(stretch.call->attrs, in);
            for (size_t i = 0; i < out.size(); ++i) values[static_cast<size_t>(stretch.out[i])] = std::move(out[i]);
            return;
        }
        Tensors fetched(stretch.in.size());
        std::vector<const Tensor*> in;
        std::vector<Tensor*> out;
        for (size_t i = 0; i < stretch.in.size(); ++i) {
            const Tensor* value = place[static_cast<size_t>(stretch.in[i])];
            if (stretch.on_host) fetched[i] = value->to_host();
            in.push_back(stretch.on_host ? &fetched[i] : value);
        }
        for (const ValueId id : stretch.out) out.push_back(result[static_cast<size_t>(id)] ? result[static_cast<size_t>(id)] : &values[static_cast<size_t>(id)]);
        stretch.executable->run(in, out);
    }

    Graph graph_;
    std::vector<Stretch> stretches_;
    std::vector<std::vector<ValueId>> dead_after_;
    std::vector<char> made_in_place_;    // by output: over the input that it takes over
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
