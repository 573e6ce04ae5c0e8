#include "cornu/losses/metric_learning.h"

#include <limits>

#include "cornu/losses/catalogue.h"
#include "cornu/losses/function_loss_impl.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::losses {

namespace {

constexpr FunctionLossInfo<CircleConfig> circle_info = {
    "Circle", "circle", [](const Tensor& t, const Tensor& p, const CircleConfig& c) {
        return circle(t, p, {}, {}, c.remove_diagonal, c.gamma, c.margin);
    }};

// Rows of labels as a column.
Tensor column(const Tensor& labels) { return ops::reshape(ops::cast(labels, DType::int32), {-1, 1}); }

}  // namespace

Tensor circle(const Tensor& y_true, const Tensor& y_pred, const Tensor& ref_labels, const Tensor& ref_embeddings,
              bool remove_diagonal, double gamma, double margin) {
    const Tensor& others = ref_embeddings.defined() ? ref_embeddings : y_pred;
    const Tensor label = column(y_true), other_label = column(ref_labels.defined() ? ref_labels : y_true);
    if (y_pred.rank() != 2 || others.rank() != 2 || label.shape()[0] != y_pred.shape()[0] || other_label.shape()[0] != others.shape()[0])
        throw ShapeError(str("losses.circle: y_pred must be of shape (batch, size), with one label for each embedding. Received: y_true of shape ",
                             y_true.shape(), ", y_pred of shape ", y_pred.shape()));
    const Tensor distance = ops::maximum(1.0 - ops::matmul(y_pred, ops::transpose(others)), 0.0);
    Tensor same = ops::equal(label, ops::transpose(other_label));
    const Tensor different = ops::logical_not(same);
    if (remove_diagonal)
        same = ops::logical_and(same, ops::logical_not(ops::eye(label.shape()[0], other_label.shape()[0], 0, DType::bool_)));
    // The farther a pair is from where it should be, the more it weighs.
    const Tensor pull = gamma * ops::maximum(margin + distance, 0.0) * (distance - margin);
    const Tensor push = gamma * ops::maximum(1.0 + margin - distance, 0.0) * (1.0 - margin - distance);
    const auto log_sum = [](const Tensor& pairs, const Tensor& values) {
        return ops::logsumexp(ops::where(pairs, values, -std::numeric_limits<double>::infinity()), 1);
    };
    const Tensor loss = ops::softplus(log_sum(same, pull) + log_sum(different, push));
    loss.set_mask(ops::greater(loss, 0.0));
    return loss;
}

void CircleConfig::describe(Schema<CircleConfig>& s) {
    describe_loss(s);
    s.field<&CircleConfig::gamma>("the scale of the loss");
    s.field<&CircleConfig::margin>("how far from the best a pair may stay");
    s.field<&CircleConfig::remove_diagonal>("no sample is a pair with itself");
}

Circle::Circle(CircleConfig config) : Loss(make(circle_info, std::move(config))) {}

std::vector<LossClass> metric_learning_losses() { return {loss_class(circle_info)}; }

}  // namespace cornu::losses
