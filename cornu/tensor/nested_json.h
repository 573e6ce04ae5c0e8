// Values of a tensor as nested JSON lists of numbers, as Keras's configs hold constants.
#pragma once

#include <optional>

#include "cornu/base/json.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

CORNU_API Json nested_json(const Tensor& x);   // throws unless the values are known
// A number or regular nesting of lists; without a dtype as Python has it: bool, int32 or float32.
// Throws ValueError for anything else.
CORNU_API Tensor tensor_from_json(const Json& json, std::optional<DType> dtype = {});

}  // namespace cornu
