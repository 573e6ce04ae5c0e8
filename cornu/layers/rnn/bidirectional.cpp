#include "cornu/layers/rnn/bidirectional.h"

#include <algorithm>

#include "cornu/layers/registry.h"
#include "cornu/layers/rnn/recurrent_layer.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

RecurrentLayer& recurrent(const Layer& layer, const char* argument) {
    auto* found = layer.defined() ? dynamic_cast<RecurrentLayer*>(&layer.impl()) : nullptr;
    if (found) return *found;
    const std::string received = layer.defined() ? layer.impl().class_name() : "none";
    throw ValueError(str("`", argument, "` must be a recurrent layer, such as LSTM or RNN. Received: ", received));
}

// A layer of the same config, but for its name and direction.
Layer copy_of(const Layer& layer, const std::string& prefix, bool turn_backwards) {
    Json json = serialize(layer);
    Json config = json["config"];
    const std::string& name = layer.name();
    config.set("name", prefix + (name.starts_with(prefix) ? name.substr(prefix.size()) : name));
    if (turn_backwards) config.set("go_backwards", true);
    json.set("config", std::move(config));
    return deserialize(json);
}

class BidirectionalLayer final : public ConfiguredLayer<BidirectionalConfig> {
public:
    explicit BidirectionalLayer(BidirectionalConfig config) : ConfiguredLayer("Bidirectional", std::move(config)) {
        const Layer& layer = config_.layer;
        recurrent(layer, "layer");
        Layer forward = copy_of(layer, "forward_", false);
        if (!config_.backward_layer.defined()) config_.backward_layer = copy_of(layer, "backward_", true);
        config_.layer = forward;
        backward_ = &recurrent(config_.backward_layer, "backward_layer");
        forward_ = &recurrent(forward, "layer");
        check_directions();
        const bool sequences = forward_->options().return_sequences;
        forward_->set_zero_output_for_mask(sequences);
        backward_->set_zero_output_for_mask(sequences);
        track("forward_layer", forward);
        track("backward_layer", config_.backward_layer);
    }
    bool supports_masking() const override { return true; }

    using CustomLayer::build;
    using CustomLayer::call;
    void build(const Shape& sequences) override {
        forward_->build_once(ShapeTree(sequences));
        backward_->build_once(ShapeTree(sequences));
    }

    void build_from_config(const Json& config) override { CustomLayer::build_from_config(build_config_of_sequences(config)); }

    Structure call(const Structure& inputs, const Call& call) override {
        const Tensors states = call.initial_state.flatten();
        const bool given = std::any_of(states.begin(), states.end(), [](const Tensor& state) { return state.defined(); });
        const auto half = states.begin() + static_cast<std::ptrdiff_t>(given ? states.size() / 2 : 0);
        Call forward{.training = call.training, .mask = call.mask}, backward = forward;
        if (given) {
            forward.initial_state = Structure(Tensors(states.begin(), half));
            backward.initial_state = Structure(Tensors(half, states.end()));
        }
        const SequenceOptions o = forward_->options();
        Structure::List ahead = outputs_of(forward_->invoke(inputs, forward)), behind = outputs_of(backward_->invoke(inputs, backward));
        const Tensor y = ops::cast(ahead[0].leaf(), compute_dtype());
        Tensor y_back = ops::cast(behind[0].leaf(), compute_dtype());
        if (o.return_sequences) y_back = ops::flip(y_back, 1);

        Structure::List all;
        if (config_.merge_mode) all.push_back(merged(y, y_back));
        else all = {y, y_back};
        if (o.return_state) {
            all.insert(all.end(), ahead.begin() + 1, ahead.end());
            all.insert(all.end(), behind.begin() + 1, behind.end());
        }
        return all.size() == 1 ? all[0] : Structure(std::move(all));
    }

    Structure compute_mask(const Structure&, const Structure& mask) override {
        const SequenceOptions o = forward_->options();
        const Tensors masks = mask.flatten();
        const Tensor kept = o.return_sequences && !masks.empty() ? masks[0] : Tensor();
        Tensors all(config_.merge_mode ? 1 : 2, kept);
        if (o.return_state) all.resize(all.size() + forward_->state_count() + backward_->state_count());
        return all.size() == 1 ? Structure(all[0]) : Structure(all);
    }

    bool stateful() const { return forward_->options().stateful; }

private:
    static Structure::List outputs_of(const Structure& outputs) { return outputs.is_list() ? outputs.list() : Structure::List{outputs}; }

    Tensor merged(const Tensor& y, const Tensor& y_back) const {
        const std::string& mode = *config_.merge_mode;
        if (mode == "concat") return ops::concatenate({y, y_back}, -1);
        if (mode == "mul") return y * y_back;
        return mode == "sum" ? y + y_back : (y + y_back) / 2;
    }

    void check_directions() const {
        const SequenceOptions forward = forward_->options(), backward = backward_->options();
        if (forward.go_backwards == backward.go_backwards)
            throw ValueError(str("Forward layer and backward layer should have different `go_backwards` value. Received: forward_layer.go_backwards=",
                                 forward.go_backwards, ", backward_layer.go_backwards=", backward.go_backwards));
        const auto same = [](const char* attribute, bool f, bool b) {
            if (f != b)
                throw ValueError(str("Forward layer and backward layer are expected to have the same value for attribute \"", attribute, "\", got \"", f,
                                     "\" for forward layer and \"", b, "\" for backward layer"));
        };
        same("stateful", forward.stateful, backward.stateful);
        same("return_sequences", forward.return_sequences, backward.return_sequences);
        same("return_state", forward.return_state, backward.return_state);
    }

    RecurrentLayer *forward_ = nullptr, *backward_ = nullptr;
};

}  // namespace

void BidirectionalConfig::describe(Schema<BidirectionalConfig>& s) {
    using C = BidirectionalConfig;
    describe_layer(s);
    s.field<&C::merge_mode>("How the two outputs become one.").one_of({"sum", "mul", "ave", "concat"});
    s.field<&C::layer>("The layer that goes forwards.");
    s.field<&C::backward_layer>("The layer that goes backwards; a copy of the other when not given.");
}

Bidirectional::Bidirectional(BidirectionalConfig config) : Layer(std::make_shared<BidirectionalLayer>(std::move(config))) {}
void Bidirectional::reset_state() const {
    if (!dynamic_cast<BidirectionalLayer&>(impl()).stateful()) throw ValueError("Layer must be stateful.");
    layers::reset_state(*this);
}

}  // namespace cornu::layers
