// Losses of margins. Targets are -1 or 1; if all are 0 or 1 they are taken as such and moved.
#pragma once

#include "cornu/losses/regression.h"

namespace cornu::losses {

CORNU_API Tensor hinge(const Tensor& y_true, const Tensor& y_pred);
CORNU_API Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred);
CORNU_API Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred);  // one-hot targets

class CORNU_API Hinge : public Loss {
public:
    explicit Hinge(LossConfig config = {});
};
class CORNU_API SquaredHinge : public Loss {
public:
    explicit SquaredHinge(LossConfig config = {});
};
class CORNU_API CategoricalHinge : public Loss {
public:
    explicit CategoricalHinge(LossConfig config = {});
};

}  // namespace cornu::losses
