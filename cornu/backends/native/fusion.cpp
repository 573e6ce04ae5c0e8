#include "cornu/backends/native/fusion.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <queue>
#include <set>
#include <string_view>

#include "cornu/backends/native/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::native {

namespace {

const Op chain_op = {.name = "chain", .doc = "Element-wise calls and sums of rows, in one pass over memory.", .inputs = -1,
                     .infer = [](const InferArgs& a) -> Specs { return a.as<ChainAttrs>().out; }};

constexpr int most_members = 48;
constexpr int most_inputs = 20;
constexpr int nearness = 24;          // calls apart at most: fusing keeps operands alive until the last of them
constexpr int64_t longest_row = 2048; // that a block holds whole
constexpr int64_t worth_sharing = 1024; // elements whose second reading is worth a merger
constexpr int64_t shortest_row = 64;  // below it, going row by row costs more than spreading values over rows

// What a value is to a group of calls whose largest values have shape `full`.
std::optional<Extent> extent_in(const Shape& full, const Shape& shape) {
    if (shape == full) return Extent::full;
    if (full.empty() || full.back() < 2 || full.back() > longest_row) return {};
    Shape row(full.begin(), full.end() - 1);
    if (shape == row) return Extent::row;
    row.push_back(1);
    if (shape == row) return Extent::row;
    return {};
}

class Fusion {
public:
    explicit Fusion(const Graph& graph) : graph_(graph), vertex_(graph.nodes.size()), members_(graph.nodes.size()), place_(graph.nodes.size()), reader_(graph.values.size(), -1) {
        for (size_t n = 0; n < graph.nodes.size(); ++n) {
            lowerings_.push_back(find_lowering(*graph.nodes[n].op));
            vertex_[n] = static_cast<int>(n);
            members_[n] = {static_cast<int>(n)};
            place_[n] = static_cast<int>(n);
        }
    }

    Graph run() {
        for (size_t n = 0; n < graph_.nodes.size(); ++n)
            if (may_join(graph_.nodes[n], step(static_cast<int>(n)))) join(static_cast<int>(n));
        return rebuild();
    }

private:
    const Graph::Node& node(int n) const { return graph_.nodes[static_cast<size_t>(n)]; }
    ChainStep step(int n) const { return lowerings_[static_cast<size_t>(n)] ? lowerings_[static_cast<size_t>(n)]->step : ChainStep{}; }
    int producer(ValueId id) const { return graph_.values[static_cast<size_t>(id)].node; }
    int vertex_of(ValueId id) const { return producer(id) < 0 ? -1 : vertex_[static_cast<size_t>(producer(id))]; }
    int& place(int v) { return place_[static_cast<size_t>(v)]; }
    std::vector<int>& members(int v) { return members_[static_cast<size_t>(v)]; }
    const Shape& shape(ValueId id) const { return graph_.spec(id).shape; }

    // ---- which calls ----

    bool row_fits(const Shape& shape) const { return shape.rank() > 0 && shape.back() > 1 && shape.back() <= longest_row; }
    bool sums_rows(const Graph::Node& call) const {
        const Shape& in = shape(call.in[0]);
        return row_fits(in) && call.attrs.as<ReduceAttrs>().axes == std::vector<int64_t>{in.rank() - 1};
    }
    bool sums_all(const Graph::Node& call) const {
        const Shape& in = shape(call.in[0]);
        return std::string_view(call.op->name) == "reduce_sum" && in.size() > longest_row && static_cast<int64_t>(call.attrs.as<ReduceAttrs>().axes.size()) == in.rank();
    }
    bool sums_columns(const Graph::Node& call) const {
        const Shape& in = shape(call.in[0]);
        const auto& axes = call.attrs.as<ReduceAttrs>().axes;
        if (std::string_view(call.op->name) != "reduce_sum" || in.rank() < 2 || !row_fits(in) || static_cast<int64_t>(axes.size()) != in.rank() - 1) return false;
        return std::find(axes.begin(), axes.end(), in.rank() - 1) == axes.end();
    }
    // Whether its result is known only when all rows are done.
    bool sums_blocks(int n) const { return step(n).kind == ChainStep::reduce && may_join(node(n), step(n)) && !sums_rows(node(n)); }

    bool may_join(const Graph::Node& call, ChainStep step) const {
        const Spec& out = graph_.spec(call.out[0]);
        const auto dtype = [&](size_t i) { return graph_.spec(call.in[i]).dtype; };
        const auto all = [&](DType wanted) { return std::all_of(call.in.begin(), call.in.end(), [&](ValueId id) { return graph_.spec(id).dtype == wanted; }); };
        const bool worked_on = out.dtype == DType::float32 || out.dtype == DType::bool_;
        if (!worked_on || out.shape.size() == 0) return false;
        switch (step.kind) {
            case ChainStep::never: case ChainStep::window: return false;
            case ChainStep::unary: return all(static_cast<UnaryOp>(step.code) == UnaryOp::logical_not ? DType::bool_ : DType::float32);
            case ChainStep::gelu: case ChainStep::arithmetic: return all(DType::float32);
            case ChainStep::compare: return all(DType::float32) || all(DType::bool_);
            case ChainStep::logical: return all(DType::bool_);
            case ChainStep::select: return dtype(0) == DType::bool_ && dtype(1) == out.dtype && dtype(2) == out.dtype;
            case ChainStep::cast: return !is_complex(dtype(0)) && dtype(0) != DType::string && dtype(0) != DType::int4;
            case ChainStep::same: case ChainStep::broadcast: case ChainStep::reshape: return dtype(0) == out.dtype;
            case ChainStep::reduce: return all(DType::float32) && (sums_rows(call) || sums_columns(call) || sums_all(call));
        }
        return false;
    }

    // The shape of the largest values of a group that begins with the call; none where it cannot begin one.
    std::optional<Shape> first_shape(int n) const {
        const Graph::Node& call = node(n);
        switch (step(n).kind) {
            case ChainStep::reshape: return {};
            case ChainStep::reduce: return shape(call.in[0]);
            default: return shape(call.out[0]);
        }
    }

    // Whether the call fits into a group of that shape, whose members are told by `inside`.
    template <class Inside>
    bool fits(int n, const Shape& full, Inside inside) const {
        const Graph::Node& call = node(n);
        const ChainStep::Kind kind = step(n).kind;
        for (const ValueId id : call.in)
            if (inside(id) && sums_blocks(producer(id))) return false;
        if (kind == ChainStep::reduce) return shape(call.in[0]) == full;
        const auto extent = extent_in(full, shape(call.out[0]));
        if (!extent) return false;
        for (const ValueId id : call.in) {
            const Shape& s = shape(id);
            const auto own = extent_in(full, s);
            if (kind == ChainStep::reshape) {
                if (!(inside(id) && own == Extent::row && extent == Extent::row)) return false;
            } else if (extent == Extent::row) {
                if (s.size() != 1 && s != shape(call.out[0])) return false;
            } else if (inside(id)) {
                const bool kept = !s.empty() && s.rank() == full.rank() && s.back() == 1;   // of a row, and broadcast along it
                if (!(own == Extent::full || (own == Extent::row && kept))) return false;
            }
        }
        return true;
    }

    // ---- groups ----

    void join(int n) {
        if (const auto own = first_shape(n)) shapes_.emplace(n, *own);
        std::vector<int> candidates;   // the latest first: what was made last is nearest
        for (const ValueId id : node(n).in) {
            const int v = vertex_of(id);
            if (v >= 0 && shapes_.count(v) && may_join(node(producer(id)), step(producer(id))) && std::find(candidates.begin(), candidates.end(), v) == candidates.end()) candidates.push_back(v);
        }
        std::sort(candidates.begin(), candidates.end(), [&](int a, int b) { return place(a) > place(b); });
        // Last, groups that read what this call reads: together they read it once.
        for (const ValueId id : node(n).in) {
            if (shape(id).size() < worth_sharing) continue;
            int& reader = reader_[static_cast<size_t>(id)];
            if (reader >= 0 && shapes_.count(vertex_[static_cast<size_t>(reader)])) candidates.push_back(vertex_[static_cast<size_t>(reader)]);
            reader = n;
        }
        for (const int candidate : candidates) {
            if (!shapes_.count(candidate)) continue;   // merged meanwhile
            const int v = vertex_[static_cast<size_t>(n)];
            if (v == candidate) continue;
            const bool alone = members(v).size() == 1, near = n - place(candidate) <= nearness;
            // A sum of what the group makes keeps nothing alive, however far away it is asked for.
            if (!near && !(alone && step(n).kind == ChainStep::reduce)) continue;
            const Shape& full = shapes_.at(candidate);
            if (!alone && shapes_.at(v) != full) continue;
            const auto inside = [&](ValueId id) { return vertex_of(id) == candidate || (!alone && vertex_of(id) == v); };
            if (!fits(n, full, inside) || waits(v, candidate) || waits(candidate, v) || !small_enough(v, candidate) || indirect(v, candidate) || indirect(candidate, v)) continue;
            const int place_now = near ? std::max(place(v), place(candidate)) : place(candidate);
            merge(v, candidate);
            place(candidate) = place_now;
        }
    }

    bool small_enough(int a, int b) {
        if (members(a).size() + members(b).size() > static_cast<size_t>(most_members)) return false;
        std::set<ValueId> inputs;
        for (const int v : {a, b})
            for (const int n : members(v))
                for (const ValueId id : node(n).in)
                    if (vertex_of(id) != a && vertex_of(id) != b && !graph_.is_constant(id)) inputs.insert(id);
        return inputs.size() <= static_cast<size_t>(most_inputs);
    }

    // Whether a member of `a` reads what is known only when `b` is done.
    bool waits(int a, int b) {
        return std::any_of(members(a).begin(), members(a).end(), [&](int n) {
            return std::any_of(node(n).in.begin(), node(n).in.end(), [&](ValueId id) { return vertex_of(id) == b && sums_blocks(producer(id)); });
        });
    }

    void merge(int from, int into) {
        for (const int n : members(from)) vertex_[static_cast<size_t>(n)] = into;
        std::vector<int> both;
        std::merge(members(from).begin(), members(from).end(), members(into).begin(), members(into).end(), std::back_inserter(both));
        members(into) = std::move(both);
        members(from).clear();
        shapes_.erase(from);
    }

    template <class F>
    void each_source(int v, F f) {
        for (const int n : members(v))
            for (const ValueId id : node(n).in)
                if (const int source = vertex_of(id); source >= 0 && source != v) f(source);
    }

    // Whether `a` depends on `b` through something between them: merged, they would wait for themselves.
    bool indirect(int a, int b) {
        std::vector<int> waiting;
        std::vector<char> seen(graph_.nodes.size(), 0);
        const auto visit = [&](int v) {
            if (!seen[static_cast<size_t>(v)]) {
                seen[static_cast<size_t>(v)] = 1;
                waiting.push_back(v);
            }
        };
        each_source(a, [&](int v) { if (v != b) visit(v); });
        while (!waiting.empty()) {
            const int v = waiting.back();
            waiting.pop_back();
            bool found = false;
            each_source(v, [&](int source) {
                found = found || source == b;
                visit(source);
            });
            if (found) return true;
        }
        return false;
    }

    // ---- the graph of groups ----

    // Groups in an order in which they can run, as near to the old one as may be.
    std::vector<int> order() {
        std::vector<int> pending(graph_.nodes.size(), 0);
        std::vector<std::vector<int>> users(graph_.nodes.size());
        std::priority_queue<std::pair<int, int>, std::vector<std::pair<int, int>>, std::greater<>> ready;   // by place
        for (size_t v = 0; v < graph_.nodes.size(); ++v) {
            std::set<int> sources;
            each_source(static_cast<int>(v), [&](int source) { sources.insert(source); });
            pending[v] = static_cast<int>(sources.size());
            for (const int source : sources) users[static_cast<size_t>(source)].push_back(static_cast<int>(v));
            if (!members_[v].empty() && sources.empty()) ready.emplace(place_[v], static_cast<int>(v));
        }
        std::vector<int> sorted;
        while (!ready.empty()) {
            const int v = ready.top().second;
            ready.pop();
            sorted.push_back(v);
            for (const int user : users[static_cast<size_t>(v)])
                if (--pending[static_cast<size_t>(user)] == 0) ready.emplace(place(user), user);
        }
        return sorted;
    }

    Graph rebuild() {
        Graph out = graph_;
        out.nodes.clear();
        for (Graph::Value& value : out.values) value.node = -1;
        needed_.assign(graph_.values.size(), 0);
        for (const ValueId id : graph_.outputs) needed_[static_cast<size_t>(id)] = 1;
        in_memory_ = needed_;
        for (const ValueId id : graph_.inputs) in_memory_[static_cast<size_t>(id)] = 1;
        for (size_t n = 0; n < graph_.nodes.size(); ++n) {
            if (members(vertex_[n]).size() > 1 || (lowerings_[n] && lowerings_[n]->step.kind == ChainStep::window)) continue;
            for (const ValueId id : graph_.nodes[n].in) in_memory_[static_cast<size_t>(id)] = 1;
            for (const ValueId id : graph_.nodes[n].out) in_memory_[static_cast<size_t>(id)] = 1;
        }
        std::vector<int> sorted = order();
        // From the back, so that each knows which of its values somebody still wants.
        std::vector<Graph::Node> nodes;
        for (auto v = sorted.rbegin(); v != sorted.rend(); ++v) {
            if (members(*v).size() > 1) {
                if (auto chain = make_chain(*v)) {
                    if (!chain->out.empty()) nodes.push_back(std::move(*chain));
                    continue;
                }
            }
            for (auto n = members(*v).rbegin(); n != members(*v).rend(); ++n) {
                const Graph::Node& call = node(*n);
                if (std::none_of(call.out.begin(), call.out.end(), [&](ValueId id) { return needed_[static_cast<size_t>(id)]; })) continue;
                for (const ValueId id : call.in) needed_[static_cast<size_t>(id)] = 1;
                nodes.push_back(call);
            }
        }
        out.nodes.assign(std::make_move_iterator(nodes.rbegin()), std::make_move_iterator(nodes.rend()));
        for (size_t n = 0; n < out.nodes.size(); ++n)
            for (const ValueId id : out.nodes[n].out) out.values[static_cast<size_t>(id)].node = static_cast<int32_t>(n);
        return out;
    }

    // ---- the chain of one group ----

    // Whether meeting an operand of that shape is better done row by row than by spreading it.
    static bool goes_by_rows(const Shape& full, const Shape& shape) {
        if (full.rank() < 2 || shape.size() < 2 || shape == full || full.back() > longest_row / 2) return false;
        const bool columns = shape.size() == full.back() && shape.back() == full.back();
        return columns ? full.back() >= 4 : full.back() >= shortest_row && shape.back() == 1 && shape.size() * full.back() == full.size();
    }

    struct Writing {
        int group;
        Shape full;
        std::shared_ptr<ChainSpec> program;
        std::map<std::pair<ValueId, bool>, int> ids;   // by value, and whether it is read as one number a row
        std::set<ValueId> read;                        // full values that come from outside anyway
        std::vector<ValueId> in;
        std::vector<char> plain;
    };

    Extent extent_of(const Shape& full, ValueId id) const {
        if (!sums_blocks(producer(id))) return *extent_in(full, shape(id));
        return sums_all(node(producer(id))) ? Extent::scalar : Extent::column;
    }

    std::optional<Graph::Node> make_chain(int v) {
        Writing w{v, shapes_.at(v), {}, {}, {}, {}, {}};
        std::vector<int> wanted;       // members whose results somebody uses, in order
        std::set<ValueId> used;
        for (auto n = members(v).rbegin(); n != members(v).rend(); ++n) {
            const ValueId id = node(*n).out[0];
            if (!needed_[static_cast<size_t>(id)] && !used.count(id)) continue;
            wanted.push_back(*n);
            used.insert(node(*n).in.begin(), node(*n).in.end());
        }
        std::reverse(wanted.begin(), wanted.end());
        bool by_rows = false;
        for (const int m : wanted) {
            by_rows = by_rows || (step(m).kind == ChainStep::reduce ? !sums_all(node(m)) : extent_in(w.full, shape(node(m).out[0])) == Extent::row);
            for (const ValueId id : node(m).in) {
                if (vertex_of(id) != v && shape(id) == w.full) w.read.insert(id);
                by_rows = by_rows || goes_by_rows(w.full, shape(id));
            }
        }
        w.program = std::make_shared<ChainSpec>(w.full, by_rows);
        Graph::Node chain{&chain_op, {}, {}, {}, {}};
        ChainAttrs attrs;
        try {
            for (const int m : wanted) {
                const ValueId id = node(m).out[0];
                const int value = write(w, m);
                w.ids[{id, false}] = w.ids[{id, true}] = value;
                if (!needed_[static_cast<size_t>(id)]) continue;
                chain.out.push_back(id);
                attrs.out.push_back(graph_.spec(id));
            }
            for (const ValueId id : chain.out)
                w.program->output(w.ids.at({id, false}), graph_.spec(id).dtype, extent_of(w.full, id));
            attrs.chain = std::make_shared<const Chain>(*w.program);
        } catch (const UnsupportedError&) {
            return {};   // too much for one chain: its calls stay as they are
        }
        chain.in = w.in;
        chain.scope = wanted.empty() ? "" : node(wanted.back()).scope;
        for (const ValueId id : chain.in) needed_[static_cast<size_t>(id)] = 1;
        attrs.program = w.program;
        attrs.plain = w.plain;
        chain.attrs = std::move(attrs);
        return chain;
    }

    int write(Writing& w, int n) {
        const Graph::Node& call = node(n);
        ChainSpec& program = *w.program;
        const ChainStep what = step(n);
        const bool row = what.kind != ChainStep::reduce && extent_in(w.full, shape(call.out[0])) == Extent::row;
        const auto operand = [&](size_t i) { return read(w, call.in[i], row); };
        const auto is = [&](size_t i, DType dtype) { return graph_.spec(call.in[i]).dtype == dtype; };
        switch (what.kind) {
            case ChainStep::unary: return program.unary(static_cast<UnaryOp>(what.code), operand(0));
            case ChainStep::gelu: return program.unary(call.attrs.as<GeluAttrs>().approximate ? UnaryOp::gelu_tanh : UnaryOp::gelu, operand(0));
            case ChainStep::arithmetic: case ChainStep::compare: case ChainStep::logical: {
                const int a = operand(0), b = operand(1);
                return program.binary(static_cast<BinaryOp>(what.code), a, b);
            }
            case ChainStep::select: {
                const int condition = operand(0), a = operand(1), b = operand(2);
                return program.select(condition, a, b);
            }
            case ChainStep::cast: {
                const int a = operand(0);
                const bool to_truth = graph_.spec(call.out[0]).dtype == DType::bool_ && !is(0, DType::bool_);
                return to_truth ? program.binary(BinaryOp::ne, a, program.constant(0)) : a;
            }
            case ChainStep::reduce: return sums_rows(call)  ? program.reduce(static_cast<ReduceOp>(what.code), operand(0))
                                         : sums_all(call) ? program.sum_all(operand(0))
                                                          : program.sum_columns(operand(0));
            default: return operand(0);
        }
    }

    // The chain's id of a value: made within, a number, made again from what is read anyway, or an input.
    int read(Writing& w, ValueId id, bool row) {
        if (const auto known = w.ids.find({id, row}); known != w.ids.end()) return known->second;
        int value;
        if (const auto number = same_everywhere(id)) value = w.program->constant(*number);
        else if (cheap_to_repeat(w, id)) value = write(w, producer(id));
        else value = input(w, id, row);
        w.ids[{id, row}] = value;
        return value;
    }

    std::optional<float> same_everywhere(ValueId id) const {
        if (!graph_.is_constant(id) || graph_.spec(id).dtype != DType::float32) return {};
        const Tensor host = graph_.constant(id).to_host();
        const std::span<const float> values = host.data<float>();
        const bool same = std::all_of(values.begin(), values.end(), [&](float v) { return std::memcmp(&v, values.data(), sizeof v) == 0; });
        return same && !values.empty() ? std::optional(values[0]) : std::nullopt;
    }

    // A large value of another group whose call is lighter than reading its result back from memory.
    bool cheap_to_repeat(const Writing& w, ValueId id) const {
        if (producer(id) < 0 || vertex_of(id) == w.group || shape(id) != w.full || in_memory_[static_cast<size_t>(id)]) return false;
        const Graph::Node& call = node(producer(id));
        const ChainStep what = step(producer(id));
        if (!may_join(call, what)) return false;
        const auto unary = static_cast<UnaryOp>(what.code);
        const auto binary = static_cast<BinaryOp>(what.code);
        const bool light = what.kind == ChainStep::compare || what.kind == ChainStep::logical || what.kind == ChainStep::select || what.kind == ChainStep::same ||
                           what.kind == ChainStep::broadcast || (what.kind == ChainStep::cast && graph_.spec(call.in[0]).dtype == DType::bool_) ||
                           (what.kind == ChainStep::arithmetic && (binary == BinaryOp::add || binary == BinaryOp::sub || binary == BinaryOp::mul)) ||
                           (what.kind == ChainStep::unary && (unary == UnaryOp::neg || unary == UnaryOp::square || unary == UnaryOp::relu || unary == UnaryOp::logical_not));
        // One operand may take the value's place in memory, if it has to be there anyway.
        int swapped = 0;
        return light && std::all_of(call.in.begin(), call.in.end(), [&](ValueId operand) {
                   if (shape(operand).size() * 4 <= w.full.size() || w.read.count(operand) > 0) return true;
                   return shape(operand) == w.full && in_memory_[static_cast<size_t>(operand)] && swapped++ == 0;
               });
    }

    int input(Writing& w, ValueId id, bool row) {
        const Shape& own = shape(id);
        const int n = producer(id);
        const ChainStep::Kind kind = n < 0 ? ChainStep::never : step(n).kind;
        w.in.push_back(id);
        w.plain.push_back(own == w.full || row);
        if (row && own.size() > 1) {
            std::vector<int64_t> strides = strides_of(Shape(w.full.begin(), w.full.end() - 1));
            strides.push_back(0);
            return w.program->input(graph_.spec(id).dtype, std::move(strides), 0);
        }
        if (kind == ChainStep::broadcast && vertex_of(id) != w.group && own == w.full) {
            w.in.back() = node(n).in[0];
            w.plain.back() = false;
            return w.program->input(graph_.spec(id).dtype, shape(node(n).in[0]));
        }
        if (kind == ChainStep::window && own == w.full) {
            const auto& window = node(n).attrs.as<SliceAttrs>();
            const std::vector<int64_t> source = strides_of(shape(node(n).in[0]));
            std::vector<int64_t> strides;
            int64_t offset = 0;
            for (size_t i = 0; i < source.size(); ++i) {
                strides.push_back(source[i] * window.stride[i]);
                offset += source[i] * window.start[i];
            }
            if (window.stride.back() == 1) {
                w.in.back() = node(n).in[0];
                w.plain.back() = false;
                return w.program->input(graph_.spec(id).dtype, std::move(strides), offset);
            }
        }
        return w.program->input(graph_.spec(id).dtype, own);
    }

    const Graph& graph_;
    std::vector<const Lowering*> lowerings_;
    std::vector<int> vertex_;                   // by node: the node that stands for its group
    std::vector<std::vector<int>> members_;     // by that node, in the graph's order
    std::vector<int> place_;                    // by that node: where in the graph's order the group belongs
    std::map<int, Shape> shapes_;               // of groups that chains can be made of
    std::vector<int> reader_;                   // by value: the call that read it last
    std::vector<char> needed_;                  // by value
    std::vector<char> in_memory_;               // by value: made or read by a call outside all groups
};

Kernel lower_chain(const Call& call) {
    const auto& attrs = call.as<ChainAttrs>();
    const auto& chain = attrs.chain;
    Kernel kernel{.run = [chain](const void* const* in, void* const* out, void* scratch) { chain->run(in, out, scratch); }, .scratch_bytes = chain->scratch_bytes()};
    for (size_t k = 0; k < call.out.size(); ++k)
        for (size_t i = 0; i < call.in.size(); ++i)
            if (attrs.plain[i] && call.in[i].shape == call.out[k].shape && call.in[i].dtype == call.out[k].dtype) kernel.in_place.emplace_back(static_cast<int>(k), static_cast<int>(i));
    return kernel;
}

constexpr Lowering table[] = {{"chain", lower_chain}};

}  // namespace

std::span<const Lowering> chain_lowerings() { return table; }

Graph fuse(const Graph& graph) {
    const char* wanted = std::getenv("CORNU_FUSION");
    if (graph.nodes.size() < 2 || (wanted && std::string_view(wanted) == "0")) return graph;
    return Fusion(graph).run();
}

}  // namespace cornu::native
