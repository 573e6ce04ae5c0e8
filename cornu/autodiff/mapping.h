// Functions applied to many slices or many times: map, vectorized_map, fori_loop, switch, associative
// scans; and functions with a derivative of one's own.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "cornu/autodiff/control_flow.h"

namespace cornu::ops {

// f of each slice of the xs along their first axis, its results stacked.
CORNU_API Tensors map(const std::function<Tensors(const Tensors&)>& f, const Tensors& xs);
CORNU_API Tensor map(const std::function<Tensor(const Tensor&)>& f, const Tensor& xs);
// The same for functions without side effects; slices are taken one after another.
CORNU_API Tensors vectorized_map(const std::function<Tensors(const Tensors&)>& function, const Tensors& elements);
CORNU_API Tensor vectorized_map(const std::function<Tensor(const Tensor&)>& function, const Tensor& elements);
// A function of scalars as one of tensors, which broadcast together.
CORNU_API std::function<Tensor(const Tensors&)> vectorize(std::function<Tensor(const Tensors&)> pyfunc);

// body(i, values) for i in [lower, upper). Values keep shape and dtype.
CORNU_API Tensors fori_loop(int64_t lower, int64_t upper, const std::function<Tensors(const Tensor& i, const Tensors& values)>& body_fun, Tensors init_val);
CORNU_API Tensor fori_loop(int64_t lower, int64_t upper, const std::function<Tensor(const Tensor& i, const Tensor& value)>& body_fun, const Tensor& init_val);

// The branch of number `index`, a scalar integer, moved to the nearest that there is.
CORNU_API Tensors switch_(const Tensor& index, const std::vector<Body>& branches, const Tensors& operands = {});

// All partial results of an associative f along an axis, in a number of steps that grows as log n:
// out[i] = f(f(x[0], x[1]), …, x[i]). f is given slices of any length; reverse: from the end.
CORNU_API Tensors associative_scan(const std::function<Tensors(const Tensors&, const Tensors&)>& f, const Tensors& elems, bool reverse = false, int64_t axis = 0);
CORNU_API Tensor associative_scan(const std::function<Tensor(const Tensor&, const Tensor&)>& f, const Tensor& elems, bool reverse = false, int64_t axis = 0);

}  // namespace cornu::ops

namespace cornu {

// What a function with a derivative of its own returns: its results, and how their gradients become
// those of its arguments (one each; undefined: zero).
struct WithGradient {
    Tensors outputs;
    std::function<Tensors(const Tensors& upstream)> gradient;
};

namespace ops {
CORNU_API std::function<Tensors(const Tensors&)> custom_gradient(std::function<WithGradient(const Tensors&)> f);
}

// fun(primals) and its change along `tangents`, which have the shapes and dtypes of the primals.
CORNU_API std::pair<Tensors, Tensors> jvp(const std::function<Tensors(const Tensors&)>& fun, const Tensors& primals, const Tensors& tangents);

}  // namespace cornu
