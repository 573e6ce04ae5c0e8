#include "cornu/graph/passes.h"

#include "cornu/base/scope.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"

namespace cornu {

namespace {

// Copies a graph node by node; a pass decides for each node what stands for its outputs.
class Rewriter {
public:
    explicit Rewriter(const Graph& from) : from_(from), map_(from.values.size(), -1) {
        for (const ValueId id : from.inputs) {
            to_.inputs.push_back(map_[static_cast<size_t>(id)] = add(from.spec(id)));
        }
        to_.donated = from.donated;
    }

    ValueId map(ValueId id) {
        ValueId& mapped = map_[static_cast<size_t>(id)];
        if (mapped < 0) {
            CORNU_CHECK(from_.is_constant(id), "a value is used before it is made");
            mapped = constant(from_.constant(id));
        }
        return mapped;
    }
    void set(ValueId old_id, ValueId new_id) { map_[static_cast<size_t>(old_id)] = new_id; }

    ValueId constant(const Tensor& value) {
        const ValueId id = add(value.spec());
        to_.values.back().constant = static_cast<int32_t>(to_.constants.size());
        to_.constants.push_back(value);
        return id;
    }
    Graph::Node& copy(const Graph::Node& node) {
        Graph::Node copied{node.op, node.attrs, {}, {}, node.scope};
        for (const ValueId id : node.in) copied.in.push_back(map(id));
        for (const ValueId id : node.out) {
            const ValueId made = add(from_.spec(id));
            to_.values.back().node = static_cast<int32_t>(to_.nodes.size());
            copied.out.push_back(made);
            set(id, made);
        }
        to_.nodes.push_back(std::move(copied));
        return to_.nodes.back();
    }
    Graph finish() {
        for (const ValueId id : from_.outputs) to_.outputs.push_back(map(id));
        return std::move(to_);
    }
    const Graph& so_far() const { return to_; }

private:
    ValueId add(Spec spec) {
        to_.values.push_back({std::move(spec), -1, -1});
        return static_cast<ValueId>(to_.values.size() - 1);
    }
    const Graph& from_;
    Graph to_;
    std::vector<ValueId> map_;
};

constexpr int64_t small_constant = 64;  // elements; larger ones are told apart by identity alone

// Every element of a scalar or splat constant is this number.
std::optional<double> constant_scalar(const Graph& graph, ValueId id) {
    if (!graph.is_constant(id)) return std::nullopt;
    const Tensor& c = graph.constant(id);
    if (!c.shape().empty() || !c.concrete() || !c.buffer()->on_host() || c.dtype() == DType::string || is_complex(c.dtype())) return std::nullopt;
    return c.to_vector<double>()[0];
}

}  // namespace

Graph eliminate_dead_code(const Graph& graph) {
    std::vector<char> live(graph.values.size(), 0);
    for (const ValueId id : graph.outputs) live[static_cast<size_t>(id)] = 1;
    std::vector<char> keep(graph.nodes.size(), 0);
    for (size_t i = graph.nodes.size(); i-- > 0;) {
        const Graph::Node& node = graph.nodes[i];
        for (const ValueId id : node.out) keep[i] = keep[i] || live[static_cast<size_t>(id)];
        if (keep[i])
            for (const ValueId id : node.in) live[static_cast<size_t>(id)] = 1;
    }
    Rewriter rewriter(graph);
    for (size_t i = 0; i < graph.nodes.size(); ++i)
        if (keep[i]) rewriter.copy(graph.nodes[i]);
    return rewriter.finish();
}

Graph eliminate_common_subexpressions(const Graph& graph) {
    Rewriter rewriter(graph);
    std::unordered_map<std::string, ValueId> constants;
    std::unordered_map<std::string, std::vector<ValueId>> calls;
    for (size_t i = 0; i < graph.values.size(); ++i) {
        const auto id = static_cast<ValueId>(i);
        if (!graph.is_constant(id)) continue;
        const Tensor& c = graph.constant(id);
        std::string key;
        if (c.buffer()->on_host() && c.dtype() != DType::string && c.size() <= small_constant)
            key = str(c.spec(), c.weak(), std::string_view(static_cast<const char*>(c.raw()), static_cast<size_t>(bytes_for(c.dtype(), c.size()))));
        else
            key = str("#", c.buffer().get(), c.spec());
        const auto [found, fresh] = constants.try_emplace(key, -1);
        if (fresh) found->second = rewriter.constant(c);
        rewriter.set(id, found->second);
    }
    for (const Graph::Node& node : graph.nodes) {
        std::vector<ValueId> in;
        for (const ValueId id : node.in) in.push_back(rewriter.map(id));
        if (node.op->traits.commutative) std::sort(in.begin(), in.end());
        std::string key = str(static_cast<const void*>(node.op), node.attrs.to_string());
        for (const ValueId id : in) key += str(",", id);
        const auto [found, fresh] = calls.try_emplace(key);
        if (fresh) found->second = rewriter.copy(node).out;
        else
            for (size_t i = 0; i < node.out.size(); ++i) rewriter.set(node.out[i], found->second[i]);
    }
    return rewriter.finish();
}

Graph fold_constants(const Graph& graph, const std::function<Tensors(const Op&, const Tensors&, const Attrs&)>& run) {
    constexpr int64_t worth = 4096;  // a larger result must not outgrow what it is made of
    Rewriter rewriter(graph);
    for (const Graph::Node& node : graph.nodes) {
        bool constant = !node.in.empty();
        int64_t before = 0, after = 0;
        Tensors in;
        for (const ValueId id : node.in) {
            const ValueId mapped = rewriter.map(id);
            if (!rewriter.so_far().is_constant(mapped)) {
                constant = false;
                break;
            }
            in.push_back(rewriter.so_far().constant(mapped));
            before += in.back().size();
        }
        for (const ValueId id : node.out) {
            if (!graph.spec(id).shape.is_static()) constant = false;
            else after += graph.spec(id).shape.size();
        }
        if (!constant || (after > worth && after > before)) {
            rewriter.copy(node);
            continue;
        }
        const Tensors out = run(*node.op, in, node.attrs);
        for (size_t i = 0; i < out.size(); ++i) rewriter.set(node.out[i], rewriter.constant(out[i]));
    }
    return rewriter.finish();
}

Graph apply_identities(const Graph& graph) {
    Rewriter rewriter(graph);
    for (const Graph::Node& node : graph.nodes) {
        const std::string_view name = node.op->name;
        const auto same_as = [&](size_t i) {
            const Spec &in = graph.spec(node.in[i]), &out = graph.spec(node.out[0]);
            return in.shape == out.shape && in.dtype == out.dtype;
        };
        const auto producer = [&](size_t i) -> const Graph::Node* {
            const int32_t n = rewriter.so_far().values[static_cast<size_t>(rewriter.map(node.in[i]))].node;
            return n < 0 ? nullptr : &rewriter.so_far().nodes[static_cast<size_t>(n)];
        };
        ValueId stands = -1;  // what the node's output equals
        if (name == "cast" || name == "reshape" || name == "broadcast_to" || name == "stop_gradient") {
            if (same_as(0)) stands = rewriter.map(node.in[0]);
        } else if (name == "add" || name == "subtract" || name == "multiply" || name == "divide") {
            const bool additive = name == "add" || name == "subtract";
            for (size_t i = 0; i < 2 && stands < 0; ++i) {
                if (i == 0 && (name == "subtract" || name == "divide")) continue;
                // -0.0 + 0.0 is 0.0, so only x + -0.0 would be exact for a sign nobody looks at.
                if (constant_scalar(graph, node.in[i]) == (additive ? 0.0 : 1.0) && same_as(1 - i)) stands = rewriter.map(node.in[1 - i]);
            }
        }
        if (stands < 0 && name == "reshape")
            if (const Graph::Node* before = producer(0); before && std::string_view(before->op->name) == "reshape") {
                const ValueId source = before->in[0];
                Graph::Node& copied = rewriter.copy(node);
                copied.in[0] = source;
                continue;
            }
        if (stands < 0) rewriter.copy(node);
        else rewriter.set(node.out[0], stands);
    }
    return rewriter.finish();
}

Graph expand(const Graph& graph, const std::function<bool(const Graph::Node&, const Specs&)>& supported) {
    // A recording of the same calls, in which unsupported compositions call what they are made of.
    Recorder recorder;
    const UseMode use(&recorder);
    const Unheard unheard;
    Tensors values(graph.values.size());
    for (const ValueId id : graph.inputs) values[static_cast<size_t>(id)] = recorder.input(graph.spec(id));
    for (size_t i = 0; i < graph.values.size(); ++i)
        if (graph.values[i].constant >= 0) values[i] = graph.constant(static_cast<ValueId>(i));
    const std::function<Tensors(const Graph::Node&, const Tensors&)> emit = [&](const Graph::Node& node, const Tensors& in) {
        return !node.op->decompose || supported(node, specs_of(in)) ? recorder.apply(*node.op, in, node.attrs) : node.op->decompose(in, node.attrs);
    };
    bool changed = false;
    for (const Graph::Node& node : graph.nodes) {
        Tensors in;
        for (const ValueId id : node.in) in.push_back(values[static_cast<size_t>(id)]);
        changed = changed || (node.op->decompose && !supported(node, specs_of(in)));
        const Scope scope("", node.scope);
        const Tensors out = emit(node, in);
        for (size_t i = 0; i < out.size(); ++i) values[static_cast<size_t>(node.out[i])] = out[i];
    }
    if (!changed) return graph;
    Tensors outputs;
    for (const ValueId id : graph.outputs) outputs.push_back(values[static_cast<size_t>(id)]);
    Graph expanded = recorder.finish(outputs);
    expanded.donated = graph.donated;
    return expand(expanded, supported);  // a composition may be made of compositions
}

}  // namespace cornu
