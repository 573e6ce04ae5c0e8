// Names as Keras makes them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cornu/base/api.h"

namespace cornu::utils {

CORNU_API std::string to_snake_case(std::string_view class_name);   // "BatchNormalization" → "batch_normalization"
// What Keras calls an object of this class that was given no name, and its place in a file.
CORNU_API std::string default_name(std::string_view class_name);

// Keras addresses layers in lists by class, since names are often made automatically: "dense",
// "dense_1", … as they come.
class CORNU_API ClassNames {
public:
    std::string operator()(std::string_view class_name);

private:
    std::map<std::string, int> used_;
};

}  // namespace cornu::utils
