// What a reader is willing to spend on a file that it does not trust.
#pragma once

#include <cstdint>

namespace cornu::saving {

// Nothing is allocated on the word of a file alone: a declared size must first fit what the file
// really holds, and then these limits. A file beyond one of them is refused with a FileError that
// names the limit. The defaults take every model published with Keras.
struct LoadLimits {
    // Zip
    uint64_t max_members = 100'000;             // entries of one archive
    uint64_t max_ratio = 200;                   // inflated over stored bytes of one member,
    uint64_t ratio_floor = uint64_t(16) << 20;  //   asked only of members that inflate beyond this
    uint64_t max_inflated_bytes = uint64_t(8) << 30;  // all deflated members, or chunks, together

    // HDF5 and npy
    uint64_t max_objects = 1'000'000;                   // groups and datasets of one file
    int max_group_depth = 128;                          // nesting of groups
    uint64_t max_attribute_bytes = uint64_t(64) << 20;  // one decoded attribute or string array

    // Model
    uint64_t max_vocabulary = uint64_t(1) << 26;        // tokens of one vocabulary in `assets/`
    uint64_t max_json_bytes = uint64_t(64) << 20;
    int max_json_depth = 100;
    uint64_t max_parameters = uint64_t(1) << 40;  // elements of all variables together
    uint64_t max_missing_parameters = uint64_t(1) << 28;  // of those that the file lacks, when not strict
};

}  // namespace cornu::saving
