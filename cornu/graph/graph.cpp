#include "cornu/graph/graph.h"

#include "cornu/base/scope.h"
#include "cornu/ops/apply.h"

namespace cornu {

Specs Graph::input_specs() const {
    Specs out;
    for (const ValueId id : inputs) out.push_back(spec(id));
    return out;
}
Specs Graph::output_specs() const {
    Specs out;
    for (const ValueId id : outputs) out.push_back(spec(id));
    return out;
}

std::string Graph::to_string() const {
    std::ostringstream out;
    const auto list = [&](const std::vector<ValueId>& ids, bool specs) {
        for (size_t i = 0; i < ids.size(); ++i) {
            out << (i ? ", " : "");
            if (is_constant(ids[i]) && constant(ids[i]).shape().empty() && !specs && spec(ids[i]).dtype != DType::string &&
                !is_complex(spec(ids[i]).dtype) && spec(ids[i]).dtype != DType::int4)
                out << constant(ids[i]).to_vector<double>()[0];
            else
                out << '%' << ids[i];
            if (specs) out << ": " << spec(ids[i]);
        }
    };
    out << "graph(";
    list(inputs, true);
    out << ") {\n";
    for (size_t i = 0; i < values.size(); ++i)
        if (values[i].constant >= 0 && !values[i].spec.shape.empty()) out << "  %" << i << " = constant: " << values[i].spec << '\n';
    for (const Node& node : nodes) {
        out << "  ";
        list(node.out, true);
        out << " = " << node.op->name << '(';
        list(node.in, false);
        out << ')';
        if (!node.attrs.empty()) out << ' ' << node.attrs.to_string();
        if (!node.scope.empty()) out << "  # " << node.scope;
        out << '\n';
    }
    out << "  return ";
    for (size_t i = 0; i < outputs.size(); ++i) {
        out << (i ? ", " : "") << '%' << outputs[i];
        if (i < donated.size() && donated[i] >= 0) out << " in place of %" << inputs[static_cast<size_t>(donated[i])];
    }
    out << "\n}";
    return out.str();
}

void Graph::verify() const {
    std::vector<char> known(values.size(), 0);
    for (const ValueId id : inputs) known[static_cast<size_t>(id)] = 1;
    for (size_t i = 0; i < values.size(); ++i) {
        if (values[i].constant < 0) continue;
        CORNU_CHECK(static_cast<size_t>(values[i].constant) < constants.size(), "constant out of range");
        CORNU_CHECK(constants[static_cast<size_t>(values[i].constant)].spec().shape == values[i].spec.shape, "constant of another shape");
        known[i] = 1;
    }
    for (const Node& node : nodes) {
        Specs in;
        for (const ValueId id : node.in) {
            CORNU_CHECK(known[static_cast<size_t>(id)], node.op->name, " uses %", id, " before it is made");
            in.push_back(spec(id));
        }
        const Specs out = infer_specs(*node.op, in, node.attrs);
        CORNU_CHECK(out.size() == node.out.size(), node.op->name, " has another number of outputs than its rule says");
        for (size_t i = 0; i < out.size(); ++i) {
            CORNU_CHECK(out[i].shape == spec(node.out[i]).shape && out[i].dtype == spec(node.out[i]).dtype, node.op->name,
                        " is ", spec(node.out[i]), " but its rule says ", out[i]);
            known[static_cast<size_t>(node.out[i])] = 1;
        }
    }
    for (const ValueId id : outputs) CORNU_CHECK(known[static_cast<size_t>(id)], "output %", id, " is never made");
    CORNU_CHECK(donated.empty() || donated.size() == outputs.size(), "one donation mark per output");
    std::vector<char> taken(inputs.size(), 0);
    for (size_t i = 0; i < donated.size(); ++i) {
        if (donated[i] < 0) continue;
        const auto input = static_cast<size_t>(donated[i]);
        CORNU_CHECK(input < inputs.size() && !taken[input]++, "an input is donated once");
        CORNU_CHECK(spec(inputs[input]).shape == spec(outputs[i]).shape && spec(inputs[input]).dtype == spec(outputs[i]).dtype,
                    "a donated input has its output's spec");
    }
}

Tensors replay(const Graph& graph, const Tensors& inputs) {
    CORNU_CHECK(inputs.size() == graph.inputs.size(), "replay takes ", graph.inputs.size(), " inputs, not ", inputs.size());
    Tensors values(graph.values.size());
    for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph.inputs[i])] = inputs[i];
    for (size_t i = 0; i < graph.values.size(); ++i)
        if (graph.values[i].constant >= 0) values[i] = graph.constants[static_cast<size_t>(graph.values[i].constant)];
    for (const Graph::Node& node : graph.nodes) {
        Tensors in;
        for (const ValueId id : node.in) in.push_back(values[static_cast<size_t>(id)]);
        const Scope scope("", node.scope);
        const Tensors out = apply(*node.op, in, node.attrs);
        for (size_t i = 0; i < out.size(); ++i) values[static_cast<size_t>(node.out[i])] = out[i];
    }
    Tensors out;
    for (const ValueId id : graph.outputs) out.push_back(values[static_cast<size_t>(id)]);
    return out;
}

}  // namespace cornu
