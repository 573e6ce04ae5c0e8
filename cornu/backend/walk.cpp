#include "cornu/backend/walk.h"

namespace cornu {

namespace {

class WalkedGraph final : public Executable {
public:
    WalkedGraph(const Graph& graph, std::function<Tensors(const Op&, const Tensors&, const Attrs&)> run)
        : graph_(graph), run_(std::move(run)), last_use_(graph.values.size(), graph.nodes.size()) {
        std::vector<char> seen(graph.values.size(), 0);
        for (const ValueId id : graph.outputs) seen[static_cast<size_t>(id)] = 1;
        for (size_t n = graph.nodes.size(); n-- > 0;)
            for (const ValueId id : graph.nodes[n].in)
                if (!seen[static_cast<size_t>(id)]++) last_use_[static_cast<size_t>(id)] = n;
    }

    void run(std::span<const Tensor* const> inputs, std::span<Tensor* const> outputs) override {
        Tensors values(graph_.values.size());
        for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph_.inputs[i])] = *inputs[i];
        for (size_t i = 0; i < values.size(); ++i)
            if (graph_.values[i].constant >= 0) values[i] = graph_.constant(static_cast<ValueId>(i));
        for (size_t n = 0; n < graph_.nodes.size(); ++n) {
            const Graph::Node& node = graph_.nodes[n];
            Tensors in;
            for (const ValueId id : node.in) in.push_back(values[static_cast<size_t>(id)]);
            Tensors out = run_(*node.op, in, node.attrs);
            for (size_t i = 0; i < out.size(); ++i) values[static_cast<size_t>(node.out[i])] = std::move(out[i]);
            for (const ValueId id : node.in)
                if (last_use_[static_cast<size_t>(id)] == n) values[static_cast<size_t>(id)] = {};
        }
        for (size_t i = 0; i < outputs.size(); ++i) *outputs[i] = values[static_cast<size_t>(graph_.outputs[i])];
    }
    size_t output_count() const override { return graph_.outputs.size(); }

private:
    Graph graph_;
    std::function<Tensors(const Op&, const Tensors&, const Attrs&)> run_;
    std::vector<size_t> last_use_;
};

}  // namespace

std::shared_ptr<Executable> walk_graph(const Graph& graph, std::function<Tensors(const Op&, const Tensors&, const Attrs&)> run) {
    return std::make_shared<WalkedGraph>(graph, std::move(run));
}

}  // namespace cornu
