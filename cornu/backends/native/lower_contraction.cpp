// dot_general as (batched) matrix products: axes are put in order by a transposition only where the
// stored order is neither the one a product wants nor its transpose.
#include <algorithm>
#include <mutex>
#include <optional>

#include "cornu/backends/native/kernels/gemm.h"
#include "cornu/backends/native/kernels/strided_copy.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/contraction.h"

namespace cornu::native {

namespace {

using Ints = std::vector<int64_t>;

Ints joined(std::initializer_list<const Ints*> parts) {
    Ints all;
    for (const Ints* part : parts) all.insert(all.end(), part->begin(), part->end());
    return all;
}

int64_t product(const Shape& shape, const Ints& axes) {
    int64_t n = 1;
    for (const int64_t axis : axes) n *= shape[axis];
    return n;
}

// Whether `axes` is the order in which the tensor is stored; axes of size 1 may stand anywhere.
bool stored_as(const Shape& shape, const Ints& axes) {
    int64_t last = -1;
    for (const int64_t axis : axes) {
        if (shape[axis] == 1) continue;
        if (axis < last) return false;
        last = axis;
    }
    return true;
}

// How one operand reaches the product: as stored, as stored but transposed, or by a transposition.
struct Operand {
    bool transposed = false;
    Ints permutation;   // empty: none needed
};
Operand arrange(const Shape& shape, const Ints& batch, const Ints& rows, const Ints& columns) {
    const Ints wanted = joined({&batch, &rows, &columns}), flipped = joined({&batch, &columns, &rows});
    if (stored_as(shape, wanted)) return {};
    if (stored_as(shape, flipped)) return {true, {}};
    return {false, wanted};
}

StridedCopy in_order(DType dtype, const Shape& shape, const Ints& permutation) {
    const Ints strides = strides_of(shape);
    Shape moved;
    Ints from;
    for (const int64_t axis : permutation) {
        moved.push_back(shape[axis]);
        from.push_back(strides[static_cast<size_t>(axis)]);
    }
    return {bits(dtype) / 8, moved.dims(), from, strides_of(moved)};
}

Kernel lower_dot_general(const Call& call) {
    const auto& d = call.as<DotDims>();
    const Shape &l = call.shape(0), &r = call.shape(1);
    const Ints l_free = free_axes(l.rank(), d.lhs_contract, d.lhs_batch), r_free = free_axes(r.rank(), d.rhs_contract, d.rhs_batch);
    // Contracted axes may be summed in any order: take the one in which an operand is stored.
    std::vector<size_t> order(d.lhs_contract.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    Ints l_contract, r_contract;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return d.rhs_contract[a] < d.rhs_contract[b]; });
    for (const size_t i : order) {
        l_contract.push_back(d.lhs_contract[i]);
        r_contract.push_back(d.rhs_contract[i]);
    }
    const Operand left = arrange(l, d.lhs_batch, l_free, l_contract), right = arrange(r, d.rhs_batch, r_contract, r_free);

    GemmSpec spec;
    spec.dtype = call.dtype();
    spec.m = product(l, l_free);
    spec.n = product(r, r_free);
    spec.k = product(l, l_contract);
    spec.batch = product(l, d.lhs_batch);
    spec.trans_a = left.transposed;
    spec.trans_b = right.transposed;
    spec.by_shape = call.deterministic;
    struct State {
        Gemm gemm;
        std::mutex mutex;   // a oneDNN product serves one caller at a time
        explicit State(const GemmSpec& spec) : gemm(spec) {}
    };
    auto state = std::make_shared<State>(spec);

    const auto aligned = [](size_t bytes) { return (bytes + 63) / 64 * 64; };
    const size_t l_bytes = left.permutation.empty() ? 0 : aligned(static_cast<size_t>(bytes_for(call.dtype(), l.size())));
    const size_t r_bytes = right.permutation.empty() ? 0 : aligned(static_cast<size_t>(bytes_for(call.dtype(), r.size())));
    std::optional<StridedCopy> move_l, move_r;
    if (l_bytes) move_l = in_order(call.dtype(), l, left.permutation);
    if (r_bytes) move_r = in_order(call.dtype(), r, right.permutation);
    return {.run = [=](const void* const* in, void* const* out, void* scratch) {
                char* room = static_cast<char*>(scratch);
                const void *a = in[0], *b = in[1];
                if (move_l) move_l->run(a, room), a = room;
                if (move_r) move_r->run(b, room + l_bytes), b = room + l_bytes;
                std::unique_lock<std::mutex> lock(state->mutex, std::defer_lock);
                if (state->gemm.uses_library()) lock.lock();
                state->gemm.run(a, b, nullptr, out[0], room + l_bytes + r_bytes);
            },
            .scratch_bytes = l_bytes + r_bytes + state->gemm.scratch_bytes()};
}

bool supports_dot_general(const Call& call) { return call.dtype() != DType::int4 && call.dtype() != DType::string && call.dtype(0) == call.dtype(1); }

constexpr Lowering table[] = {{"dot_general", lower_dot_general, supports_dot_general}};

}  // namespace

std::span<const Lowering> contraction_lowerings() { return table; }

}  // namespace cornu::native
