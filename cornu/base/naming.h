// Names as Keras makes them.
#pragma once

#include <string>
#include <string_view>

#include "cornu/base/api.h"

namespace cornu::utils {

CORNU_API std::string to_snake_case(std::string_view class_name);   // "BatchNormalization" → "batch_normalization"

}  // namespace cornu::utils
