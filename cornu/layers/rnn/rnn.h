// RNN: any cell taken along time; StackedRNNCells: several cells as one.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/layers/rnn/cell.h"

namespace cornu::layers {

// What recurrent layers have besides what all layers have.
class CORNU_API RecurrentHandle : public Layer {
public:
    using Layer::Layer;
    void reset_state() const;                    // of a stateful layer: to zeros
    Variables states() const;                    // of a stateful layer, once it is built
};

// Every stateful layer in `layer`, or itself: to zeros.
CORNU_API void reset_state(const Layer& layer);

struct CORNU_API RNNConfig {
    Required<Layer> cell;                        // derives from CustomCell
    bool return_sequences = false;
    bool return_state = false;
    bool go_backwards = false;
    bool stateful = false;
    bool unroll = false;
    bool zero_output_for_mask = false;
    Regularizer activity_regularizer = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RNNConfig>& s);
};

// (batch, time, …) → (batch, …), the output of the last step, or (batch, time, …) with
// return_sequences; with return_state [output, states…]. Starts from Call::initial_state or the cell's
// own. In a step that the mask (batch, time) leaves out the states stay, and the output is the one
// before or zero.
class CORNU_API RNN : public RecurrentHandle {
public:
    using Config = RNNConfig;
    explicit RNN(RNNConfig config);
};

struct CORNU_API StackedRNNCellsConfig {
    Required<std::vector<Layer>> cells;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<StackedRNNCellsConfig>& s);
};

// A cell: each of the cells works on the output of the one before. [x, states of the first, …].
class CORNU_API StackedRNNCells : public Layer {
public:
    using Config = StackedRNNCellsConfig;
    explicit StackedRNNCells(StackedRNNCellsConfig config);
};

}  // namespace cornu::layers
