// Configs as an older Keras 3 reads them: without what came later.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "cornu/base/json.h"

namespace cornu::saving {

struct KerasVersion {
    int major = 3, minor = 0, patch = 0;
    friend auto operator<=>(const KerasVersion&, const KerasVersion&) = default;
};
inline constexpr KerasVersion written_keras_version{3, 15, 1};   // whose format files have by default

// "3.3.0", or "3.3" for its first patch. Of later ones the newest known, for they read what it
// writes; ValueError for another major version or what is no version.
KerasVersion parse_keras_version(std::string_view text);
std::string to_string(const KerasVersion& version);

// The config of a model (the JSON of config.json) as that version of Keras writes it. Arguments that
// it does not know are left out where they say what it does anyway. Throws ValueError naming layer,
// argument and the version they came with for what it cannot do. Classes of one's own stay as they are.
Json config_for_version(Json config, const KerasVersion& version);

}  // namespace cornu::saving
