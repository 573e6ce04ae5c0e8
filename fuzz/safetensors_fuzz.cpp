// Any bytes as a safetensors file: every tensor is read.
#include "cornu/saving/safetensors.h"

#include "fuzz/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace cornu;
    fuzz::refuse_or_read([&] {
        const saving::StoredWeights weights = saving::read_safetensors(fuzz::source(data, size), fuzz::limits()).weights;
        for (const auto& [name, array] : weights.arrays) fuzz::refuse_or_read([&array = array] { (void)array.read(); });
    });
    return 0;
}
