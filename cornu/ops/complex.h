// Complex numbers: their parts, conjugates and angles; and values seen as another dtype.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor real(const Tensor& x);        // of real numbers: themselves
CORNU_API Tensor imag(const Tensor& x);        // of real numbers: zeros
CORNU_API Tensor conjugate(const Tensor& x);
inline Tensor conj(const Tensor& x) { return conjugate(x); }
CORNU_API Tensor angle(const Tensor& x);       // in (-pi, pi]
CORNU_API Tensor isreal(const Tensor& x);
CORNU_API Tensor polar(const Tensor& abs_, const Tensor& angle);
CORNU_API Tensor view_as_complex(const Tensor& x);   // (…, 2) → (…)
CORNU_API Tensor view_as_real(const Tensor& x);      // (…) → (…, 2)
// The bytes of x as another dtype; a change of width changes the last axis.
CORNU_API Tensor view(const Tensor& x, OptionalDType dtype = {});

}  // namespace cornu::ops

namespace cornu::prim {
// As XLA's bitcast_convert: to a narrower dtype a last axis is added, to a wider one it goes.
// Complex numbers count as pairs of floats.
CORNU_API Tensor bitcast(const Tensor& x, DType dtype);
}  // namespace cornu::prim
