// Hashing and HashedCrossing: categories by the hash of a text or number, without a vocabulary.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API HashingConfig {
    Required<int64_t> num_bins;                        // the mask's included
    Json mask_value = {};                              // a text or number that gets bin 0, alone; null: none does
    std::optional<std::vector<int64_t>> salt = {};     // one number or two: SipHash-2-4 in place of FarmHash
    std::string output_mode = "int";                   // one_hot, multi_hot, count
    bool sparse = false;                               // true is refused
    std::string name = {};
    DTypePolicy dtype = {};                            // int64 for "int", else floatx
    bool trainable = true;
    static void describe(Schema<HashingConfig>& s);
};

// Strings or numbers of any shape (numbers by their text, floats cut off) → integers of that shape, or
// as `output_mode` says. The same bins as Keras. It runs on the host, in compiled models too.
class CORNU_API Hashing : public Layer {
public:
    using Config = HashingConfig;
    explicit Hashing(HashingConfig config);
};

struct CORNU_API HashedCrossingConfig {
    Required<int64_t> num_bins;
    std::string output_mode = "int";                   // one_hot
    bool sparse = false;
    std::string name = {};
    std::string dtype = {};                            // int64 for "int", else floatx
    static void describe(Schema<HashedCrossingConfig>& s);
};

// At least two strings or integers of one shape, (), (batch) or (batch, 1): the bin of all of them
// together.
class CORNU_API HashedCrossing : public Layer {
public:
    using Config = HashedCrossingConfig;
    explicit HashedCrossing(HashedCrossingConfig config);
};

}  // namespace cornu::layers
