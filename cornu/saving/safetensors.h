// safetensors: eight bytes of length, a JSON header of names, dtypes, shapes and offsets, the data.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cornu/saving/byte_source.h"
#include "cornu/saving/load_limits.h"
#include "cornu/saving/sink.h"
#include "cornu/saving/stored_weights.h"

namespace cornu {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

namespace saving {

struct SafetensorsFile {
    StoredWeights weights;                        // by name; names of groups are unknown
    std::map<std::string, std::string> metadata;  // "__metadata__"
};

// Holds the file to the format's own rules: the header at most 100 MB, data without holes, overlap or
// rest, sizes as the shapes say. Throws FileError naming the file, the tensor and the rule.
CORNU_API SafetensorsFile read_safetensors(const ByteSource& source, const LoadLimits& limits = {});
// The data begin at a multiple of 64 bytes, larger elements first, so that a reader may map them.
// Throws ValueError for equal names, and for strings and int4, which the format lacks.
CORNU_API void write_safetensors(Sink& sink, const NamedTensors& tensors, const std::map<std::string, std::string>& metadata = {});

}  // namespace saving
}  // namespace cornu
