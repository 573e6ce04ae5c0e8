#include "cornu/layers/reshaping/flatten.h"

#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

class FlattenLayer final : public ConfiguredLayer<FlattenConfig> {
public:
    explicit FlattenLayer(FlattenConfig config) : ConfiguredLayer("Flatten", std::move(config)) {
        standardize_data_format(config_.data_format);
        set_input_spec({.min_ndim = 1});
    }

    Tensor call(const Tensor& x, const Call&) override {
        Tensor y = x;
        if (config_.data_format == "channels_first" && x.rank() > 2) {
            std::vector<int64_t> axes = {0};
            for (int64_t axis = 2; axis < x.rank(); ++axis) axes.push_back(axis);
            axes.push_back(1);
            y = ops::transpose(x, axes);
        }
        const Shape rest = y.shape().without_front();
        return ops::reshape(y, {y.shape()[0], rest.is_static() ? rest.size() : None});
    }
};

}  // namespace

void FlattenConfig::describe(Schema<FlattenConfig>& s) {
    describe_layer(s);
    s.field<&FlattenConfig::data_format>("Where the channels are.");
}

Flatten::Flatten(FlattenConfig config) : Layer(std::make_shared<FlattenLayer>(std::move(config))) {}

}  // namespace cornu::layers
