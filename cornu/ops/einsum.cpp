#include "cornu/ops/einsum.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

// "ij,jk->ik" with an ellipsis written out: the axes it stands for are named by characters that are
// no letters.
struct Subscripts {
    std::vector<std::string> inputs;
    std::string output;
};

Subscripts parse(const std::string& text, const std::vector<int64_t>& ranks) {
    const auto refuse = [&](const std::string& why) { throw ValueError(str("ops.einsum: ", why, ". Received: subscripts=\"", text, "\"")); };
    std::string clean;
    for (const char c : text)
        if (c != ' ') clean += c;
    std::optional<std::string> out;
    if (const size_t arrow = clean.find("->"); arrow != clean.npos) {
        out = clean.substr(arrow + 2);
        clean.resize(arrow);
    }
    Subscripts s;
    size_t begin = 0;
    for (;;) {
        const size_t comma = clean.find(',', begin);
        s.inputs.push_back(clean.substr(begin, comma == clean.npos ? comma : comma - begin));
        if (comma == clean.npos) break;
        begin = comma + 1;
    }
    if (s.inputs.size() != ranks.size()) refuse(str("there must be one term per operand, ", ranks.size()));
    const auto expand = [&](std::string& term, int64_t leading) {
        const size_t dots = term.find("...");
        std::string extra;
        // Counted from the right, so that operands of different rank line up as in broadcasting.
        for (int64_t i = leading; i-- > 0;) extra += static_cast<char>('!' + i);
        if (dots != term.npos) term = term.substr(0, dots) + extra + term.substr(dots + 3);
        for (const char c : term)
            if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '!' && c < '!' + 12)) refuse(str("'", std::string(1, c), "' is no letter"));
    };
    int64_t most = 0;
    for (size_t i = 0; i < ranks.size(); ++i) {
        std::string& term = s.inputs[i];
        const bool dots = term.find("...") != term.npos;
        const int64_t named = static_cast<int64_t>(term.size()) - (dots ? 3 : 0), leading = dots ? ranks[i] - named : 0;
        if (leading < 0 || leading > 12 || (!dots && named != ranks[i])) refuse(str("term ", i, " must name the ", ranks[i], " axes of its operand"));
        most = std::max(most, leading);
        expand(term, leading);
    }
    if (out) {
        s.output = *out;
        expand(s.output, most);
    } else {
        std::map<char, int> count;
        for (const std::string& term : s.inputs)
            for (const char c : term) ++count[c];
        for (int64_t i = most; i-- > 0;) s.output += static_cast<char>('!' + i);
        for (const auto& [c, n] : count)
            if (n == 1 && c >= 'A') s.output += c;
    }
    for (size_t i = 0; i < s.output.size(); ++i) {
        bool known = false;
        for (const std::string& term : s.inputs) known = known || term.find(s.output[i]) != term.npos;
        if (!known || s.output.find(s.output[i], i + 1) != s.output.npos) refuse(str("the result's '", std::string(1, s.output[i]), "' must stand in a term, and once in the result"));
    }
    return s;
}

Shape result_shape(const Subscripts& s, const std::vector<Shape>& shapes) {
    std::map<char, int64_t> size;
    for (size_t i = 0; i < shapes.size(); ++i)
        for (size_t k = 0; k < s.inputs[i].size(); ++k) {
            const char c = s.inputs[i][k];
            const int64_t d = shapes[i][static_cast<int64_t>(k)];
            const auto [at, fresh] = size.emplace(c, d);
            if (fresh || at->second == d) continue;
            if (at->second == 1 || (at->second < 0 && d > 1)) at->second = d;
            else if (d >= 0 && d != 1 && at->second >= 0) throw ShapeError(str("ops.einsum: '", std::string(1, c), "' stands for axes of different sizes. Received: ", at->second, " and ", d));
        }
    Shape out;
    for (const char c : s.output) out.push_back(size.at(c));
    return out;
}

struct Term {
    Tensor x;
    std::string axes;
};

// "ii" keeps the diagonal.
Term without_repeats(Term t) {
    for (size_t i = 0; i < t.axes.size(); ++i)
        for (size_t j = t.axes.size() - 1; j > i; --j) {
            if (t.axes[j] != t.axes[i]) continue;
            const char c = t.axes[i];
            t.x = ops::diagonal(t.x, 0, static_cast<int64_t>(i), static_cast<int64_t>(j));
            t.axes.erase(j, 1);
            t.axes.erase(i, 1);
            t.axes += c;
            return without_repeats(std::move(t));
        }
    return t;
}
// Axes that nobody else names are summed at once.
Term summed(Term t, const std::string& needed) {
    Ints axes;
    std::string kept;
    for (size_t i = 0; i < t.axes.size(); ++i) {
        if (needed.find(t.axes[i]) == needed.npos) axes.push_back(static_cast<int64_t>(i));
        else kept += t.axes[i];
    }
    return axes.empty() ? t : Term{ops::cast(ops::sum(t.x, Axes(axes)), t.x.dtype()), kept};
}
// Axes of size 1 that meet larger ones are dropped: the product is the same without them.
Term without_ones(Term t, const Term& other) {
    for (size_t i = t.axes.size(); i-- > 0;) {
        const size_t at = other.axes.find(t.axes[i]);
        if (t.x.shape()[static_cast<int64_t>(i)] != 1 || at == other.axes.npos || other.x.shape()[static_cast<int64_t>(at)] == 1) continue;
        t.x = ops::squeeze(t.x, {static_cast<int64_t>(i)});
        t.axes.erase(i, 1);
    }
    return t;
}
Term product(Term l, Term r, const std::string& needed) {
    l = without_ones(std::move(l), r);
    r = without_ones(std::move(r), l);
    DotDims d;
    std::string batch, axes;
    for (size_t i = 0; i < l.axes.size(); ++i) {
        const size_t at = r.axes.find(l.axes[i]);
        if (at == r.axes.npos) continue;
        const bool kept = needed.find(l.axes[i]) != needed.npos;
        (kept ? d.lhs_batch : d.lhs_contract).push_back(static_cast<int64_t>(i));
        (kept ? d.rhs_batch : d.rhs_contract).push_back(static_cast<int64_t>(at));
        if (kept) batch += l.axes[i];
    }
    axes = batch;
    for (const int64_t i : free_axes(l.x.rank(), d.lhs_contract, d.lhs_batch)) axes += l.axes[static_cast<size_t>(i)];
    for (const int64_t i : free_axes(r.x.rank(), d.rhs_contract, d.rhs_batch)) axes += r.axes[static_cast<size_t>(i)];
    return {prim::dot_general(l.x, r.x, d), axes};
}

struct EinsumAttrs {
    std::string subscripts;
    static void describe(Schema<EinsumAttrs>& s) { s.field<&EinsumAttrs::subscripts>(); }
};
std::vector<int64_t> ranks_of(const std::vector<Shape>& shapes) {
    std::vector<int64_t> ranks;
    for (const Shape& s : shapes) ranks.push_back(s.rank());
    return ranks;
}
constinit const Op einsum_op = {
    .name = "einsum", .keras = "keras.src.ops.numpy.Einsum", .doc = "Sums of products over named axes.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        std::vector<Shape> shapes;
        std::vector<PromotionOperand> types;
        for (const Spec& in : a.in) {
            shapes.push_back(in.shape);
            types.push_back({in.dtype, in.weak});
        }
        if (a.in.empty()) throw ValueError("ops.einsum: at least one operand is needed. Received: none");
        return {{result_shape(parse(a.as<EinsumAttrs>().subscripts, ranks_of(shapes)), shapes), result_type(types)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        std::vector<Shape> shapes;
        for (const Tensor& x : in) shapes.push_back(x.shape());
        const Subscripts s = parse(attrs.as<EinsumAttrs>().subscripts, ranks_of(shapes));
        std::vector<Term> terms;
        for (size_t i = 0; i < in.size(); ++i) terms.push_back(without_repeats({in[i], s.inputs[i]}));
        Term done;
        for (size_t i = 0; i < terms.size(); ++i) {
            std::string needed = s.output, others = s.output;
            for (size_t k = i + 1; k < terms.size(); ++k) needed += terms[k].axes;
            others = needed + done.axes;
            const Term next = summed(terms[i], others);
            if (i == 0) {
                done = next;
                continue;
            }
            done = product(summed(done, needed + next.axes), next, needed);
        }
        done = summed(done, s.output);
        Ints order;
        bool identity = true;
        for (const char c : s.output) {
            order.push_back(static_cast<int64_t>(done.axes.find(c)));
            identity = identity && order.back() == static_cast<int64_t>(order.size()) - 1;
        }
        return {identity ? done.x : ops::transpose(done.x, order)};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const auto spec = [](Shape s) { return Spec{std::move(s), DType::float64}; };
        return std::vector<OpSample>{{{spec({2, 3}), spec({3, 4})}, EinsumAttrs{"ij,jk->ik"}}, {{spec({2, 3, 4}), spec({2, 4, 5})}, EinsumAttrs{"bij,bjk->bik"}},
                                     {{spec({3, 3})}, EinsumAttrs{"ii"}}, {{spec({2, 3, 4}), spec({4, 5})}, EinsumAttrs{"...i,ij->...j"}},
                                     {{spec({2, 3}), spec({3}), spec({2, 4})}, EinsumAttrs{"ab,b,ac->cb"}}, {{spec({2, 3, 4})}, EinsumAttrs{"abc->ca"}}};
    }},
    .read_attrs = read_attrs<EinsumAttrs>};

// Keras's `axes`: a number of axes, or the axes of each side.
struct TensordotAttrs {
    Json axes = 2;
    static void describe(Schema<TensordotAttrs>& s) { s.field<&TensordotAttrs::axes>(); }
};
DotDims tensordot_dims(const Shape& a, const Shape& b, const Json& axes) {
    DotDims d;
    if (axes.is_int()) {
        const int64_t n = axes.as_int();
        if (n < 0 || n > a.rank() || n > b.rank()) throw ValueError(str("ops.tensordot: axes must not exceed either rank. Received: axes=", n, ", shapes ", a, " and ", b));
        for (int64_t i = 0; i < n; ++i) {
            d.lhs_contract.push_back(a.rank() - n + i);
            d.rhs_contract.push_back(i);
        }
        return d;
    }
    Codec<Ints>::decode(axes[0], d.lhs_contract);
    Codec<Ints>::decode(axes[1], d.rhs_contract);
    for (int64_t& i : d.lhs_contract) i = normalize_axis(i, a.rank(), "axes");
    for (int64_t& i : d.rhs_contract) i = normalize_axis(i, b.rank(), "axes");
    return d;
}
constinit const Op tensordot_op = {
    .name = "tensordot", .keras = "keras.src.ops.numpy.Tensordot", .doc = "Sum of products over pairs of axes.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const DotDims d = tensordot_dims(a.shape(0), a.shape(1), a.as<TensordotAttrs>().axes);
        if (d.lhs_contract.size() != d.rhs_contract.size()) throw ValueError("ops.tensordot: as many axes are needed on either side.");
        Shape out;
        for (const int64_t i : free_axes(a.shape(0).rank(), d.lhs_contract, {})) out.push_back(a.shape(0)[i]);
        for (const int64_t i : free_axes(a.shape(1).rank(), d.rhs_contract, {})) out.push_back(a.shape(1)[i]);
        const PromotionOperand types[] = {{a.dtype(0)}, {a.dtype(1)}};
        return {{out, result_type(types)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {prim::dot_general(in[0], in[1], tensordot_dims(in[0].shape(), in[1].shape(), attrs.as<TensordotAttrs>().axes))};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const Spec x{{2, 3, 4}, DType::float64}, y{{3, 4, 5}, DType::float64};
        return std::vector<OpSample>{{{x, y}, TensordotAttrs{2}}, {{x, y}, TensordotAttrs{Json::array({Json::array({1}), Json::array({0})})}}};
    }},
    .read_attrs = read_attrs<TensordotAttrs>};

constinit const Op dot_op = {
    .name = "dot", .keras = "keras.src.ops.numpy.Dot", .doc = "Sum of products over the last axis of x1 and the second last of x2.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const PromotionOperand types[] = {{a.dtype(0)}, {a.dtype(1)}};
        const Shape &x = a.shape(0), &y = a.shape(1);
        if (x.empty() || y.empty()) return {{x.empty() ? y : x, result_type(types)}};
        const int64_t k = y.rank() == 1 ? 0 : y.rank() - 2;
        if (x.back() >= 0 && y[k] >= 0 && x.back() != y[k]) throw ShapeError(str("ops.dot: the last axis of x1 must equal the second last of x2. Received: shapes ", x, " and ", y));
        Shape out(x.begin(), x.end() - 1);
        for (int64_t i = 0; i < y.rank(); ++i)
            if (i != k) out.push_back(y[i]);
        return {{out, result_type(types)}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        if (in[0].rank() == 0 || in[1].rank() == 0) return {in[0] * in[1]};
        return {prim::dot_general(in[0], in[1], {{in[0].rank() - 1}, {in[1].rank() == 1 ? 0 : in[1].rank() - 2}, {}, {}})};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64}, y{{4, 3, 5}, DType::float64}, v{{3}, DType::float64}, s{{}, DType::float64};
        return std::vector<OpSample>{{{x, y}}, {{v, v}}, {{x, v}}, {{s, x}}};
    }}};

constinit const Op vdot_op = {
    .name = "vdot", .keras = "keras.src.ops.numpy.Vdot", .doc = "Sum of products of two tensors seen as vectors.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const PromotionOperand types[] = {{a.dtype(0)}, {a.dtype(1)}};
        if (a.shape(0).is_static() && a.shape(1).is_static() && a.shape(0).size() != a.shape(1).size())
            throw ShapeError(str("ops.vdot: both must have as many elements. Received: shapes ", a.shape(0), " and ", a.shape(1)));
        return {{{}, result_type(types)}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        if (is_complex(in[0].dtype())) throw UnsupportedError("ops.vdot: complex tensors are not supported yet.");
        return {prim::dot_general(ops::reshape(in[0], {-1}), ops::reshape(in[1], {-1}), {{0}, {0}, {}, {}})};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] { return std::vector<OpSample>{{{{{2, 3}, DType::float64}, {{3, 2}, DType::float64}}}}; }}};

constinit const Op outer_op = {
    .name = "outer", .keras = "keras.src.ops.numpy.Outer", .doc = "All products of an element of x1 and one of x2.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const PromotionOperand types[] = {{a.dtype(0)}, {a.dtype(1)}};
        const auto size = [&](size_t i) { return a.shape(i).is_static() ? a.shape(i).size() : None; };
        return {{{size(0), size(1)}, result_type(types)}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {ops::reshape(in[0], {-1, 1}) * ops::reshape(in[1], {1, -1})}; },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] { return std::vector<OpSample>{{{{{2, 3}, DType::float64}, {{4}, DType::float64}}}}; }}};

constexpr const Op* family[] = {&einsum_op, &tensordot_op, &dot_op, &vdot_op, &outer_op};

}  // namespace

std::span<const Op* const> einsum_ops() { return family; }

namespace ops {
Tensor einsum(const std::string& subscripts, const Tensors& operands) { return apply1(einsum_op, operands, EinsumAttrs{subscripts}); }
Tensor tensordot(const Tensor& x1, const Tensor& x2, int64_t axes) { return apply1(tensordot_op, {x1, x2}, TensordotAttrs{axes}); }
Tensor tensordot(const Tensor& x1, const Tensor& x2, const std::vector<std::vector<int64_t>>& axes) { return apply1(tensordot_op, {x1, x2}, TensordotAttrs{Codec<std::vector<Ints>>::encode(axes)}); }
Tensor dot(const Tensor& x1, const Tensor& x2) { return apply1(dot_op, {x1, x2}); }
Tensor vdot(const Tensor& x1, const Tensor& x2) { return apply1(vdot_op, {x1, x2}); }
Tensor outer(const Tensor& x1, const Tensor& x2) { return apply1(outer_op, {x1, x2}); }
}  // namespace ops
}  // namespace cornu
