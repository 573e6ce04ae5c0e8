// Compositions of scan, which is why they lie here and not in ops/.
#include "cornu/autodiff/ctc.h"

#include "cornu/autodiff/control_flow.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/ops/sorting.h"

namespace cornu {

namespace {

// The logarithm of a probability of zero; infinities would make NaN of a masked step's gradient.
constexpr double log_zero = -1e5;

DType score_dtype(DType dtype) { return bits(to_float_dtype(dtype)) < 32 ? DType::float32 : to_float_dtype(dtype); }

bool agree(int64_t a, int64_t b) { return a < 0 || b < 0 || a == b; }

// 1 where a step or label lies within its sequence, of shape (batch, most).
Tensor within(const Tensor& lengths, int64_t most) {
    return ops::less(prim::iota({1, most}, 1, DType::int32), ops::expand_dims(ops::cast(lengths, DType::int32), -1));
}

// ---- loss ----

struct CtcLossAttrs {
    int64_t mask_index = 0;
    static void describe(Schema<CtcLossAttrs>& s) { s.field<&CtcLossAttrs::mask_index>(); }
};

// Log likelihoods of the prefixes of the labels: those that end in a blank (phi, one more than
// labels) and those that end in the label itself (emit).
Tensors ctc_loss_composition(const Tensors& in, const Attrs& attrs) {
    const Tensor target = ops::cast(in[0], DType::int32), output = ops::cast(in[1], score_dtype(in[1].dtype()));
    const DType dtype = output.dtype();
    const int64_t batch = output.shape()[0], time = output.shape()[1], classes = output.shape()[2], labels = target.shape()[1];
    const int64_t blank = attrs.as<CtcLossAttrs>().mask_index;

    // A label that repeats needs a blank in between: 1 where the next label is the same.
    Tensor repeats = ops::zeros({batch, labels}, dtype);
    if (labels > 1) {
        const Tensor same = ops::equal(prim::slice(target, {0, 0}, {batch, labels - 1}), prim::slice(target, {0, 1}, {batch, labels}));
        repeats = ops::pad(ops::cast(same, dtype), {{0, 0}, {0, 1}});
    }
    const Tensor log_p = ops::log_softmax(output, -1);
    const Tensor log_blank = ops::transpose(prim::slice(log_p, {0, 0, blank}, {batch, time, blank + 1}), {1, 0, 2});
    const Tensor hot = ops::one_hot(target, classes, -1, dtype);
    const Tensor log_label = ops::transpose(ops::matmul(log_p, ops::transpose(hot, {0, 2, 1})), {1, 0, 2});
    const Tensor past_end = 1.0 - ops::cast(within(in[3], time), dtype);
    const Tensor padding = ops::expand_dims(ops::transpose(past_end), -1);

    const auto add_to_later = [&](const Tensor& phi, const Tensor& more) {
        return ops::concatenate({prim::slice(phi, {0, 0}, {batch, 1}), ops::logaddexp(prim::slice(phi, {0, 1}, {batch, labels + 1}), more)}, 1);
    };
    const Tensor start = ops::pad(ops::zeros({batch, 1}, dtype), {{0, 0}, {0, labels}}, "constant", log_zero);
    const Tensors last = ops::scan(
        [&](const Tensors& carry, const Tensors& x) -> ops::ScanResult {
            const Tensor &phi = carry[0], &emit = carry[1], &label = x[0], &none = x[1], &pad = x[2];
            const Tensor from_label = add_to_later(phi, emit + log_zero * repeats);
            const Tensor next_emit = ops::logaddexp(prim::slice(from_label, {0, 0}, {batch, labels}) + label, emit + label);
            const Tensor next_phi = add_to_later(from_label + none, emit + none + log_zero * (1.0 - repeats));
            return {{pad * phi + (1.0 - pad) * next_phi, pad * emit + (1.0 - pad) * next_emit}, {}};
        },
        {start, ops::full({batch, labels}, log_zero, dtype)}, {log_label, log_blank, padding}, time).carry;
    const Tensor ends = add_to_later(last[0], last[1]);
    const Tensor length = ops::minimum(ops::cast(in[2], DType::int32), labels);
    return {-ops::sum(ends * ops::one_hot(length, labels + 1, -1, dtype), -1)};
}

constinit const Op ctc_loss_op = {
    .name = "ctc_loss", .keras = "keras.src.ops.nn.CTCLoss", .doc = "Negative log likelihood of label sequences whose places in the input are unknown.", .inputs = 4,
    .infer = [](const InferArgs& a) -> Specs {
        const auto refuse = [&](const char* rule) {
            throw ShapeError(str("ops.ctc_loss: ", rule, " Received: target.shape=", a.shape(0), ", output.shape=", a.shape(1),
                                 ", target_length.shape=", a.shape(2), ", output_length.shape=", a.shape(3)));
        };
        if (a.shape(0).rank() != 2 || a.shape(1).rank() != 3) refuse("target must be of shape (batch, labels), output of shape (batch, time, classes).");
        if (a.shape(2).rank() != 1 || a.shape(3).rank() != 1) refuse("target_length and output_length must be of shape (batch).");
        for (const size_t i : {0u, 2u, 3u})
            if (!agree(a.shape(i)[0], a.shape(1)[0])) refuse("target, output, target_length and output_length must have the same first dimension.");
        const int64_t blank = a.as<CtcLossAttrs>().mask_index, classes = a.shape(1)[2];
        if (blank < 0 || (classes >= 0 && blank >= classes)) refuse(str("mask_index must be one of the classes: mask_index=", blank, ".").c_str());
        return {{{a.shape(1)[0]}, score_dtype(a.dtype(1))}};
    },
    .decompose = ctc_loss_composition,
    .samples = {.low = 1, .high = 3, .cases = [] {
        const Spec target{{2, 1}, DType::int32}, output{{2, 3, 4}, DType::float64}, length{{2}, DType::int32};
        return std::vector<OpSample>{{{target, output, length, length}, CtcLossAttrs{}}, {{target, output, length, length}, CtcLossAttrs{3}}};
    }},
    .read_attrs = read_attrs<CtcLossAttrs>};

// ---- decoding ----

struct CtcDecodeAttrs {
    std::string strategy = "greedy";
    int64_t beam_width = 100, top_paths = 1;
    bool merge_repeated = true;
    int64_t mask_index = 0;
    static void describe(Schema<CtcDecodeAttrs>& s) {
        s.field<&CtcDecodeAttrs::strategy>().one_of({"greedy", "beam_search"});
        s.field<&CtcDecodeAttrs::beam_width>().positive();
        s.field<&CtcDecodeAttrs::top_paths>().positive();
        s.field<&CtcDecodeAttrs::merge_repeated>();
        s.field<&CtcDecodeAttrs::mask_index>();
    }
};

Tensors ctc_decode_composition(const Tensors& in, const Attrs& attrs) {
    const auto& c = attrs.as<CtcDecodeAttrs>();
    const Tensor scores = ops::cast(in[0], score_dtype(in[0].dtype()));
    const int64_t batch = scores.shape()[0], time = scores.shape()[1];
    const Tensor valid = within(in[1], time);
    Tensor best = ops::where(valid, ops::argmax(scores, -1), c.mask_index);
    const Tensor total = -ops::sum(ops::where(valid, ops::max(scores, -1), 0.0), 1, true);
    if (c.merge_repeated && time > 1) {
        const Tensor same = ops::equal(prim::slice(best, {0, 1}, {batch, time}), prim::slice(best, {0, 0}, {batch, time - 1}));
        best = ops::where(ops::pad(same, {{0, 0}, {1, 0}}), c.mask_index, best);
    }
    // Blanks move behind the labels, which keep their order.
    const Tensor blank = ops::equal(best, c.mask_index);
    const Tensor order = ops::argsort(ops::where(blank, time, prim::iota({batch, time}, 1, DType::int32)), -1);
    const Tensor labels = ops::take_along_axis(ops::where(blank, -1, best), order, -1);
    return {ops::expand_dims(ops::cast(labels, DType::int32), 0), total};
}

constinit const Op ctc_decode_op = {
    .name = "ctc_decode", .keras = "keras.src.ops.nn.CTCDecode", .doc = "The best label at each time, repeats merged and blanks dropped, and its score.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& c = a.as<CtcDecodeAttrs>();
        if (c.strategy != "greedy") throw UnsupportedError(str("ops.ctc_decode: the strategy must be \"greedy\". Received: strategy=\"", c.strategy, "\""));
        if (a.shape(0).rank() != 3 || a.shape(1).rank() != 1 || !agree(a.shape(0)[0], a.shape(1)[0]))
            throw ShapeError(str("ops.ctc_decode: inputs must be of shape (batch, time, classes), sequence_lengths of shape (batch). Received: inputs.shape=",
                                 a.shape(0), ", sequence_lengths.shape=", a.shape(1)));
        const int64_t batch = a.shape(0)[0];
        return {{{1, batch, a.shape(0)[1]}, DType::int32}, {{batch, 1}, score_dtype(a.dtype(0))}};
    },
    .decompose = ctc_decode_composition,
    .samples = {.low = 1, .high = 3, .cases = [] {
        const Spec x{{2, 4, 3}, DType::float64}, length{{2}, DType::int32};
        return std::vector<OpSample>{{{x, length}, CtcDecodeAttrs{}}};
    }, .distinct = true},
    .read_attrs = read_attrs<CtcDecodeAttrs>};

constexpr const Op* family[] = {&ctc_loss_op, &ctc_decode_op};

}  // namespace

std::span<const Op* const> ctc_ops() { return family; }

namespace ops {

Tensor ctc_loss(const Tensor& target, const Tensor& output, const Tensor& target_length, const Tensor& output_length, int64_t mask_index) {
    return apply1(ctc_loss_op, {target, output, target_length, output_length}, CtcLossAttrs{mask_index});
}

Tensors ctc_decode(const Tensor& inputs, const Tensor& sequence_lengths, const std::string& strategy, int64_t beam_width,
                   int64_t top_paths, bool merge_repeated, int64_t mask_index) {
    return apply(ctc_decode_op, {inputs, sequence_lengths}, CtcDecodeAttrs{strategy, beam_width, top_paths, merge_repeated, mask_index});
}

}  // namespace ops
}  // namespace cornu
