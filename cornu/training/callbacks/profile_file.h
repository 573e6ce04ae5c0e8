// A Profile as the file that TensorBoard's profile plugin (xprof) reads: an XSpace of one thread's calls.
#pragma once

#include <string>

#include "cornu/backend/profile.h"

namespace cornu::callbacks {

// Written to FOLDER/plugins/profile/TIME/HOST.xplane.pb. Throws FileError.
void write_profile(const Profile& profile, const std::string& folder);

}  // namespace cornu::callbacks
