#include "cornu/autodiff/control_flow.h"

#include <algorithm>

#include "cornu/autodiff/scan_gradient.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"

namespace cornu {

namespace {

Tensors rest(const Tensors& all, size_t from) { return part(all, from, all.size() - from); }

bool flows(const Tensor& x) { return has_gradient(x.dtype()); }

Specs without_weakness(const Tensors& tensors) {
    Specs specs = specs_of(tensors);
    for (Spec& spec : specs) spec.weak = false;
    return specs;
}

void check_carried(const char* op, const Specs& before, const Specs& after) {
    bool same = before.size() <= after.size();
    for (size_t i = 0; same && i < before.size(); ++i) same = before[i].shape == after[i].shape && before[i].dtype == after[i].dtype;
    if (same) return;
    const auto list = [](const Specs& specs) {
        std::string out;
        for (const Spec& spec : specs) out += str(out.empty() ? "" : ", ", spec);
        return out;
    };
    throw ShapeError(str("ops.", op, ": the body must return carried values of the shapes and dtypes it was given: ", list(before), ". Received: ", list(after)));
}

constinit const Op while_op = {
    .name = "while_loop", .doc = "A body applied while a condition holds.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        const Specs carried = a.as<WhileAttrs>().body->output_specs();
        check_carried("while_loop", Specs(a.in.begin(), a.in.begin() + static_cast<std::ptrdiff_t>(carried.size())), carried);
        return carried;
    },
    .traits = {.not_differentiable = true}};

constinit const Op cond_op = {
    .name = "cond", .doc = "One of two branches, by a scalar.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& c = a.as<CondAttrs>();
        if (!a.shape().empty() || a.dtype() != DType::bool_) throw ShapeError(str("ops.cond: pred must be a scalar bool. Received: ", a.in[0]));
        const Specs then_specs = c.then_branch->output_specs(), else_specs = c.else_branch->output_specs();
        if (then_specs.size() != else_specs.size()) throw ShapeError("ops.cond: both branches must return equally many values.");
        check_carried("cond", then_specs, else_specs);
        return then_specs;
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& c = v.as<CondAttrs>();
        const Tensors captures = rest(v.in, 1);
        const auto n = static_cast<size_t>(c.then_captures);
        Tensors out_grads;
        for (size_t i = 0; i < v.out.size(); ++i) out_grads.push_back(v.g(i));
        // Each branch gives gradients for its own captures and zeros for the other's.
        const auto branch = [&](const Graph& graph, size_t from, size_t count) {
            return [&, from, count] {
                const Tensors own = body_gradients(graph, part(captures, from, count), out_grads);
                Tensors all;
                for (size_t i = 0; i < captures.size(); ++i)
                    if (flows(captures[i])) all.push_back(i >= from && i < from + count ? own[i - from] : ops::zeros(captures[i].shape(), captures[i].dtype()));
                return all;
            };
        };
        const Tensors grads = ops::cond(v.in[0], branch(*c.then_branch, 0, n), branch(*c.else_branch, n, captures.size() - n));
        Tensors all{Tensor()};
        size_t next = 0;
        for (const Tensor& x : captures) all.push_back(flows(x) ? grads[next++] : Tensor());
        return all;
    }};


// The scan's carried values before each step, stacked; by scanning once more.
Tensors saved_carries(const Vjp& v, const ScanAttrs& s) {
    const auto carries = static_cast<size_t>(s.carries), xs = static_cast<size_t>(s.xs);
    const Tensors captures = rest(v.in, carries + xs);
    return ops::scan(
               [&](const Tensors& carry, const Tensors& x) -> ops::ScanResult {
                   Tensors in = carry;
                   append(in, x);
                   append(in, captures);
                   return {part(replay(*s.body, in), 0, carries), carry};
               },
               part(v.in, 0, carries), part(v.in, carries, xs), s.length, s.reverse)
        .ys;
}

// The gradient of a scan as it stands, by replaying its body on each way back.
Tensors replayed_vjp(const Vjp& v, const ScanAttrs& s) {
    const auto carries = static_cast<size_t>(s.carries), xs = static_cast<size_t>(s.xs);
    const Tensors captures = rest(v.in, carries + xs), x_all = part(v.in, carries, xs);
    const size_t ys = v.out.size() - carries;

    // Backwards, carried: gradients of the carried values and sums for the captures.
    Tensors init, stacked = saved_carries(v, s);
    append(stacked, x_all);
    std::vector<size_t> carry_flows, capture_flows, y_flows;
    for (size_t i = 0; i < carries; ++i)
        if (flows(v.in[i])) carry_flows.push_back(i), init.push_back(v.g(i));
    for (size_t i = 0; i < captures.size(); ++i)
        if (flows(captures[i])) capture_flows.push_back(i), init.push_back(ops::zeros(captures[i].shape(), captures[i].dtype()));
    for (size_t i = 0; i < ys; ++i)
        if (flows(v.out[carries + i])) y_flows.push_back(i), stacked.push_back(v.g(carries + i));

    const ops::ScanResult result = ops::scan(
        [&](const Tensors& carry, const Tensors& slices) -> ops::ScanResult {
            Tensors in = part(slices, 0, carries + xs), out_grads(carries + ys);
            append(in, captures);
            for (size_t k = 0; k < carry_flows.size(); ++k) out_grads[carry_flows[k]] = carry[k];
            for (size_t k = 0; k < y_flows.size(); ++k) out_grads[carries + y_flows[k]] = slices[carries + xs + k];
            const Tensors grads = body_gradients(*s.body, in, out_grads);
            ops::ScanResult step;
            for (const size_t i : carry_flows) step.carry.push_back(grads[i]);
            for (size_t k = 0; k < capture_flows.size(); ++k) step.carry.push_back(carry[carry_flows.size() + k] + grads[carries + xs + capture_flows[k]]);
            for (size_t i = 0; i < xs; ++i)
                if (grads[carries + i].defined()) step.ys.push_back(grads[carries + i]);
            return step;
        },
        init, stacked, s.length, !s.reverse);

    Tensors all(v.in.size());
    for (size_t k = 0; k < carry_flows.size(); ++k) all[carry_flows[k]] = result.carry[k];
    for (size_t k = 0; k < capture_flows.size(); ++k) all[carries + xs + capture_flows[k]] = result.carry[carry_flows.size() + k];
    size_t next = 0;
    for (size_t i = 0; i < xs; ++i)
        if (flows(x_all[i])) all[carries + i] = result.ys[next++];
    return all;
}

Tensors scan_vjp(const Vjp& v) {
    const auto& s = v.as<ScanAttrs>();
    if (!s.gradient) return replayed_vjp(v, s);
    // Only a second derivative asks for gradients of what was saved for the first.
    const bool of_saved = std::any_of(v.grads.end() - static_cast<std::ptrdiff_t>(s.gradient->saved), v.grads.end(), [](const Tensor& g) { return g.defined(); });
    return of_saved ? replayed_vjp(v, s) : gradient_of_scan(v, s);
}

constinit const Op scan_op = {
    .name = "scan", .doc = "A body applied along the first axis, carrying values from step to step.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& s = a.as<ScanAttrs>();
        Specs out = s.body->output_specs();
        check_carried("scan", Specs(a.in.begin(), a.in.begin() + s.carries), out);
        for (size_t i = static_cast<size_t>(s.carries); i < out.size(); ++i) out[i].shape = out[i].shape.with_front(s.length);
        return out;
    },
    .vjp = scan_vjp};

constexpr const Op* family[] = {&while_op, &cond_op, &scan_op};

}  // namespace

std::span<const Op* const> control_flow_ops() { return family; }

namespace ops {

Tensors while_loop(const Predicate& cond, const Body& body, Tensors loop_vars, std::optional<int64_t> maximum_iterations) {
    if (!active_mode()) {
        for (int64_t i = 0; !maximum_iterations || i < *maximum_iterations; ++i) {
            if (!cond(loop_vars).item<bool>()) break;
            const Specs before = without_weakness(loop_vars);
            loop_vars = body(loop_vars);
            check_carried("while_loop", before, specs_of(loop_vars));
        }
        return loop_vars;
    }
    if (maximum_iterations) {
        // The count is carried in front.
        Tensors counted{Tensor::full({}, 0, DType::int64)};
        append(counted, loop_vars);
        const Tensor limit = Tensor::full({}, static_cast<double>(*maximum_iterations), DType::int64), one = Tensor::full({}, 1, DType::int64);
        return rest(while_loop([&](const Tensors& v) { return logical_and(v[0] < limit, cond(rest(v, 1))); },
                               [&](const Tensors& v) {
                                   Tensors out{v[0] + one};
                                   append(out, body(rest(v, 1)));
                                   return out;
                               }, counted), 1);
    }
    const Specs specs = without_weakness(loop_vars);
    Tensors cond_captures, body_captures;
    auto cond_graph = std::make_shared<Graph>(trace([&](const Tensors& v) { return Tensors{cond(v)}; }, specs, &cond_captures));
    const Spec decided = cond_graph->output_specs()[0];
    if (!decided.shape.empty() || decided.dtype != DType::bool_) throw ShapeError(str("ops.while_loop: cond must return a scalar bool. Received: ", decided));
    auto body_graph = std::make_shared<Graph>(trace(body, specs, &body_captures));
    WhileAttrs attrs{cond_graph, body_graph, static_cast<int64_t>(cond_captures.size())};
    append(loop_vars, cond_captures);
    append(loop_vars, body_captures);
    return apply(while_op, loop_vars, attrs);
}

Tensors cond(const Tensor& pred, const std::function<Tensors()>& true_fn, const std::function<Tensors()>& false_fn) {
    const Tensor decided = cast(pred, DType::bool_);
    if (!active_mode()) return decided.item<bool>() ? true_fn() : false_fn();
    Tensors then_captures, else_captures, in{decided};
    auto then_graph = std::make_shared<Graph>(trace([&](const Tensors&) { return true_fn(); }, {}, &then_captures));
    auto else_graph = std::make_shared<Graph>(trace([&](const Tensors&) { return false_fn(); }, {}, &else_captures));
    append(in, then_captures);
    append(in, else_captures);
    return apply(cond_op, in, CondAttrs{then_graph, else_graph, static_cast<int64_t>(then_captures.size())});
}

ScanResult scan(const std::function<ScanResult(const Tensors&, const Tensors&)>& f, const Tensors& init, const Tensors& xs,
                std::optional<int64_t> length, bool reverse) {
    for (const Tensor& x : xs) {
        if (x.rank() == 0) throw ShapeError("ops.scan: each x needs a first axis to go along. Received: a scalar");
        if (length && *length != x.shape()[0]) throw ShapeError(str("ops.scan: all xs must have the same first axis, and `length` if given. Received: ", x.shape()[0], " and ", *length));
        length = x.shape()[0];
    }
    if (!length) throw ValueError("ops.scan: without xs, length must be given.");

    const auto slice = [&](const Tensor& x, int64_t i) {
        std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), stop = x.shape().dims();
        start[0] = i;
        stop[0] = i + 1;
        return reshape(prim::slice(x, start, stop), x.shape().without_front());
    };
    if (!active_mode() && *length > 0) {
        ScanResult result{init, {}};
        std::vector<Tensors> steps(static_cast<size_t>(*length));
        for (int64_t k = 0; k < *length; ++k) {
            const int64_t i = reverse ? *length - 1 - k : k;
            Tensors x;
            for (const Tensor& all : xs) x.push_back(slice(all, i));
            ScanResult step = f(result.carry, x);
            check_carried("scan", without_weakness(result.carry), specs_of(step.carry));
            result.carry = std::move(step.carry);
            steps[static_cast<size_t>(i)] = std::move(step.ys);
        }
        for (size_t y = 0; y < steps[0].size(); ++y) {
            Tensors column;
            for (const Tensors& step : steps) column.push_back(step[y]);
            result.ys.push_back(stack(column));
        }
        return result;
    }
    Specs specs = without_weakness(init);
    for (const Tensor& x : xs) specs.push_back({x.shape().without_front(), x.dtype()});
    Tensors captures, in = init;
    auto body = std::make_shared<Graph>(trace(
        [&](const Tensors& v) {
            ScanResult step = f(part(v, 0, init.size()), rest(v, init.size()));
            append(step.carry, step.ys);
            return step.carry;
        }, specs, &captures));
    append(in, xs);
    append(in, captures);
    ScanAttrs attrs{body, static_cast<int64_t>(init.size()), static_cast<int64_t>(xs.size()), *length, reverse};
    const size_t own = body->outputs.size() - init.size();
    if (Listener::any_active() && *length > 0) attrs.gradient = scan_gradient(*body, init.size(), xs.size());
    if (attrs.gradient) attrs.body = attrs.gradient->forward;
    const Tensors out = apply(scan_op, in, attrs);
    return {part(out, 0, init.size()), part(out, init.size(), own)};
}

}  // namespace ops
}  // namespace cornu
