// A check of targets that are class indices.
#pragma once

#include <optional>

#include "cornu/tensor/tensor.h"

namespace cornu::losses {

// Indices outside [0, classes) would read as no class at all and train on nothing. `y_pred` is the
// shape of the model's output, whose `axis` counts the classes. Throws ValueError naming the first one.
void check_class_indices(const char* what, const Tensor& y_true, const Shape& y_pred, int64_t axis, std::optional<int64_t> ignore_class);

}  // namespace cornu::losses
