#include "cornu/layers/pooling/pooling.h"

#include "cornu/ops/pooling.h"

namespace cornu::layers {

namespace {

using PoolOp = Tensor (*)(const Tensor&, PerAxis, PerAxis, const std::string&, const std::string&);

class PoolingLayer final : public ConfiguredLayer<PoolingConfig> {
public:
    PoolingLayer(const char* class_name, int64_t rank, PoolOp op, PoolingConfig config) : ConfiguredLayer(class_name, std::move(config)), op_(op) {
        build_at_init();
        if (!config_.strides.given()) config_.strides = config_.pool_size;
        standardize(config_.pool_size, rank, "pool_size");
        standardize(config_.strides, rank, "strides");
        standardize_padding(config_.padding);
        standardize_data_format(config_.data_format);
        set_input_spec({.ndim = rank + 2});
    }
    Tensor call(const Tensor& x, const Call&) override { return op_(x, config_.pool_size, config_.strides, config_.padding, config_.data_format); }

private:
    PoolOp op_;
};

std::shared_ptr<CustomLayer> make_max(const char* name, int64_t rank, PoolingConfig config) {
    return std::make_shared<PoolingLayer>(name, rank, ops::max_pool, std::move(config));
}
std::shared_ptr<CustomLayer> make_average(const char* name, int64_t rank, PoolingConfig config) {
    return std::make_shared<PoolingLayer>(name, rank, ops::average_pool, std::move(config));
}

}  // namespace

void PoolingConfig::describe(Schema<PoolingConfig>& s) {
    using C = PoolingConfig;
    describe_layer(s);
    s.field<&C::pool_size>("Size of the windows.");
    s.field<&C::padding>("\"valid\" or \"same\".");
    s.field<&C::strides>("Step of the windows; their size by default.");
    s.field<&C::data_format>("Where the channels are.");
}

MaxPooling1D::MaxPooling1D(PoolingConfig config) : Layer(make_max("MaxPooling1D", 1, std::move(config))) {}
MaxPooling2D::MaxPooling2D(PoolingConfig config) : Layer(make_max("MaxPooling2D", 2, std::move(config))) {}
MaxPooling3D::MaxPooling3D(PoolingConfig config) : Layer(make_max("MaxPooling3D", 3, std::move(config))) {}
AveragePooling1D::AveragePooling1D(PoolingConfig config) : Layer(make_average("AveragePooling1D", 1, std::move(config))) {}
AveragePooling2D::AveragePooling2D(PoolingConfig config) : Layer(make_average("AveragePooling2D", 2, std::move(config))) {}
AveragePooling3D::AveragePooling3D(PoolingConfig config) : Layer(make_average("AveragePooling3D", 3, std::move(config))) {}

}  // namespace cornu::layers
