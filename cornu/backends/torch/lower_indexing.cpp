// Rows read and written by index, and sorting.
#include <ATen/ops/bitwise_xor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/imag.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/real.h>
#include <ATen/ops/slice.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/take_along_dim.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "cornu/backends/torch/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::torch {

namespace {

bool index_is_signed(const Call& call) {
    return call.in[1].dtype == DType::int32 || call.in[1].dtype == DType::int64;
}

// What a read past an end gives, as a carrier: NaN; the least signed integer, the greatest unsigned
// one; true.
at::Tensor missing(const at::Tensor& x, DType dtype) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    if (is_float(dtype) && bits(dtype) == 8)
        return cast_carriers(at::full({}, nan, x.options().dtype(at::kFloat)), DType::float32,
                             dtype);
    if (is_complex(dtype)) return at::full({}, c10::complex<double>(nan, nan), x.options());
    if (is_float(dtype)) return at::full({}, nan, x.options());
    if (dtype == DType::bool_) return at::full({}, 1, x.options());
    if (dtype == DType::uint8) return at::full({}, 255, x.options());
    if (is_unsigned_int(dtype)) return at::full({}, -1, x.options());
    return at::full({},
                    bits(dtype) == 64 ? std::numeric_limits<int64_t>::min()
                                      : -(int64_t{1} << (bits(dtype) - 1)),
                    x.options());
}

at::Tensor within(const at::Tensor& indices, int64_t size) {
    return at::logical_and(at::ge(indices, 0), at::lt(indices, size));
}
// On a processor it costs little to look; a device would have to be waited for.
bool all_within(const at::Tensor& inside) { return inside.is_cpu() && inside.all().item<bool>(); }

Values gather_rows(const Call& call, Values& in) {
    const auto& g = call.as<GatherAttrs>();
    const at::Tensor &x = in[0], indices = in[1].reshape({-1});
    const int64_t axis = axis_of(g.axis, x.dim()), size = x.size(axis);
    const at::Tensor outside = g.out_of_range == OutOfRange::zero ? at::zeros({}, x.options())
                                                                  : missing(x, call.in[0].dtype);
    if (size == 0) return {outside.expand(sizes_of(call.out[0].shape))};
    const at::Tensor inside = within(indices, size);
    const bool all = all_within(inside);
    at::Tensor y = at::index_select(x, axis, all ? indices : at::clamp(indices, 0, size - 1));
    if (!all) {
        Ints along(static_cast<size_t>(x.dim()), 1);
        along[static_cast<size_t>(axis)] = -1;
        y = at::where(inside.view(along), y, outside);
    }
    return {y.reshape(sizes_of(call.out[0].shape))};
}

// One row after the other, for what LibTorch cannot do at once.
void multiply_rows(const at::Tensor& y, int64_t axis, const at::Tensor& indices,
                   const at::Tensor& updates) {
    const at::Tensor at = indices.to(at::kCPU, at::kLong).contiguous();
    for (int64_t i = 0; i < at.numel(); ++i)
        y.select(axis, at.const_data_ptr<int64_t>()[i]).mul_(updates.select(axis, i));
}

constexpr int64_t top_bit = std::numeric_limits<int64_t>::min();

Values scatter_rows(const Call& call, Values& in) {
    const auto& s = call.as<ScatterAttrs>();
    const int64_t axis = axis_of(s.axis, in[0].dim()), size = in[0].size(axis);
    const at::Tensor indices = in[1].reshape({-1});
    if (in[0].numel() == 0 || indices.numel() == 0) return {in[0]};
    Ints rows = in[0].sizes().vec();
    rows[static_cast<size_t>(axis)] = indices.numel();
    at::Tensor updates = in[2].reshape(rows);
    // Sums and products are of the numbers, not of what keeps their order.
    const bool flipped =
        call.first == DType::uint64 && (s.mode == ScatterMode::add || s.mode == ScatterMode::mul);
    if (flipped) {
        in[0] = at::bitwise_xor(in[0], top_bit);
        updates = at::bitwise_xor(updates, top_bit);
    }
    const at::Tensor inside = within(indices, size);
    const bool all = all_within(inside);
    // Writes past an end go to one more row, which is cut off.
    at::Tensor y, at = indices.to(at::kLong);
    if (all) {
        y = reusable(in[0], call.out[0]) ? in[0] : in[0].clone(at::MemoryFormat::Contiguous);
    } else {
        y = at::cat({in[0], at::slice(in[0], axis, 0, 1)}, axis);
        at = at::where(inside, at, at::full({}, size, at.options()));
    }
    const bool truth = call.in[0].dtype == DType::bool_;  // added by "or", multiplied by "and"
    at::Tensor numbers = truth ? y.view(at::kByte) : y;
    if (truth) updates = updates.view(at::kByte);
    switch (s.mode) {
        case ScatterMode::set:
            numbers.index_copy_(axis, at, updates);
            break;
        case ScatterMode::add:
            truth ? numbers.index_reduce_(axis, at, updates, "amax")
                  : numbers.index_add_(axis, at, updates);
            break;
        case ScatterMode::max:
            numbers.index_reduce_(axis, at, updates, "amax");
            break;
        case ScatterMode::min:
            numbers.index_reduce_(axis, at, updates, "amin");
            break;
        case ScatterMode::mul:
            if (is_complex(call.in[0].dtype))
                multiply_rows(numbers, axis, at, updates);
            else
                numbers.index_reduce_(axis, at, updates, "prod");
            break;
    }
    if (flipped) y = at::bitwise_xor(y, top_bit);
    return {all ? y : at::slice(y, axis, 0, size)};
}
bool scatters(const Call& call) {
    const ScatterMode mode = call.as<ScatterAttrs>().mode;
    return index_is_signed(call) && (!is_complex(call.in[0].dtype) ||
                                     (mode != ScatterMode::max && mode != ScatterMode::min));
}

at::Tensor order_of(const at::Tensor& keys, int64_t axis) {
    return std::get<1>(at::sort(keys, true, axis, false));
}

// Stable, by the first; NaN last. The others follow.
Values sort_together(const Call& call, Values& in) {
    const int64_t axis = axis_of(call.as<AxisAttrs>().axis, in[0].dim());
    if (in[0].numel() == 0 || in[0].dim() == 0) return in;
    at::Tensor keys = in[0];
    if (call.in[0].dtype == DType::bool_) keys = keys.to(at::kByte);
    at::Tensor order;
    if (is_complex(call.in[0].dtype)) {
        // The last key first: each pass keeps the order of the one before among equals.
        order = order_of(at::imag(keys), axis);
        for (const at::Tensor& key : {at::real(keys), at::isnan(keys).to(at::kByte)})
            order = at::take_along_dim(order, order_of(at::take_along_dim(key, order, axis), axis),
                                       axis);
    } else {
        order = order_of(keys, axis);
    }
    Values out;
    for (const at::Tensor& x : in) out.push_back(at::take_along_dim(x, order, axis));
    return out;
}

using enum Carried;
constexpr Lowering table[] = {
    {"gather_rows", gather_rows, moved, anything, index_is_signed},
    {"scatter_rows", scatter_rows, ordered, anything, scatters},
    {"sort_together", sort_together, ordered},
};

}  // namespace

std::span<const Lowering> indexing_lowerings() { return table; }

}  // namespace cornu::torch
