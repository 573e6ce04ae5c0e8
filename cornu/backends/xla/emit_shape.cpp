// Ops that move elements without computing, and iota.
#include "cornu/backends/xla/pjrt_client.h"
#include "cornu/backends/xla/stablehlo.h"
#include "cornu/ops/apply.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::xla {

namespace {

Values iota(Body& body, const Call& call, const Values&) {
    const auto& a = call.as<IotaAttrs>();
    const int64_t axis = a.axis < 0 ? a.axis + a.shape.rank() : a.axis;
    // StableHLO counts in numbers only.
    if (a.dtype == DType::bool_)
        return {body.cast(body.iota(a.shape, axis, DType::int64), a.dtype)};
    return {body.iota(a.shape, axis, a.dtype)};
}
bool counts(const Call& call) { return has_type(call.as<IotaAttrs>().dtype); }

Values reshape(Body& body, const Call& call, const Values& in) {
    return {body.reshape(in[0], call.out[0].shape)};
}
Values broadcast_to(Body& body, const Call& call, const Values& in) {
    return {body.broadcast(in[0], call.out[0].shape)};
}

Values transpose(Body& body, const Call& call, const Values& in) {
    Ints axes = call.as<TransposeAttrs>().axes;
    const int64_t rank = in[0].shape.rank();
    if (axes.empty())
        for (int64_t axis = rank; axis-- > 0;) axes.push_back(axis);
    for (int64_t& axis : axes) axis = axis < 0 ? axis + rank : axis;
    return {body.call("transpose", in, call.out[0].shape, in[0].dtype,
                      "permutation = " + axes_text(axes))};
}

Values concatenate(Body& body, const Call& call, const Values& in) {
    const int64_t axis = call.as<AxisAttrs>().axis;
    Values parts;
    for (const Value& x : in) parts.push_back(body.cast(x, call.out[0].dtype));
    return {body.call("concatenate", parts, call.out[0].shape, call.out[0].dtype,
                      str("dimension = ", axis < 0 ? axis + in[0].shape.rank() : axis, " : i64"))};
}

Values slice(Body& body, const Call& call, const Values& in) {
    const auto& s = call.as<SliceAttrs>();
    return {body.call("slice", in, call.out[0].shape, in[0].dtype,
                      "start_indices = " + axes_text(s.start) + ", limit_indices = " +
                          axes_text(s.stop) + ", strides = " + axes_text(s.stride))};
}

Values pad(Body& body, const Call& call, const Values& in) {
    const auto& p = call.as<PadAttrs>();
    return {body.call("pad", in, call.out[0].shape, in[0].dtype,
                      "edge_padding_low = " + axes_text(p.low) + ", edge_padding_high = " +
                          axes_text(p.high) + ", interior_padding = " + axes_text(p.interior))};
}

Values reverse(Body& body, const Call& call, const Values& in) {
    Ints axes = call.as<TransposeAttrs>().axes;
    for (int64_t& axis : axes) axis = axis < 0 ? axis + in[0].shape.rank() : axis;
    return {body.call("reverse", in, in[0].shape, in[0].dtype, "dimensions = " + axes_text(axes))};
}

// Positions must be of one integer type.
Values with_positions(Body& body, const Values& in, size_t from) {
    Values out(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(from));
    for (size_t i = from; i < in.size(); ++i) out.push_back(body.cast(in[i], DType::int64));
    return out;
}
Values dynamic_slice(Body& body, const Call& call, const Values& in) {
    return {body.call("dynamic_slice", with_positions(body, in, 1), call.out[0].shape, in[0].dtype,
                      "slice_sizes = " + axes_text(call.out[0].shape.dims()))};
}
Values dynamic_update_slice(Body& body, const Call&, const Values& in) {
    return {
        body.call("dynamic_update_slice", with_positions(body, in, 2), in[0].shape, in[0].dtype)};
}

// Complex numbers are taken apart and put together by operations of their own.
Values bitcast(Body& body, const Call& call, const Values& in) {
    const Value& x = in[0];
    const Spec& out = call.out[0];
    if (is_complex(x.dtype) == is_complex(out.dtype))
        return {body.call("bitcast_convert", in, out.shape, out.dtype)};
    Shape pair = is_complex(x.dtype) ? x.shape : out.shape;
    const Shape numbers = pair;
    pair.push_back(1);
    if (is_complex(x.dtype)) {
        Values parts;
        for (const char* name : {"real", "imag"})
            parts.push_back(body.reshape(body.call(name, {x}, numbers, out.dtype), pair));
        return {body.call("concatenate", parts, out.shape, out.dtype,
                          str("dimension = ", numbers.rank(), " : i64"))};
    }
    Values parts;
    for (int64_t i = 0; i < 2; ++i) {
        Ints start(static_cast<size_t>(pair.rank()), 0), stop = pair.dims();
        start.back() = i;
        stop.back() = i + 1;
        const Value half = body.call("slice", {x}, pair, x.dtype,
                                     "start_indices = " + axes_text(start) + ", limit_indices = " + axes_text(stop) +
                                         ", strides = " + axes_text(Ints(start.size(), 1)));
        parts.push_back(body.reshape(half, numbers));
    }
    return {body.call("complex", parts, numbers, out.dtype)};
}
// Complex numbers are pairs of their own floats only, and truth values have no bytes.
bool bitcasts(const Call& call) {
    const DType from = call.in[0].dtype, to = infer_specs(call.op, call.in, call.attrs)[0].dtype;
    if (!has_type(from) || !has_type(to) || from == DType::bool_ || to == DType::bool_) return false;
    if (is_complex(from) == is_complex(to)) return !is_complex(from);
    return 2 * bits(is_complex(from) ? to : from) == bits(is_complex(from) ? from : to) &&
           is_float(is_complex(from) ? to : from);
}

constexpr Lowering table[] = {
    {"iota", iota, anything, nullptr, counts},
    {"reshape", reshape},
    {"bitcast", bitcast, anything, nullptr, bitcasts},
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

std::span<const Lowering> shape_lowerings() { return table; }

}  // namespace cornu::xla
