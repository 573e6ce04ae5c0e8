#include "cornu/layers/weight_budget.h"

#include "cornu/base/error.h"

namespace cornu {

namespace {
thread_local WeightBudget* innermost = nullptr;
}

WeightBudget::WeightBudget(uint64_t elements) : left_(elements), outer_(innermost) { innermost = this; }
WeightBudget::~WeightBudget() { innermost = outer_; }

void WeightBudget::spend(const Shape& shape, const std::string& name) {
    if (!innermost) return;
    const auto size = static_cast<uint64_t>(shape.size());
    if (size > innermost->left_)
        throw ValueError(str("the weight \"", name, "\" of shape ", shape, " is larger than all that the file holds for weights: ", innermost->left_, " elements are left."));
    innermost->left_ -= size;
}

void WeightBudget::allow(uint64_t elements) {
    if (innermost) innermost->left_ += elements;
}

}  // namespace cornu
