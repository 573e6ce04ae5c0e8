// CategoryEncoding: category numbers as rows of ones or counts.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API CategoryEncodingConfig {
    Required<int64_t> num_tokens;
    std::string output_mode = "multi_hot";             // one_hot, count
    bool sparse = false;                               // true is refused
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<CategoryEncodingConfig>& s);
};

// Integers of shape (batch, n) → (batch, num_tokens); (n) → (num_tokens). one_hot: a row an element, in
// place of a last axis of 1. Integers outside of [0, num_tokens) count nowhere. In mode count, a tensor
// of the inputs' shape in Call::others["count_weights"] says what each element counts.
class CORNU_API CategoryEncoding : public Layer {
public:
    using Config = CategoryEncodingConfig;
    explicit CategoryEncoding(CategoryEncodingConfig config);
};

}  // namespace cornu::layers
