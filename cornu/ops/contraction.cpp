#include "cornu/ops/contraction.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

using Ints = std::vector<int64_t>;

Ints free_axes(int64_t rank, const Ints& contract, const Ints& batch) {
    Ints out;
    for (int64_t i = 0; i < rank; ++i)
        if (std::find(contract.begin(), contract.end(), i) == contract.end() && std::find(batch.begin(), batch.end(), i) == batch.end())
            out.push_back(i);
    return out;
}

namespace {

Specs dot_general_infer(const InferArgs& a) {
    const auto& d = a.as<DotDims>();
    const Shape &l = a.shape(0), &r = a.shape(1);
    bool fits = d.lhs_contract.size() == d.rhs_contract.size() && d.lhs_batch.size() == d.rhs_batch.size();
    const auto agree = [&](const Ints& la, const Ints& ra) {
        for (size_t i = 0; fits && i < la.size(); ++i) {
            const int64_t x = l.dim(la[i]), y = r.dim(ra[i]);
            fits = x < 0 || y < 0 || x == y;
        }
    };
    agree(d.lhs_contract, d.rhs_contract);
    agree(d.lhs_batch, d.rhs_batch);
    if (!fits) throw ShapeError(str("dot_general: contracted and batch axes must agree in size. Received: shapes ", l, " and ", r, ", ", a.attrs.to_string()));
    Shape out;
    for (size_t i = 0; i < d.lhs_batch.size(); ++i) out.push_back(l[d.lhs_batch[i]] < 0 ? r[d.rhs_batch[i]] : l[d.lhs_batch[i]]);
    for (const int64_t i : free_axes(l.rank(), d.lhs_contract, d.lhs_batch)) out.push_back(l[i]);
    for (const int64_t i : free_axes(r.rank(), d.rhs_contract, d.rhs_batch)) out.push_back(r[i]);
    return {{out, a.dtype()}};
}

// The gradient of one side: contract g's axes that came from the other side with that side's free
// axes, then put the axes (batch, own free, contracted) back where they stood.
Tensor side_gradient(const Tensor& g, const Tensor& other, const Ints& own_contract, const Ints& own_batch, const Ints& other_contract,
                     const Ints& other_batch, int64_t own_rank, bool own_is_lhs) {
    const auto batch = static_cast<int64_t>(own_batch.size());
    const Ints own_free = free_axes(own_rank, own_contract, own_batch), other_free = free_axes(other.rank(), other_contract, other_batch);
    DotDims d;
    const int64_t other_at = batch + (own_is_lhs ? static_cast<int64_t>(own_free.size()) : 0);
    for (size_t i = 0; i < other_free.size(); ++i) d.lhs_contract.push_back(other_at + static_cast<int64_t>(i));
    d.rhs_contract = other_free;
    for (int64_t i = 0; i < batch; ++i) d.lhs_batch.push_back(i);
    d.rhs_batch = other_batch;
    // other_contract, sorted as free_axes leaves them, tells which own contracted axis each is.
    Ints order(other_contract.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
    std::sort(order.begin(), order.end(), [&](int64_t p, int64_t q) { return other_contract[static_cast<size_t>(p)] < other_contract[static_cast<size_t>(q)]; });
    Ints contracted;
    for (const int64_t i : order) contracted.push_back(own_contract[static_cast<size_t>(i)]);
    // target[i]: own axis of the product's axis i. g first gives (batch, own free, contracted), g last
    // (batch, contracted, own free); a product that comes out in order needs no transposition.
    const auto target_of = [&](const Ints& first, const Ints& second) {
        Ints target = own_batch;
        target.insert(target.end(), first.begin(), first.end());
        target.insert(target.end(), second.begin(), second.end());
        return target;
    };
    if (const Ints swapped = target_of(contracted, own_free); std::is_sorted(swapped.begin(), swapped.end()))
        return prim::dot_general(other, g, {d.rhs_contract, d.lhs_contract, d.rhs_batch, d.lhs_batch});
    const Tensor out = prim::dot_general(g, other, d);
    const Ints target = target_of(own_free, contracted);
    if (std::is_sorted(target.begin(), target.end())) return out;
    Ints axes(target.size());
    for (size_t i = 0; i < target.size(); ++i) axes[static_cast<size_t>(target[i])] = static_cast<int64_t>(i);
    return ops::transpose(out, axes);
}

constinit const Op dot_general_op = {
    .name = "dot_general", .doc = "Sum of products over contracted axes, for each index of the batch axes.", .inputs = 2,
    .infer = dot_general_infer,
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& d = v.as<DotDims>();
        return {side_gradient(v.g(), v.x(1), d.lhs_contract, d.lhs_batch, d.rhs_contract, d.rhs_batch, v.x(0).rank(), true),
                side_gradient(v.g(), v.x(0), d.rhs_contract, d.rhs_batch, d.lhs_contract, d.lhs_batch, v.x(1).rank(), false)};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const auto spec = [](Shape s) { return Spec{std::move(s), DType::float64}; };
        return std::vector<OpSample>{
            {{spec({2, 3}), spec({3, 4})}, DotDims{{1}, {0}, {}, {}}},
            {{spec({3, 2}), spec({4, 3})}, DotDims{{0}, {1}, {}, {}}},
            {{spec({5, 2, 3}), spec({5, 3, 4})}, DotDims{{2}, {1}, {0}, {0}}},
            {{spec({2, 3, 4}), spec({4, 3, 5})}, DotDims{{1, 2}, {1, 0}, {}, {}}},
            {{spec({3}), spec({3})}, DotDims{{0}, {0}, {}, {}}},
            {{spec({2}), spec({3})}, DotDims{}},
            {{spec({2, 0}), spec({0, 3})}, DotDims{{1}, {0}, {}, {}}}};
    }}};

// numpy.matmul's shapes: 1-d operands gain an axis that is dropped again, leading axes broadcast.
struct MatmulPlan {
    Shape lhs, rhs, out;   // lhs (…, m, k), rhs (…, k, n), out as the user sees it
    bool batched = false;
};
MatmulPlan plan_matmul(const Shape& a, const Shape& b) {
    const auto refuse = [&] { throw ShapeError(str("ops.matmul: the last axis of x1 must equal the second last of x2, and leading axes must broadcast. Received: shapes ", a, " and ", b)); };
    if (a.empty() || b.empty()) refuse();
    MatmulPlan p{a, b, {}, false};
    if (a.rank() == 1) p.lhs = {1, a[0]};
    if (b.rank() == 1) p.rhs = {b[0], 1};
    const int64_t k1 = p.lhs.back(), k2 = p.rhs.dim(-2);
    if (k1 >= 0 && k2 >= 0 && k1 != k2) refuse();
    const Shape lead_l(p.lhs.begin(), p.lhs.end() - 2), lead_r(p.rhs.begin(), p.rhs.end() - 2);
    const auto lead = broadcast_shapes(lead_l, lead_r);
    if (!lead) refuse();
    p.batched = !lead_r.empty();
    p.out = *lead;
    if (p.batched) {
        p.lhs = *lead;
        p.rhs = *lead;
        p.lhs.push_back(a.rank() == 1 ? 1 : a.dim(-2));
        p.lhs.push_back(k1);
        p.rhs.push_back(k2);
        p.rhs.push_back(b.rank() == 1 ? 1 : b.back());
    }
    if (a.rank() > 1) p.out.push_back(a.dim(-2));
    if (b.rank() > 1) p.out.push_back(b.back());
    return p;
}

// Products of int8 are summed in int32, as in Keras.
DType matmul_dtype(DType a, DType b) { return a == DType::int8 && b == DType::int8 ? DType::int32 : result_type(a, b); }

constinit const Op matmul_op = {
    .name = "matmul", .keras = "keras.src.ops.numpy.Matmul", .doc = "Matrix product; leading axes broadcast.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        return {{plan_matmul(a.shape(0), a.shape(1)).out, matmul_dtype(a.dtype(0), a.dtype(1))}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const MatmulPlan p = plan_matmul(in[0].shape(), in[1].shape());
        const auto shaped = [&](const Tensor& x, const Shape& shape) {
            const Tensor wide = ops::cast(x, matmul_dtype(in[0].dtype(), in[1].dtype()));
            return x.rank() == 1 ? ops::broadcast_to(ops::reshape(wide, Shape(shape.end() - 2, shape.end())), shape) : ops::broadcast_to(wide, shape);
        };
        const Tensor l = shaped(in[0], p.lhs), r = shaped(in[1], p.rhs);
        DotDims d{{l.rank() - 1}, {r.rank() - 2}, {}, {}};
        if (p.batched)
            for (int64_t i = 0; i + 2 < r.rank(); ++i) {
                d.lhs_batch.push_back(i);
                d.rhs_batch.push_back(i);
            }
        const Tensor y = prim::dot_general(l, r, d);
        return {in[0].rank() == 1 || in[1].rank() == 1 ? ops::reshape(y, p.out) : y};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const auto spec = [](Shape s) { return Spec{std::move(s), DType::float64}; };
        return std::vector<OpSample>{{{spec({2, 3}), spec({3, 4})}}, {{spec({3}), spec({3, 4})}}, {{spec({2, 3}), spec({3})}}, {{spec({3}), spec({3})}},
                                     {{spec({5, 1, 2, 3}), spec({4, 3, 2})}}, {{spec({2, 0}), spec({0, 3})}}};
    }}};

constexpr const Op* family[] = {&dot_general_op, &matmul_op};

}  // namespace

std::span<const Op* const> contraction_ops() { return family; }

namespace prim {
Tensor dot_general(const Tensor& lhs, const Tensor& rhs, DotDims dims) { return apply1(dot_general_op, {lhs, rhs}, std::move(dims)); }
}  // namespace prim

namespace ops {
Tensor matmul(const Tensor& x1, const Tensor& x2) { return apply1(matmul_op, {x1, x2}); }
}  // namespace ops
}  // namespace cornu
