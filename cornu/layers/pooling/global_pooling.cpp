#include "cornu/layers/pooling/global_pooling.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

class GlobalPoolingLayer final : public ConfiguredLayer<GlobalPoolingConfig> {
public:
    GlobalPoolingLayer(const char* class_name, int64_t rank, bool average, GlobalPoolingConfig config)
        : ConfiguredLayer(class_name, std::move(config)), rank_(rank), average_(average) {
        standardize_data_format(config_.data_format);
        set_input_spec({.ndim = rank_ + 2});
        build_at_init();
    }
    bool supports_masking() const override { return masked(); }
    Structure compute_mask(const Structure&, const Structure&) override { return {}; }  // no steps are left to mask

    Tensor call(const Tensor& x, const Call& call) override {
        std::vector<int64_t> axes;
        for (int64_t axis = 0; axis < rank_; ++axis) axes.push_back(axis + (config_.data_format == "channels_last" ? 1 : 2));
        if (!average_) return ops::max(x, axes, config_.keepdims);
        const Tensor mask = call.mask.is_leaf() ? call.mask.leaf() : Tensor();
        if (!masked() || !mask.defined()) return ops::mean(x, axes, config_.keepdims);
        const Tensor weight = ops::expand_dims(ops::cast(mask, x.dtype()), config_.data_format == "channels_last" ? 2 : 1);
        return ops::sum(x * weight, axes, config_.keepdims) / ops::sum(weight, axes, config_.keepdims);
    }

private:
    bool masked() const { return average_ && rank_ == 1; }
    int64_t rank_;
    bool average_;
};

std::shared_ptr<CustomLayer> make(const char* name, int64_t rank, bool average, GlobalPoolingConfig config) {
    return std::make_shared<GlobalPoolingLayer>(name, rank, average, std::move(config));
}

}  // namespace

void GlobalPoolingConfig::describe(Schema<GlobalPoolingConfig>& s) {
    describe_layer(s);
    s.field<&GlobalPoolingConfig::data_format>("Where the channels are.");
    s.field<&GlobalPoolingConfig::keepdims>("Whether spatial axes stay, with size 1.");
}

GlobalMaxPooling1D::GlobalMaxPooling1D(GlobalPoolingConfig config) : Layer(make("GlobalMaxPooling1D", 1, false, std::move(config))) {}
GlobalMaxPooling2D::GlobalMaxPooling2D(GlobalPoolingConfig config) : Layer(make("GlobalMaxPooling2D", 2, false, std::move(config))) {}
GlobalMaxPooling3D::GlobalMaxPooling3D(GlobalPoolingConfig config) : Layer(make("GlobalMaxPooling3D", 3, false, std::move(config))) {}
GlobalAveragePooling1D::GlobalAveragePooling1D(GlobalPoolingConfig config) : Layer(make("GlobalAveragePooling1D", 1, true, std::move(config))) {}
GlobalAveragePooling2D::GlobalAveragePooling2D(GlobalPoolingConfig config) : Layer(make("GlobalAveragePooling2D", 2, true, std::move(config))) {}
GlobalAveragePooling3D::GlobalAveragePooling3D(GlobalPoolingConfig config) : Layer(make("GlobalAveragePooling3D", 3, true, std::move(config))) {}

}  // namespace cornu::layers
