// Ops that move elements without computing, and iota.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/slice.h>

#include <algorithm>

#include "cornu/backends/torch/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::torch {

namespace {

Values iota(const Call& call, Values&) {
    const auto& a = call.as<IotaAttrs>();
    const int64_t axis = axis_of(a.axis, a.shape.rank());
    const at::Tensor numbers =
        at::arange(a.shape[axis], at::TensorOptions(at::kLong).device(call.device));
    Ints sizes(static_cast<size_t>(a.shape.rank()), 1);
    sizes[static_cast<size_t>(axis)] = a.shape[axis];
    return {cast_carriers(numbers, DType::int64, a.dtype).view(sizes).expand(sizes_of(a.shape))};
}
bool counts(const Call& call) { return kind_of(call.as<IotaAttrs>().dtype) != 0; }

Values reshape(const Call& call, Values& in) {
    return {in[0].reshape(sizes_of(call.out[0].shape))};
}
Values broadcast_to(const Call& call, Values& in) {
    return {in[0].expand(sizes_of(call.out[0].shape))};
}

Values transpose(const Call& call, Values& in) {
    Ints axes = call.as<TransposeAttrs>().axes;
    if (axes.empty())
        for (int64_t axis = in[0].dim(); axis-- > 0;) axes.push_back(axis);
    return {in[0].permute(axes)};
}

Values concatenate(const Call& call, Values& in) {
    for (size_t i = 0; i < in.size(); ++i)
        in[i] = cast_carriers(in[i], call.in[i].dtype, call.out[0].dtype);
    return {at::cat(in, axis_of(call.as<AxisAttrs>().axis, in[0].dim()))};
}

at::Tensor sliced(at::Tensor x, const Ints& start, const Ints& stop, const Ints& stride) {
    for (size_t i = 0; i < start.size(); ++i)
        if (start[i] != 0 || stop[i] != x.size(static_cast<int64_t>(i)) || stride[i] != 1)
            x = at::slice(x, static_cast<int64_t>(i), start[i], stop[i], stride[i]);
    return x;
}
Values slice(const Call& call, Values& in) {
    const auto& s = call.as<SliceAttrs>();
    return {sliced(in[0], s.start, s.stop, s.stride)};
}

Values pad(const Call& call, Values& in) {
    const auto& p = call.as<PadAttrs>();
    return {padded(in[0], in[1], p.low, p.high, p.interior)};
}

Values reverse(const Call& call, Values& in) {
    return {at::flip(in[0], call.as<TransposeAttrs>().axes)};
}

// The window of `sizes` that starts where the scalars in[first…] say, moved inwards so that it
// fits.
at::Tensor window(const Call& call, const Values& in, size_t first, at::Tensor x,
                  const Shape& sizes) {
    for (int64_t d = 0; d < sizes.rank(); ++d) {
        const size_t i = first + static_cast<size_t>(d);
        const auto start = cast_carriers(in[i], call.in[i].dtype, DType::int64).item<int64_t>();
        x = at::slice(x, d, std::clamp<int64_t>(start, 0, x.size(d) - sizes[d]));
        x = at::slice(x, d, 0, sizes[d]);
    }
    return x;
}
Values dynamic_slice(const Call& call, Values& in) {
    return {window(call, in, 1, in[0], call.out[0].shape)};
}
Values dynamic_update_slice(const Call& call, Values& in) {
    const at::Tensor y =
        reusable(in[0], call.out[0]) ? in[0] : in[0].clone(at::MemoryFormat::Contiguous);
    window(call, in, 2, y, call.in[1].shape).copy_(in[1]);
    return {y};
}

Values bitcast(const Call& call, Values& in) {
    const Spec& out = call.out[0];
    const at::Tensor bytes = in[0].contiguous().view({-1});
    return {in[0].numel() == 0
                ? at::empty(sizes_of(out.shape), in[0].options().dtype(carrier_of(out.dtype)))
                : bytes.view(carrier_of(out.dtype)).view(sizes_of(out.shape))};
}

constexpr Lowering table[] = {
    {"iota", iota, Carried::moved, anything, counts},
    {"reshape", reshape},
    {"bitcast", bitcast},
    {"broadcast_to", broadcast_to},
    {"transpose", transpose},
    {"concatenate", concatenate},
    {"slice_in_steps", slice},
    {"pad_with", pad},
    {"reverse", reverse},
    {"dynamic_slice", dynamic_slice},
    {"dynamic_update_slice", dynamic_update_slice},
};

}  // namespace

// The part of x that is not cut away goes into every (interior + 1)th place of what is filled.
at::Tensor padded(const at::Tensor& x, const at::Tensor& value, const Ints& low, const Ints& high,
                  const Ints& interior) {
    Ints sizes;
    for (size_t i = 0; i < low.size(); ++i) {
        const int64_t size = x.size(static_cast<int64_t>(i));
        sizes.push_back(low[i] + high[i] + size + std::max<int64_t>(size - 1, 0) * interior[i]);
    }
    const at::Tensor y = at::empty(sizes, x.options());
    y.copy_(value);
    at::Tensor from = x, to = y;
    for (size_t i = 0; i < low.size(); ++i) {
        const auto d = static_cast<int64_t>(i);
        const int64_t step = interior[i] + 1, first = low[i] >= 0 ? 0 : (-low[i] + step - 1) / step,
                      room = sizes[i] - 1 - low[i],  // position of the last place, in x's steps
            last = room < 0 ? -1 : std::min(from.size(d) - 1, room / step);
        if (last < first) return y;
        from = at::slice(from, d, first, last + 1);
        to = at::slice(to, d, first * step + low[i], last * step + low[i] + 1, step);
    }
    to.copy_(from);
    return y;
}

std::span<const Lowering> shape_lowerings() { return table; }

}  // namespace cornu::torch
