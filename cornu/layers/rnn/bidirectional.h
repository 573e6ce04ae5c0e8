// Bidirectional: a recurrent layer taken forwards and backwards along time.
#pragma once

#include "cornu/layers/rnn/rnn.h"

namespace cornu::layers {

struct CORNU_API BidirectionalConfig {
    Required<Layer> layer;                       // RNN, LSTM, …: copied from its config, twice
    std::optional<std::string> merge_mode = "concat";   // "sum", "mul", "ave"; none: both outputs
    Layer backward_layer = {};                   // in place of the second copy; used itself
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<BidirectionalConfig>& s);
};

// (batch, time, …) → what the layer gives, of both directions joined along the last axis, summed, …;
// without a merge mode [forward, backward]. With return_state the states of both follow.
// Call::initial_state: those of the forward layer, then those of the backward one.
class CORNU_API Bidirectional : public Layer {
public:
    using Config = BidirectionalConfig;
    explicit Bidirectional(BidirectionalConfig config);
    void reset_state() const;                    // throws ValueError unless stateful
};

}  // namespace cornu::layers
