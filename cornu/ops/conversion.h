// From values to tensors and back, and copies.
#pragma once

#include <vector>

#include "cornu/ops/apply.h"

namespace cornu::ops {

inline bool is_tensor(const Tensor& x) { return x.defined(); }
CORNU_API Tensor convert_to_tensor(const Tensor& x, OptionalDType dtype = {});
template <class T>
Tensor convert_to_tensor(const std::vector<T>& x, OptionalDType dtype = {}) { return convert_to_tensor(Tensor::from(x), dtype); }
CORNU_API Tensor array(const Tensor& x, OptionalDType dtype = {});   // a copy
template <class T>
Tensor array(const std::vector<T>& x, OptionalDType dtype = {}) { return convert_to_tensor(Tensor::from(x), dtype); }
CORNU_API Tensor copy(const Tensor& x);                              // values never change, so it may share memory
CORNU_API Tensor identity(int64_t n, OptionalDType dtype = {});
CORNU_API Tensor empty(const Shape& shape, OptionalDType dtype = {});  // zeros: no memory is left unwritten
CORNU_API Tensor empty_like(const Tensor& x, OptionalDType dtype = {});
// Host memory; data<T>() and to_vector<T>() read it. Throws unless the values are known.
inline Tensor convert_to_numpy(const Tensor& x) { return x.to_host(); }

inline int64_t ndim(const Tensor& x) { return x.rank(); }
inline int64_t size(const Tensor& x) { return x.size(); }
inline const Shape& shape(const Tensor& x) { return x.shape(); }

}  // namespace cornu::ops
