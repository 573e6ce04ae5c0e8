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

Value flat(Body& body, const Value& x) { return body.reshape(x, {x.shape.size()}); }
// Element i of pairs laid out one after the other.
Value half_of(Body& body, const Value& pairs, int64_t i) {
    const int64_t count = pairs.shape.size() / 2;
    const Value half = body.call("slice", {pairs}, {count, 1}, pairs.dtype,
                                 "start_indices = " + axes_text({0, i}) +
                                     ", limit_indices = " + axes_text({count, i + 1}) +
                                     ", strides = " + axes_text({1, 1}));
    return flat(body, half);
}
DType part_of(DType dtype) {
    if (!is_complex(dtype)) return dtype;
    return dtype == DType::complex64 ? DType::float32 : DType::float64;
}
// All in one row: complex numbers are taken apart, the parts' bytes reread, and put together.
Values bitcast(Body& body, const Call& call, const Values& in) {
    const Spec& out = call.out[0];
    if (is_complex(in[0].dtype) && in[0].dtype == out.dtype) return in;
    Value x = flat(body, in[0]);
    if (is_complex(x.dtype)) {
        const int64_t count = x.shape.size();
        Values parts;
        for (const char* name : {"real", "imag"})
            parts.push_back(
                body.reshape(body.call(name, {x}, x.shape, part_of(x.dtype)), {count, 1}));
        x = flat(body, body.call("concatenate", parts, {count, 2}, part_of(x.dtype),
                                 "dimension = 1 : i64"));
    }
    const DType to = part_of(out.dtype);
    if (const int from_bits = bits(x.dtype), to_bits = bits(to); from_bits > to_bits) {
        x = flat(body,
                 body.call("bitcast_convert", {x}, {x.shape.size(), from_bits / to_bits}, to));
    } else if (from_bits < to_bits) {
        const int64_t each = to_bits / from_bits, count = x.shape.size() / each;
        x = body.call("bitcast_convert", {body.reshape(x, {count, each})}, {count}, to);
    } else if (x.dtype != to) {
        x = body.call("bitcast_convert", {x}, x.shape, to);
    }
    if (is_complex(out.dtype)) {
        const Value pairs = body.reshape(x, {x.shape.size() / 2, 2});
        x = body.call("complex", {half_of(body, pairs, 0), half_of(body, pairs, 1)},
                      {x.shape.size() / 2}, out.dtype);
    }
    return {body.reshape(x, out.shape)};
}
// Truth values have no bytes.
bool bitcasts(const Call& call) {
    const DType from = call.in[0].dtype, to = infer_specs(call.op, call.in, call.attrs)[0].dtype;
    return has_type(from) && has_type(to) && from != DType::bool_ && to != DType::bool_;
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
