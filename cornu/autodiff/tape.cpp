#include "cornu/autodiff/tape.h"

#include <unordered_set>

#include "cornu/base/scope.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu {

namespace {

bool carries_gradient(DType dtype) { return is_float(dtype) || is_complex(dtype); }

// A derivative may be broadcast or of the promoted dtype; the gradient has its input's own spec.
Tensor fitted(const Tensor& gradient, const Tensor& input) {
    const Tensor summed = gradient.shape() == input.shape() ? gradient : sum_to_shape(ops::broadcast_to(gradient, *broadcast_shapes(gradient.shape(), input.shape())), input.shape());
    return summed.dtype() == input.dtype() ? summed : ops::cast(summed, input.dtype());
}

// Stops a tape from hearing its own backward pass.
class Paused {
public:
    explicit Paused(Listener& listener) : listener_(listener), was_active_(listener.active()) { listener_.pause(); }
    ~Paused() { if (was_active_) listener_.resume(); }

private:
    Listener& listener_;
    bool was_active_;
};

}  // namespace

void GradientTape::on_call(const Op& op, const Tensors& in, const Tensors& out, const Attrs& attrs) {
    bool useful = false;
    for (const Tensor& y : out) useful = useful || carries_gradient(y.dtype());
    if (useful) entries_.push_back({&op, in, out, attrs, call_scope()});
}

void GradientTape::on_read(const Variable& variable, const Tensor& value) {
    // A layer that is built meanwhile reads its variables too, in a scope of its own.
    if (StateScope::innermost() == scope_) read_.try_emplace(variable.value_id(), value);
}

Tensors GradientTape::gradient(const Tensor& target, const Tensors& sources, const Tensor& output_gradient) {
    return gradient(Tensors{target}, sources, Tensors{output_gradient});
}

Tensors GradientTape::gradient(const Tensor& target, const Variables& sources, const Tensor& output_gradient) {
    Tensors values;
    for (const Variable& variable : sources) {
        const auto found = read_.find(variable.value_id());
        // A variable that was never read has no gradient; a tensor of its own stands for it.
        values.push_back(found == read_.end() ? variable.stored().with_new_identity() : found->second);
    }
    return gradient(target, values, output_gradient);
}

Tensors GradientTape::gradient(const Tensors& targets, const Tensors& sources, const Tensors& output_gradients) {
    const Paused paused(*this);

    std::unordered_set<const void*> reached;  // what depends on a source
    for (const Tensor& source : sources) {
        if (!carries_gradient(source.dtype())) throw DTypeError(str("gradients are taken with respect to floating-point tensors. Received: ", source.dtype()));
        reached.insert(source.id());
    }
    std::vector<char> relevant(entries_.size(), 0);
    for (size_t i = 0; i < entries_.size(); ++i) {
        for (const Tensor& x : entries_[i].in)
            if (reached.count(x.id())) relevant[i] = 1;
        if (!relevant[i]) continue;
        for (const Tensor& y : entries_[i].out) reached.insert(y.id());
    }

    std::unordered_map<const void*, Tensor> grads;
    const auto accumulate = [&](const Tensor& x, const Tensor& g) {
        Tensor& slot = grads[x.id()];
        slot = slot.defined() ? slot + g : g;
    };
    for (size_t i = 0; i < targets.size(); ++i) {
        if (!reached.count(targets[i].id())) continue;
        const bool given = i < output_gradients.size() && output_gradients[i].defined();
        if (given && output_gradients[i].shape() != targets[i].shape())
            throw ShapeError(str("output_gradient must have the target's shape, ", targets[i].shape(), ". Received: ", output_gradients[i].shape()));
        accumulate(targets[i], given ? output_gradients[i] : ops::ones(targets[i].shape(), targets[i].dtype()));
    }

    for (size_t i = entries_.size(); i-- > 0;) {
        const Entry& entry = entries_[i];
        if (!relevant[i]) continue;
        Tensors out_grads;
        bool any = false;
        for (const Tensor& y : entry.out) {
            const auto found = grads.find(y.id());
            out_grads.push_back(found == grads.end() ? Tensor() : found->second);
            any = any || out_grads.back().defined();
        }
        if (!any) continue;
        const Scope scope("the gradient of", entry.scope);
        if (!entry.op->vjp || entry.op->traits.not_differentiable)
            throw UnsupportedError(str("ops.", entry.op->name, " has no derivative, and a gradient was asked for through it."));
        std::vector<char> wanted;
        for (const Tensor& x : entry.in) wanted.push_back(reached.count(x.id()) && carries_gradient(x.dtype()));
        const Tensors in_grads = entry.op->vjp({entry.in, entry.out, out_grads, entry.attrs, &wanted});
        CORNU_CHECK(in_grads.size() == entry.in.size(), entry.op->name, ": one gradient per input");
        for (size_t k = 0; k < in_grads.size(); ++k)
            if (in_grads[k].defined() && wanted[k])
                accumulate(entry.in[k], fitted(in_grads[k], entry.in[k]));
    }

    Tensors result;
    for (const Tensor& source : sources) {
        const auto found = grads.find(source.id());
        result.push_back(found == grads.end() ? Tensor() : found->second);
    }
    return result;
}

std::pair<Tensor, Tensors> value_and_grad(const std::function<Tensor()>& fn, const Variables& variables) {
    GradientTape tape;
    const Tensor value = fn();
    return {value, tape.gradient(value, variables)};
}

}  // namespace cornu
