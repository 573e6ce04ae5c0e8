#include "cornu/layers/pooling/adaptive_pooling.h"

#include "cornu/ops/adaptive_pooling.h"

namespace cornu::layers {

namespace {

class AdaptivePoolingLayer final : public ConfiguredLayer<AdaptivePoolingConfig> {
public:
    AdaptivePoolingLayer(const char* class_name, int64_t rank, bool average, AdaptivePoolingConfig config)
        : ConfiguredLayer(class_name, std::move(config)), average_(average) {
        standardize(config_.output_size.get(), rank, "output_size");
        standardize_data_format(config_.data_format);
        set_input_spec({.ndim = rank + 2});
    }
    Tensor call(const Tensor& x, const Call&) override {
        return average_ ? ops::adaptive_average_pool(x, config_.output_size, config_.data_format)
                        : ops::adaptive_max_pool(x, config_.output_size, config_.data_format);
    }

private:
    bool average_;
};

std::shared_ptr<CustomLayer> make(const char* name, int64_t rank, bool average, AdaptivePoolingConfig config) {
    return std::make_shared<AdaptivePoolingLayer>(name, rank, average, std::move(config));
}

}  // namespace

void AdaptivePoolingConfig::describe(Schema<AdaptivePoolingConfig>& s) {
    describe_layer(s);
    s.field<&AdaptivePoolingConfig::output_size>("Sizes of the output's spatial axes.");
    s.field<&AdaptivePoolingConfig::data_format>("Where the channels are.");
}

AdaptiveAveragePooling1D::AdaptiveAveragePooling1D(AdaptivePoolingConfig config) : Layer(make("AdaptiveAveragePooling1D", 1, true, std::move(config))) {}
AdaptiveAveragePooling2D::AdaptiveAveragePooling2D(AdaptivePoolingConfig config) : Layer(make("AdaptiveAveragePooling2D", 2, true, std::move(config))) {}
AdaptiveAveragePooling3D::AdaptiveAveragePooling3D(AdaptivePoolingConfig config) : Layer(make("AdaptiveAveragePooling3D", 3, true, std::move(config))) {}
AdaptiveMaxPooling1D::AdaptiveMaxPooling1D(AdaptivePoolingConfig config) : Layer(make("AdaptiveMaxPooling1D", 1, false, std::move(config))) {}
AdaptiveMaxPooling2D::AdaptiveMaxPooling2D(AdaptivePoolingConfig config) : Layer(make("AdaptiveMaxPooling2D", 2, false, std::move(config))) {}
AdaptiveMaxPooling3D::AdaptiveMaxPooling3D(AdaptivePoolingConfig config) : Layer(make("AdaptiveMaxPooling3D", 3, false, std::move(config))) {}

}  // namespace cornu::layers
