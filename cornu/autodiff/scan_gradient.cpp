#include "cornu/autodiff/scan_gradient.h"

#include <algorithm>
#include <string_view>

#include "cornu/autodiff/tape.h"
#include "cornu/graph/passes.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu {

bool has_gradient(DType dtype) { return is_float(dtype) || is_complex(dtype); }

Tensors part(const Tensors& all, size_t from, size_t count) {
    return Tensors(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(from + count));
}
void append(Tensors& to, const Tensors& more) { to.insert(to.end(), more.begin(), more.end()); }

Tensors body_gradients(const Graph& body, const Tensors& inputs, const Tensors& output_grads) {
    GradientTape tape;
    // Values of their own, so that one tensor given twice gets two gradients.
    Tensors outputs = replay(body, inputs), sources;
    for (const Tensor& x : inputs)
        if (has_gradient(x.dtype())) sources.push_back(x);
    Tensors grads = tape.gradient(outputs, sources, output_grads), all;
    size_t next = 0;
    for (const Tensor& x : inputs) {
        if (!has_gradient(x.dtype())) {
            all.push_back(Tensor());
            continue;
        }
        const Tensor& g = grads[next++];
        all.push_back(g.defined() ? g : ops::zeros(x.shape(), x.dtype()));
    }
    return all;
}

namespace {

using Deferred = ScanGradient::Deferred;

size_t index(ValueId id) { return static_cast<size_t>(id); }

std::vector<size_t> with_gradient(const Specs& specs, size_t from, size_t count) {
    std::vector<size_t> out;
    for (size_t i = 0; i < count; ++i)
        if (has_gradient(specs[from + i].dtype)) out.push_back(i);
    return out;
}

// Splits the graph of one step's gradient into what can be had going forward and what needs the
// gradients that come from behind.
class Split {
public:
    Split(const Graph& body, size_t carries, size_t xs) : body_(body), carries_(carries), xs_(xs), in_(body.input_specs()), out_(body.output_specs()) {}

    std::shared_ptr<const ScanGradient> run() {
        g_.carries = with_gradient(out_, 0, carries_);
        g_.ys = with_gradient(out_, carries_, out_.size() - carries_);
        g_.xs = with_gradient(in_, carries_, xs_);
        g_.captures = with_gradient(in_, carries_ + xs_, in_.size() - carries_ - xs_);
        if (g_.carries.empty() && g_.xs.empty() && g_.captures.empty()) return nullptr;
        step_ = gradient_of_step();
        mark();
        choose_saved();
        make_forward();
        make_backward();
        return std::make_shared<const ScanGradient>(std::move(g_));
    }

private:
    // (body's inputs, gradients of its outputs) → gradients of carries, xs and captures.
    Graph gradient_of_step() const {
        Specs specs = in_;
        for (const size_t i : g_.carries) specs.push_back(out_[i]);
        for (const size_t i : g_.ys) specs.push_back(out_[carries_ + i]);
        const auto step = [&](const Tensors& all) {
            const Tensors inputs = part(all, 0, in_.size());
            Tensors output_grads(out_.size()), wanted;
            size_t next = in_.size();
            for (const size_t i : g_.carries) output_grads[i] = all[next++];
            for (const size_t i : g_.ys) output_grads[carries_ + i] = all[next++];
            const Tensors grads = body_gradients(body_, inputs, output_grads);
            for (const size_t i : g_.carries) wanted.push_back(grads[i]);
            for (const size_t i : g_.xs) wanted.push_back(grads[carries_ + i]);
            for (const size_t i : g_.captures) wanted.push_back(grads[carries_ + xs_ + i]);
            return wanted;
        };
        return eliminate_dead_code(eliminate_common_subexpressions(apply_identities(trace(step, specs))));
    }

    enum class When : uint8_t { ever, forward, backward };   // known before the loop, going forward, going backward

    void mark() {
        when_.assign(step_.values.size(), When::ever);
        for (size_t i = 0; i < step_.inputs.size(); ++i) {
            const bool capture = i >= carries_ + xs_ && i < in_.size();
            when_[index(step_.inputs[i])] = i >= in_.size() ? When::backward : capture ? When::ever : When::forward;
        }
        for (const Graph::Node& node : step_.nodes) {
            When when = When::ever;
            for (const ValueId id : node.in) when = std::max(when, when_[index(id)]);
            for (const ValueId id : node.out) when_[index(id)] = when;
        }
    }

    void choose_saved() {
        const auto want = [&](ValueId id) {
            if (when_[index(id)] == When::forward && !is_x(id) && std::find(saved_.begin(), saved_.end(), id) == saved_.end()) saved_.push_back(id);
        };
        for (const Graph::Node& node : step_.nodes)
            if (when_[index(node.out[0])] == When::backward)
                for (const ValueId id : node.in) want(id);
        for (const ValueId id : step_.outputs) want(id);
        // What follows lightly from other saved values is worked out again rather than stored.
        again_.assign(step_.nodes.size(), 0);
        for (size_t i = saved_.size(); i-- > 0;) {
            const int32_t producer = step_.values[index(saved_[i])].node;
            if (producer < 0 || !light(step_.nodes[static_cast<size_t>(producer)])) continue;
            const auto& in = step_.nodes[static_cast<size_t>(producer)].in;
            const bool at_hand = std::all_of(in.begin(), in.end(), [&](ValueId id) {
                return id != saved_[i] && (when_[index(id)] == When::ever || is_x(id) || std::find(saved_.begin(), saved_.end(), id) != saved_.end());
            });
            if (!at_hand) continue;
            again_[static_cast<size_t>(producer)] = 1;
            saved_.erase(saved_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        g_.saved = saved_.size();
    }

    bool is_x(ValueId id) const {
        for (size_t i = 0; i < xs_; ++i)
            if (step_.inputs[carries_ + i] == id) return true;
        return false;
    }
    static bool light(const Graph::Node& node) {
        const std::string_view op = node.op->name;
        for (const char* name : {"add", "subtract", "multiply", "negative", "square", "greater", "less", "equal", "not_equal", "cast", "logical_not", "broadcast_to", "reshape"})
            if (op == name) return true;
        return false;
    }

    void make_forward() {
        Graph part = step_;
        part.inputs.resize(in_.size());
        part.outputs = saved_;
        std::erase_if(part.nodes, [&](const Graph::Node& node) { return when_[index(node.out[0])] == When::backward; });
        renumber(part);
        part = eliminate_dead_code(part);
        const Graph both = trace([&](const Tensors& in) {
            Tensors out = replay(body_, in);
            append(out, replay(part, in));
            return out;
        }, in_);
        g_.forward = std::make_shared<const Graph>(eliminate_dead_code(eliminate_common_subexpressions(both)));
    }

    void make_backward() {
        Graph part = step_;
        part.inputs = saved_;
        part.inputs.insert(part.inputs.end(), step_.inputs.begin() + static_cast<std::ptrdiff_t>(carries_), step_.inputs.end());
        part.nodes.clear();
        for (size_t n = 0; n < step_.nodes.size(); ++n)
            if (again_[n] || when_[index(step_.nodes[n].out[0])] != When::forward) part.nodes.push_back(step_.nodes[n]);
        renumber(part);

        std::vector<ValueId> carries(step_.outputs.begin(), step_.outputs.begin() + static_cast<std::ptrdiff_t>(g_.carries.size())), summed,
            xs(step_.outputs.begin() + static_cast<std::ptrdiff_t>(g_.carries.size()), step_.outputs.end() - static_cast<std::ptrdiff_t>(g_.captures.size()));
        for (size_t k = 0; k < g_.captures.size(); ++k) {
            const ValueId id = step_.outputs[g_.carries.size() + g_.xs.size() + k];
            Deferred deferred;
            const std::vector<ValueId> before = stacked_;
            if (defer(id, deferred)) {
                g_.deferred.emplace_back(g_.captures[k], std::move(deferred));
            } else {
                stacked_ = before;
                g_.summed.push_back(g_.captures[k]);
                summed.push_back(id);
            }
        }
        part.outputs = carries;
        for (const auto* list : {&summed, &xs, &stacked_}) part.outputs.insert(part.outputs.end(), list->begin(), list->end());
        g_.backward = std::make_shared<const Graph>(eliminate_dead_code(part));
    }

    static void renumber(Graph& graph) {
        for (Graph::Value& value : graph.values) value.node = -1;
        for (size_t n = 0; n < graph.nodes.size(); ++n)
            for (const ValueId id : graph.nodes[n].out) graph.values[index(id)].node = static_cast<int32_t>(n);
    }

    // Where the values of all steps lie stacked, as Deferred::stacked counts; -1: the value is the same in each.
    int place_of_all(ValueId id) {
        if (when_[index(id)] == When::ever) return -1;
        for (size_t i = 0; i < saved_.size(); ++i)
            if (saved_[i] == id) return static_cast<int>(i);
        for (size_t i = 0; i < xs_; ++i)
            if (step_.inputs[carries_ + i] == id) return static_cast<int>(saved_.size() + i);
        for (size_t i = 0; i < g_.xs.size(); ++i)
            if (step_.outputs[g_.carries.size() + i] == id) return static_cast<int>(saved_.size() + xs_ + i);
        auto known = std::find(stacked_.begin(), stacked_.end(), id);
        if (known == stacked_.end()) known = stacked_.insert(stacked_.end(), id);
        return static_cast<int>(saved_.size() + xs_ + g_.xs.size() + static_cast<size_t>(known - stacked_.begin()));
    }

    bool defer(ValueId id, Deferred& deferred) {
        const int32_t producer = step_.values[index(id)].node;
        if (producer < 0 || when_[index(id)] != When::backward) return false;
        const Graph::Node& node = step_.nodes[static_cast<size_t>(producer)];
        const std::string_view op = node.op->name;
        deferred.op = node.op;
        deferred.attrs = node.attrs;
        if (op == "dot_general" || op == "reduce_sum") {
            for (const ValueId operand : node.in) {
                deferred.stacked.push_back(place_of_all(operand));
                if (deferred.stacked.back() < 0) return false;
            }
            return true;
        }
        // What is linear may as well be done to the sum.
        if (op != "reshape" && op != "transpose" && op != "negative" && op != "add") return false;
        for (const ValueId operand : node.in) {
            deferred.parts.emplace_back();
            if (step_.spec(operand).shape.size() != step_.spec(id).shape.size() || !defer(operand, deferred.parts.back())) return false;
        }
        return true;
    }

    const Graph& body_;
    size_t carries_, xs_;
    Specs in_, out_;
    ScanGradient g_;
    Graph step_;
    std::vector<When> when_;
    std::vector<ValueId> saved_, stacked_;
    std::vector<char> again_;   // by node: going forward, and once more on the way back
};

std::vector<int64_t> after_first(std::vector<int64_t> axes, bool with_first) {
    for (int64_t& axis : axes) ++axis;
    if (with_first) axes.insert(axes.begin(), 0);
    return axes;
}

Tensor evaluate(const Deferred& deferred, const Tensors& stacked) {
    Tensors in;
    for (const Deferred& part : deferred.parts) in.push_back(evaluate(part, stacked));
    for (const int at : deferred.stacked) in.push_back(stacked[static_cast<size_t>(at)]);
    if (deferred.stacked.empty()) return apply(*deferred.op, in, deferred.attrs)[0];
    if (deferred.stacked.size() == 1) return apply(*deferred.op, in, ReduceAttrs{after_first(deferred.attrs.as<ReduceAttrs>().axes, true)})[0];
    const auto& d = deferred.attrs.as<DotDims>();
    return prim::dot_general(in[0], in[1], {after_first(d.lhs_contract, true), after_first(d.rhs_contract, true), after_first(d.lhs_batch, false), after_first(d.rhs_batch, false)});
}

}  // namespace

std::shared_ptr<const ScanGradient> scan_gradient(const Graph& body, size_t carries, size_t xs) { return Split(body, carries, xs).run(); }

Tensors gradient_of_scan(const Vjp& v, const ScanAttrs& s) {
    const ScanGradient& g = *s.gradient;
    const auto carries = static_cast<size_t>(s.carries), xs = static_cast<size_t>(s.xs);
    const size_t ys = v.out.size() - carries - g.saved;
    const Tensors captures = part(v.in, carries + xs, v.in.size() - carries - xs);
    Tensors init, slices = part(v.out, carries + ys, g.saved);
    const Tensors x_all = part(v.in, carries, xs);
    append(slices, x_all);
    for (const size_t i : g.carries) init.push_back(v.g(i));
    for (const size_t i : g.summed) init.push_back(ops::zeros(captures[i].shape(), captures[i].dtype()));
    for (const size_t i : g.ys) slices.push_back(v.g(carries + i));

    const ops::ScanResult result = ops::scan(
        [&](const Tensors& carry, const Tensors& slice) -> ops::ScanResult {
            Tensors in = part(slice, 0, g.saved + xs);
            append(in, captures);
            append(in, part(carry, 0, g.carries.size()));
            append(in, part(slice, g.saved + xs, slice.size() - g.saved - xs));
            const Tensors out = replay(*g.backward, in);
            ops::ScanResult step{part(out, 0, carry.size()), part(out, carry.size(), out.size() - carry.size())};
            for (size_t i = g.carries.size(); i < carry.size(); ++i) step.carry[i] = carry[i] + step.carry[i];
            return step;
        },
        init, slices, s.length, !s.reverse);

    Tensors all(v.in.size()), stacked = part(slices, 0, g.saved + xs);
    append(stacked, result.ys);
    for (size_t k = 0; k < g.carries.size(); ++k) all[g.carries[k]] = result.carry[k];
    for (size_t k = 0; k < g.xs.size(); ++k) all[carries + g.xs[k]] = result.ys[k];
    for (size_t k = 0; k < g.summed.size(); ++k) all[carries + xs + g.summed[k]] = result.carry[g.carries.size() + k];
    for (const auto& [capture, deferred] : g.deferred) all[carries + xs + capture] = evaluate(deferred, stacked);
    return all;
}

}  // namespace cornu
