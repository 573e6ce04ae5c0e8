// Loops and branches: their bodies are programs of their own, compiled with the graph around them.
#include <ATen/ops/empty.h>

#include "cornu/autodiff/control_flow.h"
#include "cornu/backends/torch/program.h"

namespace cornu::torch {

namespace {

Values part(const Values& all, size_t from, size_t count) {
    return Values(all.begin() + static_cast<std::ptrdiff_t>(from),
                  all.begin() + static_cast<std::ptrdiff_t>(from + count));
}

Values while_loop(const Call& call, Values& in) {
    const size_t carries = call.out.size(),
                 cond_captures = static_cast<size_t>(call.as<WhileAttrs>().cond_captures);
    Values cond_in = part(in, 0, carries + cond_captures), body_in = part(in, 0, carries);
    body_in.insert(body_in.end(), in.begin() + static_cast<std::ptrdiff_t>(carries + cond_captures),
                   in.end());
    while (call.bodies[0]->run(cond_in)[0].item<bool>()) {
        const Values next = call.bodies[1]->run(body_in);
        for (size_t i = 0; i < carries; ++i) cond_in[i] = body_in[i] = next[i];
    }
    return part(body_in, 0, carries);
}

Values cond(const Call& call, Values& in) {
    const auto captures = static_cast<size_t>(call.as<CondAttrs>().then_captures);
    return in[0].item<bool>()
               ? call.bodies[0]->run(part(in, 1, captures))
               : call.bodies[1]->run(part(in, 1 + captures, in.size() - 1 - captures));
}

Values scan(const Call& call, Values& in) {
    const auto& s = call.as<ScanAttrs>();
    const auto carries = static_cast<size_t>(s.carries), xs = static_cast<size_t>(s.xs);
    const size_t ys = call.out.size() - carries;
    Values out = part(in, 0, carries), body_in = in;
    for (size_t i = 0; i < ys; ++i) {
        const Spec& spec = call.out[carries + i];
        out.push_back(at::empty(sizes_of(spec.shape),
                                at::TensorOptions(carrier_of(spec.dtype)).device(call.device)));
    }
    for (int64_t k = 0; k < s.length; ++k) {
        const int64_t at = s.reverse ? s.length - 1 - k : k;
        for (size_t i = 0; i < xs; ++i) body_in[carries + i] = in[carries + i].select(0, at);
        const Values made = call.bodies[0]->run(body_in);
        for (size_t i = 0; i < carries; ++i) body_in[i] = made[i];
        for (size_t i = 0; i < ys; ++i) out[carries + i].select(0, at).copy_(made[carries + i]);
    }
    for (size_t i = 0; i < carries; ++i) out[i] = body_in[i];
    return out;
}

// A body with a call that only the host can run takes its loop there.
bool takes(const Graph& graph, Backend& backend) {
    try {
        prepare(graph, backend);
        return true;
    } catch (const BackendError&) {
        return false;
    }
}
std::vector<GraphPtr> while_bodies(const Attrs& attrs) {
    return {attrs.as<WhileAttrs>().cond, attrs.as<WhileAttrs>().body};
}
std::vector<GraphPtr> cond_bodies(const Attrs& attrs) {
    return {attrs.as<CondAttrs>().then_branch, attrs.as<CondAttrs>().else_branch};
}
std::vector<GraphPtr> scan_bodies(const Attrs& attrs) { return {attrs.as<ScanAttrs>().body}; }
template <auto bodies>
bool takes_all(const Call& call) {
    for (const GraphPtr& body : bodies(call.attrs))
        if (!takes(*body, call.backend)) return false;
    return true;
}

using enum Carried;
constexpr Lowering table[] = {
    {"while_loop", while_loop, moved, anything, takes_all<while_bodies>, while_bodies},
    {"cond", cond, moved, anything, takes_all<cond_bodies>, cond_bodies},
    {"scan", scan, moved, anything, takes_all<scan_bodies>, scan_bodies},
};

}  // namespace

std::span<const Lowering> control_flow_lowerings() { return table; }

}  // namespace cornu::torch
