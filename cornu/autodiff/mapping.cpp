#include "cornu/autodiff/mapping.h"

#include "cornu/autodiff/tape.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"

namespace cornu {

namespace {

using composing::between;

// A gradient that a user wrote, as the derivative of one call. It lives with the tape that heard of it.
struct CustomGradientAttrs {
    std::function<Tensors(const Tensors&)> gradient;
    static void describe(Schema<CustomGradientAttrs>&) {}
};
constinit const Op custom_gradient_op = {
    .name = "custom_gradient", .doc = "A function with a derivative of its own.", .inputs = -1,
    .infer = [](const InferArgs&) -> Specs { throw UnsupportedError("custom_gradient: it is called as a function, never as an op."); },
    .vjp = [](const Vjp& v) -> Tensors {
        Tensors upstream;
        for (size_t i = 0; i < v.out.size(); ++i) upstream.push_back(v.g(i));
        Tensors grads = v.as<CustomGradientAttrs>().gradient(upstream);
        if (grads.size() != v.in.size())
            throw ValueError(str("ops.custom_gradient: the gradient must return one tensor for each of the ", v.in.size(), " arguments. Received: ", grads.size()));
        return grads;
    }};

int64_t common_length(const char* op, const Tensors& xs, int64_t axis) {
    if (xs.empty()) throw ValueError(str("ops.", op, ": at least one tensor is needed. Received: none"));
    int64_t n = -1;
    for (const Tensor& x : xs) {
        if (x.rank() == 0) throw ShapeError(str("ops.", op, ": tensors must have an axis to go along. Received: a scalar"));
        const int64_t size = x.shape().dim(axis);
        if (n >= 0 && size != n) throw ShapeError(str("ops.", op, ": all tensors must have the same size along axis ", axis, ". Received: ", n, " and ", size));
        n = size;
    }
    return n;
}

Tensors scan_along(const std::function<Tensors(const Tensors&, const Tensors&)>& f, const Tensors& xs, int64_t axis) {
    const int64_t n = xs[0].shape()[axis];
    if (n < 2) return xs;
    const auto every_second = [&](const Tensors& all, int64_t from, int64_t count) {
        Tensors out;
        for (const Tensor& x : all) {
            std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), stop = x.shape().dims(), stride(start.size(), 1);
            const auto a = static_cast<size_t>(axis);
            start[a] = count ? from : 0;
            stop[a] = count ? from + 2 * (count - 1) + 1 : 0;
            stride[a] = 2;
            out.push_back(prim::slice(x, start, stop, stride));
        }
        return out;
    };
    const auto checked = [&](Tensors y) {
        if (y.size() != xs.size()) throw ValueError(str("ops.associative_scan: f must return as many tensors as it is given, ", xs.size(), ". Received: ", y.size()));
        return y;
    };
    // Pairs first; their partial results are those at odd places, and one more step gives the even ones.
    const int64_t pairs = n / 2, later = (n - 1) / 2;
    const Tensors odd = scan_along(f, checked(f(every_second(xs, 0, pairs), every_second(xs, 1, pairs))), axis);
    Tensors even;
    if (later > 0) {
        Tensors before;
        for (const Tensor& y : odd) before.push_back(between(y, axis, 0, later));
        even = checked(f(before, every_second(xs, 2, later)));
    }
    Tensors out;
    for (size_t i = 0; i < xs.size(); ++i) {
        // 0, 1 | 2, 3 | …, and what has no partner.
        const Tensor first = between(xs[i], axis, 0, 1);
        Tensor evens = first;
        if (later > 0) evens = ops::concatenate({first, even[i]}, axis);
        Shape shape = odd[i].shape();
        shape[axis] = 2 * pairs;
        Tensor y = ops::reshape(ops::stack({between(evens, axis, 0, pairs), odd[i]}, axis + 1), shape);
        if (n % 2) y = ops::concatenate({y, between(evens, axis, pairs, pairs + 1)}, axis);
        out.push_back(y);
    }
    return out;
}

}  // namespace

namespace ops {

Tensors map(const std::function<Tensors(const Tensors&)>& f, const Tensors& xs) {
    common_length("map", xs, 0);
    return scan([&](const Tensors&, const Tensors& x) -> ScanResult { return {{}, f(x)}; }, {}, xs).ys;
}
Tensor map(const std::function<Tensor(const Tensor&)>& f, const Tensor& xs) {
    return map([&](const Tensors& x) { return Tensors{f(x[0])}; }, Tensors{xs})[0];
}
Tensors vectorized_map(const std::function<Tensors(const Tensors&)>& function, const Tensors& elements) { return map(function, elements); }
Tensor vectorized_map(const std::function<Tensor(const Tensor&)>& function, const Tensor& elements) { return map(function, elements); }

std::function<Tensor(const Tensors&)> vectorize(std::function<Tensor(const Tensors&)> pyfunc) {
    return [f = std::move(pyfunc)](const Tensors& args) {
        Shape shape;
        for (const Tensor& x : args) {
            const auto both = broadcast_shapes(shape, x.shape());
            if (!both) throw ShapeError(str("ops.vectorize: the shapes of the arguments must broadcast together. Received: ", shape, " and ", x.shape()));
            shape = *both;
        }
        if (shape.empty()) return f(args);
        Tensors flat;
        for (const Tensor& x : args) flat.push_back(reshape(broadcast_to(x, shape), {-1}));
        return reshape(map([&](const Tensors& x) { return Tensors{f(x)}; }, flat)[0], shape);
    };
}

Tensors fori_loop(int64_t lower, int64_t upper, const std::function<Tensors(const Tensor&, const Tensors&)>& body_fun, Tensors init_val) {
    const int64_t n = std::max<int64_t>(0, upper - lower);
    if (n == 0) return init_val;
    const bool wide = lower < INT32_MIN || upper > INT32_MAX;
    const Tensor steps = prim::iota({n}, 0, wide ? DType::int64 : DType::int32) + lower;
    return scan([&](const Tensors& carry, const Tensors& i) -> ScanResult { return {body_fun(i[0], carry), {}}; }, init_val, {steps}).carry;
}
Tensor fori_loop(int64_t lower, int64_t upper, const std::function<Tensor(const Tensor&, const Tensor&)>& body_fun, const Tensor& init_val) {
    return fori_loop(lower, upper, [&](const Tensor& i, const Tensors& v) { return Tensors{body_fun(i, v[0])}; }, Tensors{init_val})[0];
}

Tensors switch_(const Tensor& index, const std::vector<Body>& branches, const Tensors& operands) {
    if (branches.empty()) throw ValueError("ops.switch_: at least one branch is needed. Received: none");
    if (!is_integer(index.dtype()) || index.rank() != 0) throw ShapeError(str("ops.switch_: index must be a scalar integer. Received: ", index.spec()));
    const std::function<Tensors(size_t)> from = [&](size_t i) -> Tensors {
        if (i + 1 == branches.size()) return branches[i](operands);
        return cond(index <= Tensor::full({}, static_cast<double>(i), index.dtype()), [&, i] { return branches[i](operands); }, [&, i] { return from(i + 1); });
    };
    return from(0);
}

Tensors associative_scan(const std::function<Tensors(const Tensors&, const Tensors&)>& f, const Tensors& elems, bool reverse, int64_t axis) {
    common_length("associative_scan", elems, axis);
    Tensors xs;
    for (const Tensor& x : elems) {
        const int64_t at = normalize_axis(axis, x.rank());
        if (at != normalize_axis(axis, elems[0].rank())) throw ShapeError("ops.associative_scan: all tensors must go along the same axis.");
        xs.push_back(reverse ? prim::reverse(x, {at}) : x);
    }
    Tensors out = scan_along(f, xs, normalize_axis(axis, elems[0].rank()));
    if (reverse)
        for (Tensor& y : out) y = prim::reverse(y, {axis});
    return out;
}
Tensor associative_scan(const std::function<Tensor(const Tensor&, const Tensor&)>& f, const Tensor& elems, bool reverse, int64_t axis) {
    return associative_scan([&](const Tensors& a, const Tensors& b) { return Tensors{f(a[0], b[0])}; }, Tensors{elems}, reverse, axis)[0];
}

std::function<Tensors(const Tensors&)> custom_gradient(std::function<WithGradient(const Tensors&)> f) {
    return [f = std::move(f)](const Tensors& args) {
        WithGradient result;
        {
            const Unheard unheard;   // tapes hear of the whole, not of its steps
            result = f(args);
        }
        Tensors out;
        for (const Tensor& y : result.outputs) out.push_back(y.with_new_identity());
        for (Listener* l = Listener::innermost(); l; l = l->outer())
            if (l->active()) l->on_call(custom_gradient_op, args, out, CustomGradientAttrs{result.gradient});
        return out;
    };
}

}  // namespace ops

// The derivative of a derivative: vjp is linear in what it is given, so its own vjp goes forwards.
std::pair<Tensors, Tensors> jvp(const std::function<Tensors(const Tensors&)>& fun, const Tensors& primals, const Tensors& tangents) {
    bool fits = primals.size() == tangents.size();
    for (size_t i = 0; fits && i < primals.size(); ++i) fits = primals[i].shape() == tangents[i].shape() && primals[i].dtype() == tangents[i].dtype();
    if (!fits) throw ShapeError("jvp: there must be one tangent for each primal, of its shape and dtype.");
    GradientTape outer;
    Tensors x, upstream, outputs, slopes;
    {
        GradientTape inner;
        for (const Tensor& p : primals) x.push_back(p.with_new_identity());
        outputs = fun(x);
        // Any value does for what the derivative is linear in; zeros would be folded away.
        for (const Tensor& y : outputs) upstream.push_back(ops::ones(y.shape(), y.dtype()).with_new_identity());
        slopes = inner.gradient(outputs, x, upstream);
    }
    Tensors along, weights;
    for (size_t i = 0; i < slopes.size(); ++i)
        if (slopes[i].defined()) {
            along.push_back(slopes[i]);
            weights.push_back(tangents[i]);
        }
    Tensors changes = outer.gradient(along, upstream, weights);
    for (size_t i = 0; i < changes.size(); ++i)
        if (!changes[i].defined()) changes[i] = ops::zeros_like(outputs[i]);
    return {outputs, changes};
}

}  // namespace cornu
