#include "cornu/losses/sequence.h"

#include "cornu/autodiff/ctc.h"
#include "cornu/losses/catalogue.h"
#include "cornu/losses/class_indices_impl.h"
#include "cornu/losses/function_loss_impl.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"

namespace cornu::losses {

namespace {

constexpr FunctionLossInfo<LossConfig> ctc_info = {
    "CTC", "ctc", [](const Tensor& t, const Tensor& p, const LossConfig&) { return ctc(t, p); },
    [](const Tensor& t, const Shape& p, const LossConfig&) { check_class_indices("losses.CTC", t, p, -1, {}); }};

}  // namespace

Tensor ctc(const Tensor& y_true, const Tensor& y_pred) {
    if (y_true.rank() != 2 || y_pred.rank() != 3)
        throw ShapeError(str("losses.ctc: y_true must be of shape (batch, labels), y_pred of shape (batch, time, classes). Received: y_true of shape ",
                             y_true.shape(), ", y_pred of shape ", y_pred.shape()));
    const Tensor labels = ops::sum(ops::cast(ops::not_equal(y_true, 0), DType::int32), -1);
    const Tensor time = ops::full({y_pred.shape()[0]}, y_pred.shape()[1], DType::int32);
    return ops::ctc_loss(y_true, y_pred, labels, time);
}

CTC::CTC(LossConfig config) : Loss(make(ctc_info, std::move(config))) {}

std::vector<LossClass> sequence_losses() { return {loss_class(ctc_info)}; }

}  // namespace cornu::losses
