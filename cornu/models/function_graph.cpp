#include "cornu/models/function_graph.h"

#include <algorithm>
#include <map>
#include <set>

namespace cornu {

namespace {

using Node = FunctionGraph::Node;

const Node& node_of(const Tensor& tensor) { return symbolic_origin(tensor).node(); }

// Depth-first from the outputs. With a stack of its own: a model read from a file may be deeper than
// the machine's.
class Walk {
public:
    explicit Walk(const Tensors& inputs) {
        for (const Tensor& x : inputs) inputs_.insert(key_of(x));
    }

    void visit(const Tensor& output) {
        enter(output);
        while (!stack_.empty()) {
            Frame& frame = stack_.back();
            if (frame.next < frame.inputs.size()) {
                const Tensor input = frame.inputs[frame.next++];
                enter(input);
            } else {
                order.push_back(frame.node);
                finished_.insert(frame.node.get());
                in_progress_.erase(frame.node.get());
                stack_.pop_back();
            }
        }
    }

    std::vector<Node> order;                                       // inputs before what needs them
    std::unordered_map<const Operation*, int64_t> first_met;

private:
    struct Frame {
        Node node;
        Tensors inputs;
        size_t next = 0;
    };

    void enter(const Tensor& tensor) {
        const Node& node = node_of(tensor);
        if (finished_.contains(node.get())) return;
        Tensors before = node->input_tensors();
        if (!before.empty() && inputs_.contains(key_of(tensor))) {  // made outside of the graph
            finished_.insert(node.get());
            return;
        }
        if (!in_progress_.insert(node.get()).second)
            throw ValueError(str("Tensor ", tensor.spec(), " from operation '", node->operation->operation_name(), "' is part of a cycle."));
        first_met.emplace(node->operation.get(), static_cast<int64_t>(first_met.size()));
        stack_.push_back({node, std::move(before)});
    }

    std::set<TensorKey> inputs_;
    std::vector<Frame> stack_;
    std::set<const SymbolicNode*> finished_, in_progress_;
};

// Keys with values, in the order in which keys came first: Python's dict.
template <class Key>
class Depths {
public:
    int64_t& operator[](const Key& key) {
        const auto [at, fresh] = at_.emplace(key, items.size());
        if (fresh) items.push_back({key, 0});
        return items[at->second].second;
    }
    bool contains(const Key& key) const { return at_.contains(key); }
    std::vector<std::pair<Key, int64_t>> items;

private:
    std::map<Key, size_t> at_;
};

void check_computable(const FunctionGraph& graph, const Tensors& inputs, const Tensors& outputs) {
    std::set<TensorKey> computable;
    for (const Tensor& x : inputs) computable.insert(key_of(x));
    std::string accessed;
    for (const Node& node : graph.nodes) {
        const Tensors before = node->input_tensors();
        for (const Tensor& x : before)
            if (!computable.contains(key_of(x)))
                throw ValueError(str("Graph disconnected: cannot find parent for tensor ", x.spec(), " at operation '", node->operation->operation_name(),
                                     "'. The following previous operations were accessed without issue: [", accessed, "]"));
        if (before.empty() && !computable.contains({node.get(), 0})) continue;  // an input that is not the model's
        accessed += (accessed.empty() ? "'" : ", '") + node->operation->operation_name() + "'";
        for (size_t i = 0; i < node->outputs.leaf_count(); ++i) computable.insert({node.get(), i});
    }
    for (size_t i = 0; i < outputs.size(); ++i)
        if (!computable.contains(key_of(outputs[i])))
            throw ValueError(str("Output ", i, ", of operation '", node_of(outputs[i])->operation->operation_name(), "', is not connected to `inputs`"));
}

}  // namespace

TensorKey key_of(const Tensor& tensor) {
    const SymbolicOrigin& origin = symbolic_origin(tensor);
    return {origin.node().get(), origin.index()};
}

FunctionGraph map_graph(const Tensors& inputs, const Tensors& outputs) {
    Walk walk(inputs);
    for (const Tensor& y : outputs) walk.visit(y);
    std::set<const SymbolicNode*> in_graph;
    for (const Node& node : walk.order) in_graph.insert(node.get());

    // A node's depth is how far it is from the outputs; an operation's, that of its deepest call.
    Depths<Node> depths;
    Depths<std::shared_ptr<Operation>> operation_depths;
    for (auto node = walk.order.rbegin(); node != walk.order.rend(); ++node) {
        const int64_t depth = std::max(depths[*node], operation_depths[(*node)->operation]);
        depths[*node] = operation_depths[(*node)->operation] = depth;
        for (const Tensor& x : (*node)->input_tensors()) {
            const Node& before = node_of(x);
            if (!in_graph.contains(before.get())) continue;
            depths[before] = std::max(depth + 1, depths[before]);
        }
    }
    // Inputs from which nothing follows belong to the model all the same.
    for (const Tensor& x : inputs) {
        const Node& node = node_of(x);
        if (operation_depths.contains(node->operation) || !node->input_tensors().empty()) continue;
        operation_depths[node->operation] = 0;
        walk.first_met[node->operation.get()] = -1;
        depths[node] = 0;
    }

    FunctionGraph graph;
    std::map<int64_t, std::vector<Node>, std::greater<>> by_depth;
    for (const auto& [node, depth] : depths.items) by_depth[depth].push_back(node);
    for (auto& [depth, nodes] : by_depth) {
        graph.nodes.insert(graph.nodes.end(), nodes.begin(), nodes.end());
        graph.by_depth.push_back(std::move(nodes));
    }
    std::stable_sort(operation_depths.items.begin(), operation_depths.items.end(), [&](const auto& a, const auto& b) {
        if (a.second != b.second) return a.second > b.second;
        return walk.first_met[a.first.get()] < walk.first_met[b.first.get()];
    });
    std::map<std::string, int> names;
    for (const auto& [operation, depth] : operation_depths.items) {
        graph.operations.push_back(operation);
        ++names[operation->operation_name()];
    }
    for (const auto& [name, count] : names)
        if (count > 1) throw ValueError(str("The name \"", name, "\" is used ", count, " times in the model. All operation names should be unique."));
    check_computable(graph, inputs, outputs);
    for (const Node& node : graph.nodes) graph.calls[node->operation.get()].push_back(node);
    for (auto& [operation, calls] : graph.calls)
        std::sort(calls.begin(), calls.end(), [](const Node& a, const Node& b) { return a->index < b->index; });
    return graph;
}

size_t FunctionGraph::index_in_graph(const SymbolicNode* node) const {
    const std::vector<Node>& all = calls.at(node->operation.get());
    const auto found = std::find_if(all.begin(), all.end(), [&](const Node& n) { return n.get() == node; });
    CORNU_CHECK(found != all.end(), "a node outside of the graph");
    return static_cast<size_t>(found - all.begin());
}

}  // namespace cornu
