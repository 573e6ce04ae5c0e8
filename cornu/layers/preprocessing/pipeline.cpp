#include "cornu/layers/preprocessing/pipeline.h"

#include "cornu/base/naming.h"
#include "cornu/layers/registry.h"

namespace cornu::layers {

namespace {

class PipelineLayer final : public ConfiguredLayer<PipelineConfig> {
public:
    explicit PipelineLayer(PipelineConfig config) : ConfiguredLayer("Pipeline", std::move(config)) {
        set_autocast(false);   // each layer casts for itself
        utils::ClassNames names;
        for (const Layer& layer : config_.layers) {
            if (!layer.defined()) throw ValueError("Pipeline: `layers` must be layers. Received: an empty handle");
            track("_pipeline_layers/" + names(layer.impl().class_name()), layer);
        }
    }
    bool default_training() const override { return true; }
    bool supports_masking() const override { return true; }
    using CustomLayer::call;

    Structure call(const Structure& inputs, const Call& call) override {
        Structure x = inputs;
        Call each{.training = call.training, .mask = call.mask};
        for (const Layer& layer : config_.layers) {
            x = layer(x, each);
            each.mask = Structure();   // what comes out carries its own
        }
        return x;
    }
    SpecTree compute_output_spec(const SpecTree& inputs, const Call& call) override {
        SpecTree x = inputs;
        for (const Layer& layer : config_.layers) x = layer.impl().compute_output_spec(x, call);
        return x;
    }
    Json get_config() const override { return Json::object({{"layers", Codec<std::vector<Layer>>::encode(config_.layers)}, {"name", name()}}); }
};

}  // namespace

void PipelineConfig::describe(Schema<PipelineConfig>& s) {
    s.field<&PipelineConfig::layers>("The layers, first to last.");
    s.field<&PipelineConfig::name>("Name; made from the class name when empty.");
}

Pipeline::Pipeline(PipelineConfig config) : Layer(std::make_shared<PipelineLayer>(std::move(config))) {}

}  // namespace cornu::layers
