#include "cornu/backends/torch/program.h"

#include <ATen/ops/bitwise_xor.h>

#include <limits>

#include "cornu/backend/lowering_table.h"

namespace cornu::torch {

const Lowering* find_lowering(const Op& op) {
    static const LoweringTable<Lowering> table{
        elementwise_lowerings(), math_lowerings(), reduction_lowerings(), shape_lowerings(),
        contraction_lowerings(), convolution_lowerings(), pooling_lowerings(),
        indexing_lowerings(), random_lowerings(), control_flow_lowerings(), linalg_lowerings()};
    return table.find(op);
}

bool supports(const Op& op, std::span<const Spec> in, const Attrs& attrs, Backend& backend) {
    const Lowering* lowering = find_lowering(op);
    if (!lowering) return false;
    for (const Spec& spec : in)
        if (!(kind_of(spec.dtype) & lowering->takes)) return false;
    return !lowering->supports || lowering->supports({op, attrs, in, {}, backend, at::kCPU});
}

namespace {

// The dtype in which a row's function sees values of `dtype`.
DType seen_as(DType dtype, const Lowering& lowering) {
    if (lowering.carried == Carried::moved) return dtype;
    if (is_float(dtype) && bits(dtype) == 8) return DType::float32;
    if (lowering.carried == Carried::wrapped) return dtype;
    if (dtype == DType::uint16) return DType::int32;
    if (dtype == DType::uint32) return DType::int64;
    if (dtype == DType::uint64 && lowering.carried == Carried::ordered) return DType::int64;
    return dtype;
}

at::Tensor flipped(const at::Tensor& x) {
    return at::bitwise_xor(x, std::numeric_limits<int64_t>::min());
}

// Between carriers and what a row's function sees.
at::Tensor seen(const at::Tensor& x, DType dtype, DType seen) {
    if (dtype == seen) return x;
    return dtype == DType::uint64 ? flipped(x) : cast_carriers(x, dtype, seen);
}
at::Tensor unseen(const at::Tensor& x, DType seen, DType dtype) {
    if (dtype == seen) return x;
    return dtype == DType::uint64 ? flipped(x) : cast_carriers(x, seen, dtype);
}

}  // namespace

Program::Program(const Graph& graph, Backend& backend, at::Device device)
    : backend_(backend),
      device_(device),
      constants_(graph.values.size()),
      inputs_(graph.inputs),
      outputs_(graph.outputs),
      in_(graph.input_specs()),
      out_(graph.output_specs()),
      donated_(graph.donated) {
    donated_.resize(outputs_.size(), -1);
    for (const Graph::Value& value : graph.values)
        carrier_of(value.spec.dtype);  // throws what it lacks
    for (size_t i = 0; i < graph.values.size(); ++i)
        if (graph.values[i].constant >= 0)
            constants_[i] = to_carrier(graph.constant(static_cast<ValueId>(i)), device);
    for (const Graph::Node& node : graph.nodes) {
        Step step{
            .op = node.op,
            .attrs = node.attrs,
            .lowering = find_lowering(*node.op),
            .in = {},
            .out = {},
            .seen_in = {},
            .seen_out = {},
            .arguments = node.in,
            .results = node.out,
            .last_use = {},
            .label = std::make_shared<const ProfileLabel>(ProfileLabel{node.op->name, node.scope}),
            .bodies = {}};
        CORNU_CHECK(step.lowering, "no lowering of ", node.op->name);
        const auto add = [&](ValueId id, Specs& specs, Specs& seen) {
            const Spec& spec = graph.spec(id);
            specs.push_back({spec.shape, spec.dtype});
            seen.push_back({spec.shape, seen_as(spec.dtype, *step.lowering)});
            step.adapts = step.adapts || seen.back().dtype != spec.dtype;
        };
        for (const ValueId id : node.in) add(id, step.in, step.seen_in);
        for (const ValueId id : node.out) add(id, step.out, step.seen_out);
        if (step.lowering->bodies)
            for (const GraphPtr& body : step.lowering->bodies(node.attrs))
                step.bodies.push_back(
                    std::make_shared<const Program>(prepare(*body, backend), backend, device));
        steps_.push_back(std::move(step));
    }
    // Inputs and constants are never given away: others hold them.
    std::vector<char> kept(graph.values.size(), 0);
    for (const ValueId id : graph.inputs) kept[static_cast<size_t>(id)] = 1;
    for (const ValueId id : graph.outputs) kept[static_cast<size_t>(id)] = 1;
    for (size_t i = 0; i < kept.size(); ++i)
        if (constants_[i].defined()) kept[i] = 1;
    for (size_t n = steps_.size(); n-- > 0;) {
        Step& step = steps_[n];
        step.last_use.resize(step.arguments.size());
        for (size_t i = step.arguments.size(); i-- > 0;)
            step.last_use[i] = !kept[static_cast<size_t>(step.arguments[i])]++;
    }
    if (device.is_cpu()) find_chains();
}

Values Program::call(const Step& step, Values& in) const {
    if (step.adapts)
        for (size_t i = 0; i < in.size(); ++i)
            in[i] = seen(in[i], step.in[i].dtype, step.seen_in[i].dtype);
    Values out =
        step.lowering->run({*step.op, step.attrs, step.seen_in, step.seen_out, backend_, device_,
                            step.in.empty() ? DType::float32 : step.in[0].dtype, step.bodies},
                           in);
    CORNU_CHECK(out.size() == step.out.size(), "results of ", step.op->name);
    for (size_t i = 0; i < out.size(); ++i) {
        if (step.adapts) out[i] = unseen(out[i], step.seen_out[i].dtype, step.out[i].dtype);
        CORNU_CHECK(out[i].sizes() == sizes_of(step.out[i].shape) &&
                        out[i].scalar_type() == carrier_of(step.out[i].dtype),
                    step.op->name, ", result ", i, ": ", c10::toString(out[i].scalar_type()),
                    c10::str(out[i].sizes()), " is not ", step.out[i]);
    }
    return out;
}

void Program::run_step(const Step& step, Values& values, Values& in) const {
    const Profile::Span span(step.label);
    in.clear();
    // A value that is used here for the last time is handed over, memory and all.
    for (size_t i = 0; i < step.arguments.size(); ++i) {
        const ValueId id = step.arguments[i];
        if (step.last_use[i])
            in.push_back(std::move(values[static_cast<size_t>(id)]));
        else
            in.push_back(value_of(id, values));
    }
    Values out = call(step, in);
    for (size_t i = 0; i < out.size(); ++i)
        values[static_cast<size_t>(step.results[i])] = std::move(out[i]);
}

Values Program::run(const Values& inputs, const std::vector<char>& writable) const {
    Values values(constants_.size()), in;
    for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(inputs_[i])] = inputs[i];
    auto chain = chains_.begin();
    for (size_t n = 0; n < steps_.size();) {
        const Step& step = steps_[n];
        try {
            if (chain != chains_.end() && chain->first == n) {
                const Chain& links = *chain++;
                if (run_chain(links, values, writable)) {
                    n += links.count;
                    continue;
                }
            }
            run_step(step, values, in);
            ++n;
        } catch (const c10::Error& error) {
            const std::string& layer = step.label->layer;
            throw BackendError(str(layer.empty() ? "" : str("[", layer, "] "), "torch, ops.",
                                   step.op->name, ": ", error.what_without_backtrace()));
        }
    }
    Values out;
    for (const ValueId id : outputs_) out.push_back(value_of(id, values));
    return out;
}

size_t Program::constant_bytes() const {
    size_t bytes = 0;
    for (const at::Tensor& constant : constants_)
        if (constant.defined()) bytes += constant.nbytes();
    return bytes;
}

std::string Program::to_string() const {
    std::string out;
    auto chain = chains_.begin();
    for (size_t n = 0; n < steps_.size(); ++n) {
        const Step& step = steps_[n];
        if (chain != chains_.end() && chain->first == n) {
            out += str("by blocks, the next ", chain->count, ":\n");
            ++chain;
        }
        out += str(step.op->name, " →");
        for (const Spec& spec : step.out) out += str(" ", spec);
        out += "\n";
        for (const auto& body : step.bodies) out += "{\n" + body->to_string() + "}\n";
    }
    return out;
}

}  // namespace cornu::torch
