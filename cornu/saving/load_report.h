// What became of every variable when a file was read.
#pragma once

#include <string>
#include <vector>

#include "cornu/tensor/shape.h"

namespace cornu::saving {

struct LoadReport {
    struct Entry {
        std::string place;      // in the file: "layers/dense/vars/0"
        std::string variable;   // in the model: "dense/kernel"; empty when the model has none there
        std::string detail;     // why not, when it was not read
    };
    std::vector<Entry> read, missing, unexpected, mismatched;

    bool complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
    // One line for each variable that was not read as it should be; empty when there is none.
    CORNU_API std::string to_string() const;
};

}  // namespace cornu::saving
