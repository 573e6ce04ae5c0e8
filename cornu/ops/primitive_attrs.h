// Attributes of primitives and of compositions that engines may keep whole, for those who lower them.
#pragma once

#include <optional>
#include <vector>

#include "cornu/ops/axes.h"
#include "cornu/tensor/codec.h"

namespace cornu {

// The order of axes in transpose: none reverses them all, which Keras spells null.
struct AxisOrder : std::vector<int64_t> {
    using std::vector<int64_t>::vector;
    AxisOrder(std::vector<int64_t> axes) : std::vector<int64_t>(std::move(axes)) {}
};
template <> struct Codec<AxisOrder> {
    static Json encode(const AxisOrder& v) { return v.empty() ? Json() : Codec<std::vector<int64_t>>::encode(v); }
    static void decode(const Json& j, AxisOrder& v) {
        v.clear();
        if (!j.is_null()) Codec<std::vector<int64_t>>::decode(j, v);
    }
};

// Of reduce_*, reverse and transpose: axes, non-negative.
struct ReduceAttrs {
    std::vector<int64_t> axes;
    static void describe(Schema<ReduceAttrs>& s) { s.field<&ReduceAttrs::axes>(); }
};
struct TransposeAttrs {
    AxisOrder axes;
    static void describe(Schema<TransposeAttrs>& s) { s.field<&TransposeAttrs::axes>(); }
};
// Of concatenate, arg_max, arg_min, …
struct AxisAttrs {
    int64_t axis = 0;
    static void describe(Schema<AxisAttrs>& s) { s.field<&AxisAttrs::axis>(); }
};
struct IotaAttrs {
    Shape shape;
    int64_t axis = 0;
    DType dtype = DType::int32;
    static void describe(Schema<IotaAttrs>& s) {
        s.field<&IotaAttrs::shape>();
        s.field<&IotaAttrs::axis>();
        s.field<&IotaAttrs::dtype>();
    }
};
struct SliceAttrs {
    std::vector<int64_t> start, stop, stride;
    static void describe(Schema<SliceAttrs>& s) {
        s.field<&SliceAttrs::start>();
        s.field<&SliceAttrs::stop>();
        s.field<&SliceAttrs::stride>();
    }
};
struct PadAttrs {
    std::vector<int64_t> low, high, interior;
    static void describe(Schema<PadAttrs>& s) {
        s.field<&PadAttrs::low>();
        s.field<&PadAttrs::high>();
        s.field<&PadAttrs::interior>();
    }
};
// Of gather_rows and scatter_rows.
enum class OutOfRange : uint8_t { missing, zero };              // what a read past an end gives
enum class ScatterMode : uint8_t { set, add, max, min, mul };   // what a write does to what is there

template <> struct Codec<OutOfRange> {
    static Json encode(OutOfRange v) { return v == OutOfRange::missing ? "missing" : "zero"; }
    static void decode(const Json& j, OutOfRange& v) { v = j.as_string() == "zero" ? OutOfRange::zero : OutOfRange::missing; }
};
template <> struct Codec<ScatterMode> {
    static constexpr const char* names[] = {"set", "add", "max", "min", "mul"};
    static Json encode(ScatterMode v) { return names[static_cast<size_t>(v)]; }
    static void decode(const Json& j, ScatterMode& v) {
        for (size_t i = 0; i < std::size(names); ++i)
            if (j.as_string() == names[i]) {
                v = static_cast<ScatterMode>(i);
                return;
            }
        throw ValueError(str("must be one of set, add, max, min, mul. Received: ", j.dump()));
    }
};

struct GatherAttrs {
    int64_t axis = 0;
    OutOfRange out_of_range = OutOfRange::missing;
    static void describe(Schema<GatherAttrs>& s) {
        s.field<&GatherAttrs::axis>();
        s.field<&GatherAttrs::out_of_range>();
    }
};
struct ScatterAttrs {
    int64_t axis = 0;
    ScatterMode mode = ScatterMode::set;
    static void describe(Schema<ScatterAttrs>& s) {
        s.field<&ScatterAttrs::axis>();
        s.field<&ScatterAttrs::mode>();
    }
};
// Of threefry_bits.
struct BitsAttrs {
    Shape shape;
    DType dtype = DType::uint32;
    int64_t start = 0;
    static void describe(Schema<BitsAttrs>& s) {
        s.field<&BitsAttrs::shape>();
        s.field<&BitsAttrs::dtype>();
        s.field<&BitsAttrs::start>();
    }
};
// Of threefry_below.
struct BelowAttrs {
    Shape shape;
    int64_t bound = 1;   // in [1, 2^32)
    static void describe(Schema<BelowAttrs>& s) {
        s.field<&BelowAttrs::shape>();
        s.field<&BelowAttrs::bound>();
    }
};
// Of cumulative_sum and cumulative_prod.
struct CumulativeAttrs {
    int64_t axis = 0;
    bool reverse = false;
    static void describe(Schema<CumulativeAttrs>& s) {
        s.field<&CumulativeAttrs::axis>();
        s.field<&CumulativeAttrs::reverse>();
    }
};
// Of softmax and log_softmax.
struct SoftmaxAttrs {
    Axes axis = -1;
    static void describe(Schema<SoftmaxAttrs>& s) { s.field<&SoftmaxAttrs::axis>(); }
};
struct GeluAttrs {
    bool approximate = true;
    static void describe(Schema<GeluAttrs>& s) { s.field<&GeluAttrs::approximate>(); }
};

// Of dot_product_attention, whose inputs are query, key, value, [bias], [mask].
struct DotProductAttentionAttrs {
    bool is_causal = false;
    std::optional<double> scale = {};   // 1 / sqrt(depth) by default
    bool has_bias = false, has_mask = false;
    // How accelerators are to go about it; the result is the same, and a file keeps them.
    std::optional<bool> flash_attention = {};
    std::optional<double> attn_logits_soft_cap = {};
    static void describe(Schema<DotProductAttentionAttrs>& s) {
        s.field<&DotProductAttentionAttrs::is_causal>();
        s.field<&DotProductAttentionAttrs::flash_attention>();
        s.field<&DotProductAttentionAttrs::attn_logits_soft_cap>();
        s.field<&DotProductAttentionAttrs::scale>().hidden();
        s.field<&DotProductAttentionAttrs::has_bias>().hidden();
        s.field<&DotProductAttentionAttrs::has_mask>().hidden();
    }
};
template <> struct Codec<DotProductAttentionAttrs> {
    static Json encode(const DotProductAttentionAttrs& v) { return to_json(v); }
    static void decode(const Json& j, DotProductAttentionAttrs& v) { v = from_json<DotProductAttentionAttrs>(j, "attention"); }
};
// Of dot_product_attention_grad, whose inputs are the output's gradient and those of the call.
struct DotProductAttentionGradAttrs {
    DotProductAttentionAttrs attention;
    bool bias_gradient = false;   // whether the bias's gradient is a result too
    static void describe(Schema<DotProductAttentionGradAttrs>& s) {
        s.field<&DotProductAttentionGradAttrs::attention>();
        s.field<&DotProductAttentionGradAttrs::bias_gradient>();
    }
};

}  // namespace cornu
