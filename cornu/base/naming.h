// Names as Keras makes them.
#pragma once

#include <string>
#include <string_view>

#include "cornu/base/api.h"

namespace cornu::utils {

CORNU_API std::string to_snake_case(std::string_view class_name);   // "BatchNormalization" → "batch_normalization"
// What Keras calls an object of this class that was given no name, and its place in a file.
CORNU_API std::string default_name(std::string_view class_name);

}  // namespace cornu::utils
