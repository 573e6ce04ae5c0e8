// The classes that `Initializer` finds by name.
#pragma once

#include "cornu/base/serialized_object.h"
#include "cornu/initializers/initializer.h"

namespace cornu::initializers {

CORNU_API const std::vector<ObjectClass<CustomInitializer>>& family();

// A config with this key makes an object to be described, not used: it draws no seed.
inline constexpr const char* no_draw_key = "__describe_only__";

}  // namespace cornu::initializers
