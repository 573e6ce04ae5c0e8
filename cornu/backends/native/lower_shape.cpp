// Moving elements: every call here is one or a few strided copies.
#include <cstring>

#include "cornu/backends/native/kernels/strided_copy.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::native {

namespace {

using Ints = std::vector<int64_t>;

int64_t item_bytes(DType dtype) { return bits(dtype) / 8; }

bool whole_bytes(const Call& call) {
    for (const Spec& spec : call.in)
        if (spec.dtype == DType::int4 || spec.dtype == DType::string) return false;
    return true;
}

Kernel copy_kernel(StridedCopy copy) {
    return {.run = [copy](const void* const* in, void* const* out, void*) { copy.run(in[0], out[0]); }};
}

Kernel lower_reshape(const Call&) { return {.run = nullptr, .view = true}; }

Kernel lower_transpose(const Call& call) {
    Ints axes = call.as<TransposeAttrs>().axes;
    const Shape& x = call.shape();
    if (axes.empty())
        for (int64_t i = x.rank(); i-- > 0;) axes.push_back(i);
    const Ints strides = strides_of(x);
    Ints from;
    for (const int64_t axis : axes) from.push_back(strides[static_cast<size_t>(normalize_axis(axis, x.rank()))]);
    return copy_kernel({item_bytes(call.dtype()), call.out[0].shape.dims(), from, strides_of(call.out[0].shape)});
}

Kernel lower_broadcast(const Call& call) {
    const Shape& out = call.out[0].shape;
    return copy_kernel({item_bytes(call.dtype()), out.dims(), broadcast_strides(call.shape(), out), strides_of(out)});
}

Kernel lower_reverse(const Call& call) {
    const Shape& x = call.shape();
    const Ints to = strides_of(x);
    Ints from = to;
    int64_t offset = 0;
    for (const int64_t axis : call.as<TransposeAttrs>().axes) {
        const auto a = static_cast<size_t>(axis);
        offset += std::max<int64_t>(x[axis] - 1, 0) * from[a];
        from[a] = -from[a];
    }
    return copy_kernel({item_bytes(call.dtype()), x.dims(), from, to, offset});
}

Kernel lower_slice(const Call& call) {
    const auto& s = call.as<SliceAttrs>();
    Ints from = strides_of(call.shape());
    int64_t offset = 0;
    for (size_t i = 0; i < from.size(); ++i) {
        offset += s.start[i] * from[i];
        from[i] *= s.stride[i];
    }
    return copy_kernel({item_bytes(call.dtype()), call.out[0].shape.dims(), from, strides_of(call.out[0].shape), offset});
}

Kernel lower_concatenate(const Call& call) {
    const Shape& out = call.out[0].shape;
    const auto axis = static_cast<size_t>(normalize_axis(call.as<AxisAttrs>().axis, out.rank()));
    const Ints to = strides_of(out);
    std::vector<StridedCopy> copies;
    int64_t offset = 0;
    for (const Spec& x : call.in) {
        copies.emplace_back(item_bytes(call.dtype()), x.shape.dims(), strides_of(x.shape), to, 0, offset);
        offset += x.shape[static_cast<int64_t>(axis)] * to[axis];
    }
    return {.run = [copies](const void* const* in, void* const* out, void*) {
        for (size_t i = 0; i < copies.size(); ++i) copies[i].run(in[i], out[0]);
    }};
}

Kernel lower_pad(const Call& call) {
    const auto& p = call.as<PadAttrs>();
    const Shape &x = call.shape(), &y = call.out[0].shape;
    const Ints from_all = strides_of(x), to_all = strides_of(y);
    // The part of x that is not cut away, and where it goes.
    Ints dims, to;
    int64_t from_offset = 0, to_offset = 0;
    for (int64_t d = 0; d < x.rank(); ++d) {
        const auto i = static_cast<size_t>(d);
        const int64_t step = p.interior[i] + 1;
        const int64_t first = p.low[i] >= 0 ? 0 : (-p.low[i] + step - 1) / step;
        const int64_t room = y[d] - 1 - p.low[i];  // position of the last place in x's steps
        const int64_t last = room < 0 ? -1 : std::min(x[d] - 1, room / step);
        dims.push_back(std::max<int64_t>(0, last - first + 1));
        from_offset += first * from_all[i];
        to_offset += (first * step + p.low[i]) * to_all[i];
        to.push_back(step * to_all[i]);
    }
    const int64_t bytes = item_bytes(call.dtype());
    const StridedCopy fill(bytes, y.dims(), Ints(static_cast<size_t>(y.rank()), 0), to_all);
    bool empty = false;
    for (const int64_t d : dims) empty = empty || d == 0;
    if (empty) return {.run = [fill](const void* const* in, void* const* out, void*) { fill.run(in[1], out[0]); }};
    const StridedCopy copy(bytes, dims, from_all, to, from_offset, to_offset);
    return {.run = [fill, copy](const void* const* in, void* const* out, void*) {
        fill.run(in[1], out[0]);
        copy.run(in[0], out[0]);
    }};
}

// Reads scalar starts of any integer dtype, moved inwards so that the window fits.
struct WindowStart {
    std::vector<DType> dtypes;
    Ints room, strides;

    WindowStart(const Call& call, size_t first, const Shape& x, const Shape& window) : strides(strides_of(x)) {
        for (int64_t i = 0; i < x.rank(); ++i) {
            dtypes.push_back(call.in[first + static_cast<size_t>(i)].dtype);
            room.push_back(x[i] - window[i]);
        }
    }
    int64_t offset(const void* const* starts) const {
        int64_t at = 0;
        for (size_t i = 0; i < room.size(); ++i) {
            const int64_t start = visit_dtype(dtypes[i], [&](auto zero) -> int64_t {
                using T = decltype(zero);
                if constexpr (std::is_integral_v<T>) return static_cast<int64_t>(*static_cast<const T*>(starts[i]));
                else return 0;
            });
            at += std::clamp<int64_t>(start, 0, room[i]) * strides[i];
        }
        return at;
    }
};

Kernel lower_dynamic_slice(const Call& call) {
    const Shape &x = call.shape(), &window = call.out[0].shape;
    const StridedCopy copy(item_bytes(call.dtype()), window.dims(), strides_of(x), strides_of(window));
    const WindowStart start(call, 1, x, window);
    return {.run = [copy, start](const void* const* in, void* const* out, void*) { copy.run_at(in[0], out[0], start.offset(in + 1), 0); }};
}

Kernel lower_dynamic_update_slice(const Call& call) {
    const Shape &x = call.shape(), &window = call.shape(1);
    const StridedCopy copy(item_bytes(call.dtype()), window.dims(), strides_of(window), strides_of(x));
    const WindowStart start(call, 2, x, window);
    const auto bytes = static_cast<size_t>(bytes_for(call.dtype(), x.size()));
    return {.run = [copy, start, bytes](const void* const* in, void* const* out, void*) {
                if (in[0] != out[0]) std::memcpy(out[0], in[0], bytes);
                copy.run_at(in[1], out[0], 0, start.offset(in + 2));
            },
            .in_place = {{0, 0}}};
}

constexpr Lowering table[] = {
    {"reshape", lower_reshape, nullptr, {ChainStep::reshape}}, {"transpose", lower_transpose, whole_bytes}, {"broadcast_to", lower_broadcast, whole_bytes, {ChainStep::broadcast}},
    {"bitcast", lower_reshape, whole_bytes}, {"reverse", lower_reverse, whole_bytes}, {"slice_in_steps", lower_slice, whole_bytes, {ChainStep::window}}, {"concatenate", lower_concatenate, whole_bytes},
    {"pad_with", lower_pad, whole_bytes}, {"dynamic_slice", lower_dynamic_slice, whole_bytes},
    {"dynamic_update_slice", lower_dynamic_update_slice, whole_bytes}};

}  // namespace

std::span<const Lowering> shape_lowerings() { return table; }

}  // namespace cornu::native
