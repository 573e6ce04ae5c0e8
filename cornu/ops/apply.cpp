#include "cornu/ops/apply.h"

#include "cornu/base/scope.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

thread_local Mode* current_mode = nullptr;
thread_local Listener* innermost_listener = nullptr;

// Inputs cast to their common dtype. A weak scalar takes the others' type.
Tensors promoted(const Tensors& in, Promote promote) {
    std::vector<PromotionOperand> operands;
    bool same = true;
    for (const Tensor& x : in) {
        operands.push_back({x.dtype(), x.weak()});
        same = same && x.dtype() == in[0].dtype();
    }
    if (promote == Promote::to_bool) {
        Tensors out;
        for (const Tensor& x : in) out.push_back(ops::cast(x, DType::bool_));
        return out;
    }
    const DType common = same ? in[0].dtype() : result_type(operands);
    const DType dtype = promote == Promote::to_float ? to_float_dtype(common) : common;
    if (same && dtype == common) return in;
    Tensors out;
    for (const Tensor& x : in) out.push_back(x.dtype() == dtype ? x : ops::cast(x, dtype));
    return out;
}

Mode* symbolic_mode(const Tensors& in) {
    for (const Tensor& x : in)
        if (x.symbolic()) return &x.origin()->mode();
    return nullptr;
}

bool all_known(const Tensors& in) {
    for (const Tensor& x : in)
        if (!x.shape().is_static()) return false;
    return true;
}

bool is_traced(const Tensors& in) {
    for (const Tensor& x : in)
        if (x.origin()) return true;
    return false;
}

}  // namespace

std::vector<OpArgument> op_arguments(const Op& op) {
    std::vector<OpArgument> all;
    std::string_view rest = op.arguments ? op.arguments : "";
    bool by_name = false;
    while (!rest.empty()) {
        const size_t end = std::min(rest.find(' '), rest.size());
        std::string_view word = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        OpArgument argument{.optional = word.back() == '?', .attribute = word.back() == '=', .any_name = word.starts_with("**"), .ours = word.front() == '-'};
        by_name = by_name || word.front() == '*' || argument.ours;
        argument.by_name = by_name;
        if (word == "*") continue;
        word.remove_prefix(argument.any_name ? 2 : argument.ours);
        if (argument.optional || argument.attribute) word.remove_suffix(1);
        argument.attribute = argument.attribute || argument.any_name;
        argument.name = word;
        all.push_back(std::move(argument));
    }
    return all;
}

UseMode::UseMode(Mode* mode) : outer_(current_mode) { current_mode = mode; }
UseMode::~UseMode() { current_mode = outer_; }
Mode* active_mode() { return current_mode; }

Listener::Listener() : outer_(innermost_listener) { innermost_listener = this; }
Listener::~Listener() {
    // Tapes end in any order: unlink wherever this one stands.
    for (Listener** l = &innermost_listener; *l; l = &(*l)->outer_)
        if (*l == this) {
            *l = outer_;
            break;
        }
}
Unheard::Unheard() : saved_(innermost_listener) { innermost_listener = nullptr; }
Unheard::~Unheard() { innermost_listener = saved_; }

Listener* Listener::innermost() { return innermost_listener; }
bool Listener::any_active() {
    for (const Listener* l = innermost_listener; l; l = l->outer_)
        if (l->active_) return true;
    return false;
}

Specs infer_specs(const Op& op, std::span<const Spec> in, const Attrs& attrs) {
    return op.infer({op, in, attrs});
}

Tensors apply(const Op& op, const Tensors& in, const Attrs& attrs) {
    if (op.inputs >= 0 && static_cast<int>(in.size()) != op.inputs)
        throw ValueError(str("ops.", op.name, " takes ", op.inputs, " tensors. Received: ", in.size()));
    if (op.inputs < 0 && in.empty()) throw ValueError(str("ops.", op.name, " takes at least one tensor. Received: none"));
    for (size_t i = 0; i < in.size(); ++i)
        if (!in[i].defined()) throw ValueError(str("ops.", op.name, ": input ", i, " has no value."));
    if (Mode* symbolic = symbolic_mode(in)) return symbolic->apply(op, in, attrs);

    const Tensors inputs = op.traits.promote == Promote::none ? in : promoted(in, op.traits.promote);
    const bool listened = Listener::any_active();
    // A composition is kept whole only for backends that may have a kernel for it, and under a tape
    // only when it brings its own derivative. Of unknown sizes the rule alone is asked.
    if (op.decompose && !(op.traits.fused && (op.vjp || !listened)) && all_known(inputs)) {
        infer_specs(op, specs_of(inputs), attrs);  // its own rule speaks first, in its own words
        return op.decompose(inputs, attrs);
    }
    Mode* mode = current_mode;
    if (!mode) {
        if (is_traced(inputs))
            throw ValueError(str("ops.", op.name, " was given a tensor of a trace that has ended: a traced "
                                 "value may not leave the function being traced except as its result."));
        mode = &eager_mode();
    }
    Tensors out = mode->apply(op, inputs, attrs);
    if (listened)
        for (Listener* l = innermost_listener; l; l = l->outer())
            if (l->active()) l->on_call(op, inputs, out, attrs);
    return out;
}

Tensor apply1(const Op& op, const Tensors& in, const Attrs& attrs) { return apply(op, in, attrs)[0]; }

std::string call_scope() { return Scope::path(); }

Tensor Vjp::g(size_t i) const { return grads[i].defined() ? grads[i] : ops::zeros_like(out[i]); }

Tensors no_gradient(const Vjp& v) { return Tensors(v.in.size()); }

DType to_float_dtype(DType dtype) {
    if (is_float(dtype) || is_complex(dtype)) return dtype;
    // As in Keras, a 64-bit integer meets floatx; JAX has no wider rule.
    return Context::current().floatx();
}

namespace infer {

Specs same(const InferArgs& a) { return {{a.shape(), a.dtype()}}; }

Specs elementwise(const InferArgs& a) {
    Spec out = a.in[0];
    std::vector<PromotionOperand> operands;
    for (const Spec& in : a.in) {
        if (in.dtype == DType::string) throw DTypeError(str("ops.", a.op.name, " takes numbers. Received: a tensor of strings."));
        const auto shape = broadcast_shapes(out.shape, in.shape);
        if (!shape) {
            std::string shapes;
            for (const Spec& s : a.in) shapes += str(shapes.empty() ? "" : ", ", s.shape);
            throw ShapeError(str("ops.", a.op.name, ": the shapes of the inputs must broadcast together. Received: ", shapes));
        }
        out.shape = *shape;
        operands.push_back({in.dtype, in.weak});
        out.weak = out.weak && in.weak;
    }
    out.dtype = operands.size() == 1 ? out.dtype : result_type(operands);
    return {out};
}

Specs float_elementwise(const InferArgs& a) {
    Specs out = elementwise(a);
    out[0].dtype = to_float_dtype(out[0].dtype);
    return out;
}

Specs comparison(const InferArgs& a) {
    Specs out = elementwise(a);
    out[0].dtype = DType::bool_;
    out[0].weak = false;
    return out;
}

}  // namespace infer

}  // namespace cornu
