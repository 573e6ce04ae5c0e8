#include "cornu/losses/hinge.h"

#include "cornu/losses/catalogue.h"
#include "cornu/losses/function_loss_impl.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"

namespace cornu::losses {

namespace {

Tensor signs(const Tensor& y_true) {
    const Tensor binary = ops::all(ops::logical_or(ops::equal(y_true, 0), ops::equal(y_true, 1)));
    return ops::where(binary, 2.0 * y_true - 1.0, y_true);
}

constexpr FunctionLossInfo<LossConfig> hinge_info = {"Hinge", "hinge", plain<hinge>};
constexpr FunctionLossInfo<LossConfig> squared_info = {"SquaredHinge", "squared_hinge", plain<squared_hinge>};
constexpr FunctionLossInfo<LossConfig> categorical_info = {"CategoricalHinge", "categorical_hinge", plain<categorical_hinge>};

}  // namespace

Tensor hinge(const Tensor& y_true, const Tensor& y_pred) {
    return ops::mean(ops::maximum(1.0 - signs(ops::cast(y_true, y_pred.dtype())) * y_pred, 0.0), -1);
}

Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred) {
    return ops::mean(ops::square(ops::maximum(1.0 - signs(ops::cast(y_true, y_pred.dtype())) * y_pred, 0.0)), -1);
}

Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred) {
    const Tensor target = ops::cast(y_true, y_pred.dtype());
    const Tensor right = ops::sum(target * y_pred, -1), best_wrong = ops::max((1.0 - target) * y_pred, -1);
    return ops::maximum(best_wrong - right + 1.0, 0.0);
}

Hinge::Hinge(LossConfig config) : Loss(make(hinge_info, std::move(config))) {}
SquaredHinge::SquaredHinge(LossConfig config) : Loss(make(squared_info, std::move(config))) {}
CategoricalHinge::CategoricalHinge(LossConfig config) : Loss(make(categorical_info, std::move(config))) {}

std::vector<LossClass> hinge_losses() {
    return {loss_class(hinge_info), loss_class(squared_info), loss_class(categorical_info)};
}

}  // namespace cornu::losses
