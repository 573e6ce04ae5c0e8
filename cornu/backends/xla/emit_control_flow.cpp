// Loops and branches. What a loop's bodies capture is carried along unchanged; XLA hoists it.
#include "cornu/autodiff/control_flow.h"
#include "cornu/backends/xla/stablehlo.h"

namespace cornu::xla {

namespace {

Values part(const Values& all, size_t from, size_t count) {
    return Values(all.begin() + static_cast<std::ptrdiff_t>(from),
                  all.begin() + static_cast<std::ptrdiff_t>(from + count));
}
void append(Values& to, const Values& more) { to.insert(to.end(), more.begin(), more.end()); }
Values joined(Values first, const Values& second) {
    append(first, second);
    return first;
}
Specs specs_of(const Values& values) {
    Specs specs;
    for (const Value& v : values) specs.push_back({v.shape, v.dtype});
    return specs;
}

Values inlined(Body& body, const Graph& graph, const Values& inputs, Backend& backend) {
    return emit_graph(body, prepare(graph, backend), inputs, backend);
}

Values emit_while(Body& body, const Call& call, const Values& in) {
    const auto& w = call.as<WhileAttrs>();
    const size_t carries = call.out.size(), cond_captures = static_cast<size_t>(w.cond_captures),
                 body_captures = in.size() - carries - cond_captures;
    const Specs specs = specs_of(in);
    const std::string cond = body.region(specs, [&](Body& b, const Values& v) {
        return inlined(b, *w.cond, part(v, 0, carries + cond_captures), call.backend);
    });
    const std::string step = body.region(specs, [&](Body& b, const Values& v) {
        const Values next =
            inlined(b, *w.body,
                    joined(part(v, 0, carries), part(v, carries + cond_captures, body_captures)),
                    call.backend);
        return joined(next, part(v, carries, cond_captures + body_captures));
    });
    return part(body.calls("while", in, specs, {}, {cond, step}), 0, carries);
}

// Branches take no arguments: they see the values around them.
Values emit_cond(Body& body, const Call& call, const Values& in) {
    const auto& c = call.as<CondAttrs>();
    const auto captures = static_cast<size_t>(c.then_captures);
    const auto branch = [&](const Graph& graph, const Values& inputs) {
        return body.region(
            {}, [&](Body& b, const Values&) { return inlined(b, graph, inputs, call.backend); });
    };
    const std::string then_region = branch(*c.then_branch, part(in, 1, captures));
    const std::string else_region =
        branch(*c.else_branch, part(in, 1 + captures, in.size() - 1 - captures));
    return body.calls("if", {in[0]}, Specs(call.out.begin(), call.out.end()), {},
                      {then_region, else_region});
}

// Row `at` of x, without its first axis; and the same written.
Ints ones_and(const Shape& row) {
    Ints sizes{1};
    sizes.insert(sizes.end(), row.begin(), row.end());
    return sizes;
}
Values positions(Body& body, const Value& at, const Shape& row) {
    Values out{at};
    for (int64_t i = 0; i < row.rank(); ++i) out.push_back(body.scalar(0, at.dtype));
    return out;
}
Value row_of(Body& body, const Value& x, const Value& at) {
    const Shape row = x.shape.without_front();
    const Ints sizes = ones_and(row);
    return body.reshape(body.call("dynamic_slice", joined({x}, positions(body, at, row)),
                                  Shape(sizes), x.dtype, "slice_sizes = " + axes_text(sizes)),
                        row);
}
Value with_row(Body& body, const Value& all, const Value& row, const Value& at) {
    const Value update = body.reshape(row, Shape(ones_and(row.shape)));
    return body.call("dynamic_update_slice", joined({all, update}, positions(body, at, row.shape)),
                     all.shape, all.dtype);
}

Values emit_scan(Body& body, const Call& call, const Values& in) {
    const auto& s = call.as<ScanAttrs>();
    const auto carries = static_cast<size_t>(s.carries), xs = static_cast<size_t>(s.xs);
    const size_t ys = call.out.size() - carries, captures = in.size() - carries - xs;
    Values results;
    for (size_t i = 0; i < ys; ++i)
        results.push_back(body.full(0, call.out[carries + i].shape, call.out[carries + i].dtype));
    if (s.length == 0) return joined(part(in, 0, carries), results);

    // Carried: the step's number, the carried values, the results so far; then what stays.
    Values state{body.scalar(0, DType::int64)};
    append(state, part(in, 0, carries));
    append(state, results);
    append(state, part(in, carries, xs + captures));
    const Specs specs = specs_of(state);
    const std::string cond = body.region(specs, [&](Body& b, const Values& v) -> Values {
        return {b.compare("LT", v[0], b.scalar(static_cast<double>(s.length), DType::int64))};
    });
    const std::string step = body.region(specs, [&](Body& b, const Values& v) {
        const Value at =
            s.reverse ? b.binary("subtract",
                                 b.scalar(static_cast<double>(s.length - 1), DType::int64), v[0])
                      : v[0];
        Values arguments = part(v, 1, carries);
        const Values constant = part(v, 1 + carries + ys, xs + captures);
        for (size_t i = 0; i < xs; ++i) arguments.push_back(row_of(b, constant[i], at));
        append(arguments, part(constant, xs, captures));
        const Values made = inlined(b, *s.body, arguments, call.backend);
        Values next{b.binary("add", v[0], b.scalar(1, DType::int64))};
        append(next, part(made, 0, carries));
        for (size_t i = 0; i < ys; ++i)
            next.push_back(with_row(b, v[1 + carries + i], made[carries + i], at));
        append(next, constant);
        return next;
    });
    return part(body.calls("while", state, specs, {}, {cond, step}), 1, carries + ys);
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
bool takes_while(const Call& call) {
    const auto& w = call.as<WhileAttrs>();
    return takes(*w.cond, call.backend) && takes(*w.body, call.backend);
}
bool takes_cond(const Call& call) {
    const auto& c = call.as<CondAttrs>();
    return takes(*c.then_branch, call.backend) && takes(*c.else_branch, call.backend);
}
bool takes_scan(const Call& call) { return takes(*call.as<ScanAttrs>().body, call.backend); }

constexpr Lowering table[] = {
    {"while_loop", emit_while, anything, nullptr, takes_while},
    {"cond", emit_cond, anything, nullptr, takes_cond},
    {"scan", emit_scan, anything, nullptr, takes_scan},
};

}  // namespace

std::span<const Lowering> control_flow_lowerings() { return table; }

}  // namespace cornu::xla
