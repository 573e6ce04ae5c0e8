// All losses, family by family. A family's list stands at the end of its own .cpp.
#pragma once

#include "cornu/base/serialized_object.h"
#include "cornu/losses/loss.h"

namespace cornu::losses {

using LossClass = ObjectClass<CustomLoss>;
std::vector<LossClass> regression_losses();
std::vector<LossClass> probabilistic_losses();
std::vector<LossClass> hinge_losses();
std::vector<LossClass> segmentation_losses();
std::vector<LossClass> sequence_losses();
std::vector<LossClass> metric_learning_losses();

CORNU_API const std::vector<LossClass>& all_losses();
// By "MeanSquaredError", "mean_squared_error" or "mse". Of a function's name it is the loss's too,
// as in Keras. Throws ValueError that lists what there is.
std::shared_ptr<CustomLoss> make_loss(const std::string& name);
std::shared_ptr<CustomLoss> make_loss(const SerializedObject& object);

}  // namespace cornu::losses
