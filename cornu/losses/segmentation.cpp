#include "cornu/losses/segmentation.h"

#include "cornu/losses/catalogue.h"
#include "cornu/losses/function_loss_impl.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/context.h"

namespace cornu::losses {

namespace {
constexpr FunctionLossInfo<DiceConfig> dice_info = {
    "Dice", "dice", [](const Tensor& t, const Tensor& p, const DiceConfig& c) { return dice(t, p, c.axis); }};
constexpr FunctionLossInfo<TverskyConfig> tversky_info = {
    "Tversky", "tversky",
    [](const Tensor& t, const Tensor& p, const TverskyConfig& c) { return tversky(t, p, c.alpha, c.beta, c.axis); }};
}  // namespace

Tensor dice(const Tensor& y_true, const Tensor& y_pred, Axes axis) {
    const Tensor target = ops::cast(y_true, y_pred.dtype());
    const Tensor both = ops::sum(target * y_pred, axis);
    return 1.0 - 2.0 * both / (ops::sum(target, axis) + ops::sum(y_pred, axis) + Context::current().epsilon());
}

Tensor tversky(const Tensor& y_true, const Tensor& y_pred, double alpha, double beta, Axes axis) {
    const Tensor target = ops::cast(y_true, y_pred.dtype());
    const Tensor both = ops::sum(target * y_pred, axis);
    const Tensor missed = ops::sum((1.0 - y_pred) * target, axis), extra = ops::sum(y_pred * (1.0 - target), axis);
    return 1.0 - both / (both + missed * alpha + extra * beta + Context::current().epsilon());
}

void DiceConfig::describe(Schema<DiceConfig>& s) {
    describe_loss(s);
    s.field<&DiceConfig::axis>("what is summed over");
}
void TverskyConfig::describe(Schema<TverskyConfig>& s) {
    describe_loss(s);
    s.field<&TverskyConfig::alpha>("the weight of false positives, in Keras's sense");
    s.field<&TverskyConfig::beta>("the weight of false negatives, in Keras's sense");
    s.field<&TverskyConfig::axis>("what is summed over");
}

Dice::Dice(DiceConfig config) : Loss(make(dice_info, std::move(config))) {}
Tversky::Tversky(TverskyConfig config) : Loss(make(tversky_info, std::move(config))) {}

std::vector<LossClass> segmentation_losses() { return {loss_class(dice_info), loss_class(tversky_info)}; }

}  // namespace cornu::losses
