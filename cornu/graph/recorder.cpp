#include "cornu/graph/recorder.h"

namespace cornu {

struct Recorder::TraceOrigin final : Origin {
    Recorder* recorder;
    ValueId id;
    std::shared_ptr<Life> life;
    TraceOrigin(Recorder* recorder, ValueId id, std::shared_ptr<Life> life) : recorder(recorder), id(id), life(std::move(life)) {}
    Mode& mode() const override {
        if (life->ended) throw ValueError("a traced tensor was used after its trace had ended.");
        return *recorder;
    }
};

Recorder::Recorder() : life_(std::make_shared<Life>()) {}
Recorder::~Recorder() { life_->ended = true; }

ValueId Recorder::add_value(Spec spec, int32_t node) {
    graph_.values.push_back({std::move(spec), node, -1});
    return static_cast<ValueId>(graph_.values.size() - 1);
}

Tensor Recorder::traced(ValueId id) {
    return Tensor::made_by(std::make_shared<TraceOrigin>(this, id, life_), graph_.spec(id));
}

Tensor Recorder::input(Spec spec) {
    const ValueId id = add_value(std::move(spec), -1);
    graph_.inputs.push_back(id);
    return traced(id);
}

bool Recorder::made(const Tensor& tensor) const {
    const auto* origin = dynamic_cast<const TraceOrigin*>(tensor.origin());
    return origin && origin->recorder == this && !origin->life->ended;
}

ValueId Recorder::id_of(const Tensor& tensor) {
    if (made(tensor)) return static_cast<const TraceOrigin*>(tensor.origin())->id;
    const auto found = lifted_.find(tensor.id());
    if (found != lifted_.end()) return found->second;
    const ValueId id = add_value(tensor.spec(), -1);
    if (tensor.concrete()) {
        graph_.values.back().constant = static_cast<int32_t>(graph_.constants.size());
        graph_.constants.push_back(tensor);
    } else {
        if (dynamic_cast<const TraceOrigin*>(tensor.origin())) tensor.origin()->mode();  // refuses an ended trace
        captured_.push_back(tensor);
        captured_ids_.push_back(id);
    }
    lifted_.emplace(tensor.id(), id);
    keep_alive_.push_back(tensor);
    return id;
}

Tensors Recorder::apply(const Op& op, const Tensors& in, const Attrs& attrs) {
    const Specs specs = infer_specs(op, specs_of(in), attrs);
    Graph::Node node{&op, attrs, {}, {}, call_scope()};
    for (const Tensor& x : in) node.in.push_back(id_of(x));
    const auto index = static_cast<int32_t>(graph_.nodes.size());
    Tensors out;
    for (const Spec& spec : specs) {
        node.out.push_back(add_value(spec, index));
        out.push_back(traced(node.out.back()));
    }
    graph_.nodes.push_back(std::move(node));
    return out;
}

Graph Recorder::finish(const Tensors& outputs) {
    for (const Tensor& tensor : outputs) graph_.outputs.push_back(id_of(tensor));
    graph_.inputs.insert(graph_.inputs.end(), captured_ids_.begin(), captured_ids_.end());
    life_->ended = true;
    return std::move(graph_);
}

Graph trace(const std::function<Tensors(const Tensors&)>& fn, const Specs& specs, Tensors* captured) {
    Recorder recorder;
    const UseMode use(&recorder);
    const Unheard unheard;
    Tensors in;
    for (const Spec& spec : specs) in.push_back(recorder.input(spec));
    Graph graph = recorder.finish(fn(in));
    if (captured) *captured = recorder.captured();
    else CORNU_CHECK(recorder.captured().empty(), "this trace may not use values of an outer one");
    return graph;
}

}  // namespace cornu
