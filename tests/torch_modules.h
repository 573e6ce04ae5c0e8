// The TorchScript modules that tools/oracle/torch_modules.py recorded.
#pragma once

#include <string>

#include "cornu/testing/golden.h"
#include "tests/golden.h"

namespace cornu {

inline const testing::Golden& recorded_modules() {
    static const testing::Golden golden(golden_path("torch_modules.zip"));
    return golden;
}
inline std::string bytes_of(const Json& reference) {
    const saving::ByteSource file = recorded_modules().file(reference);
    return std::string(file.text(0, file.size()));
}

}  // namespace cornu
