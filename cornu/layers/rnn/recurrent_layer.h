// What RNN, SimpleRNN, LSTM, GRU and ConvLSTM have in common: a cell taken along time.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/layers/rnn/cell.h"

namespace cornu::layers {

struct SequenceOptions {
    bool return_sequences = false, return_state = false, go_backwards = false;
    bool stateful = false, unroll = false, zero_output_for_mask = false;
};

// A build config of the sequences alone: Keras's also holds the shape of an initial state that was given.
Json build_config_of_sequences(const Json& config);

class CORNU_API RecurrentLayer : public CustomLayer {
public:
    virtual SequenceOptions options() const = 0;
    // Bidirectional needs zeros where a step is masked, whatever the layer was made with.
    virtual void set_zero_output_for_mask(bool zero) = 0;
    CustomCell& cell() const { return cell_of(cell_); }
    size_t state_count() const { return cell().state_shapes().leaf_count(); }
    const Variables& states() const { return states_; }   // of a stateful layer, once it is built
    void reset_state();                                   // to zeros; nothing unless stateful

    bool supports_masking() const override { return true; }
    using CustomLayer::build;
    using CustomLayer::call;
    void build(const Shape& sequences) override;
    void build_from_config(const Json& config) override;
    Structure call(const Structure& inputs, const Call& call) override;
    Structure compute_mask(const Structure& inputs, const Structure& mask) override;

protected:
    void set_cell(Layer cell);   // in the constructor

private:
    Tensors starting_states(const Tensor& sequences, const Structure& given) const;
    Layer cell_;
    Variables states_;
};

// ConfigType has the fields of SequenceOptions.
template <class ConfigType>
class ConfiguredRecurrentLayer : public ConfiguredLayer<ConfigType, RecurrentLayer> {
public:
    using ConfiguredLayer<ConfigType, RecurrentLayer>::ConfiguredLayer;
    SequenceOptions options() const override {
        const ConfigType& c = this->config_;
        return {c.return_sequences, c.return_state, c.go_backwards, c.stateful, c.unroll, c.zero_output_for_mask};
    }
    void set_zero_output_for_mask(bool zero) override { this->config_.zero_output_for_mask = zero; }
};

template <class Config>
void describe_sequence(Schema<Config>& s) {
    s.template field<&Config::return_sequences>("Whether the outputs of all steps are returned, or the last one.");
    s.template field<&Config::return_state>("Whether the last states are returned after the output.");
    s.template field<&Config::go_backwards>("Whether the steps are taken from the last to the first.");
    s.template field<&Config::stateful>("Whether a batch starts from the states in which the last one ended.");
    s.template field<&Config::unroll>("Whether each time step has a copy of the cell's graph.");
    s.template field<&Config::zero_output_for_mask>("Whether masked steps give zeros instead of the output before.");
}

}  // namespace cornu::layers
