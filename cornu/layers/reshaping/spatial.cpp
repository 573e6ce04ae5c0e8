#include "cornu/layers/reshaping/spatial.h"

#include "cornu/ops/image.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

using Pairs = std::vector<std::pair<int64_t, int64_t>>;

int64_t first_spatial_axis(const std::string& data_format) { return data_format == "channels_first" ? 2 : 1; }

Margins margins_of(const Pairs& pairs, bool one_axis) {
    Margins out;
    if (one_axis) out.axes = {{pairs[0].first}, {pairs[0].second}};
    else
        for (const auto& [low, high] : pairs) out.axes.push_back({low, high});
    return out;
}

Tensor crop(const Tensor& x, const Pairs& cropping, int64_t first) {
    // A negative padding cuts, and is known for unknown sizes too.
    std::vector<int64_t> low(static_cast<size_t>(x.rank()), 0), high = low;
    for (size_t i = 0; i < cropping.size(); ++i) {
        const size_t axis = static_cast<size_t>(first) + i;
        const int64_t size = x.shape()[static_cast<int64_t>(axis)];
        if (size != None && cropping[i].first + cropping[i].second >= size)
            throw ShapeError(str("Values in `cropping` argument should be smaller than the corresponding spatial dimension of the input. Received: inputs.shape=",
                                 x.shape(), ", cropping=", cropping[i].first, "+", cropping[i].second, " on axis ", axis));
        low[axis] = -cropping[i].first;
        high[axis] = -cropping[i].second;
    }
    return prim::pad(x, Tensor::full({}, 0, x.dtype()), low, high);
}

template <class Config>
class CroppingLayer final : public ConfiguredLayer<Config> {
public:
    CroppingLayer(const char* class_name, int64_t rank, Config config) : ConfiguredLayer<Config>(class_name, std::move(config)) {
        if constexpr (requires(Config c) { c.data_format; }) {
            standardize_data_format(this->config_.data_format);
            first_ = first_spatial_axis(this->config_.data_format);
        }
        cropping_ = this->config_.cropping.expand(rank, "cropping");
        this->config_.cropping = margins_of(cropping_, rank == 1);
        this->set_input_spec({.ndim = rank + 2});
    }
    Tensor call(const Tensor& x, const Call&) override { return crop(x, cropping_, first_); }

private:
    Pairs cropping_;
    int64_t first_ = 1;
};

class ZeroPaddingLayer final : public ConfiguredLayer<ZeroPaddingConfig> {
public:
    ZeroPaddingLayer(const char* class_name, int64_t rank, ZeroPaddingConfig config) : ConfiguredLayer(class_name, std::move(config)) {
        standardize_data_format(config_.data_format);
        const Pairs padding = config_.padding.expand(rank, "padding");
        config_.padding = margins_of(padding, rank == 1);
        widths_.assign(static_cast<size_t>(rank) + 2, {0, 0});
        std::copy(padding.begin(), padding.end(), widths_.begin() + first_spatial_axis(config_.data_format));
        set_input_spec({.ndim = rank + 2});
    }
    Tensor call(const Tensor& x, const Call&) override { return ops::pad(x, widths_); }

private:
    Pairs widths_;
};

Tensor repeat_axes(Tensor x, const std::vector<int64_t>& times, int64_t first) {
    for (size_t i = 0; i < times.size(); ++i) x = ops::repeat(x, times[i], first + static_cast<int64_t>(i));
    return x;
}

class UpSampling1DLayer final : public ConfiguredLayer<UpSampling1DConfig> {
public:
    explicit UpSampling1DLayer(UpSampling1DConfig config) : ConfiguredLayer("UpSampling1D", std::move(config)) { set_input_spec({.ndim = 3}); }
    Tensor call(const Tensor& x, const Call&) override { return ops::repeat(x, config_.size, 1); }
};

// Nearest is the same as repeating, in any dtype.
class UpSampling2DLayer final : public ConfiguredLayer<UpSampling2DConfig> {
public:
    explicit UpSampling2DLayer(UpSampling2DConfig config) : ConfiguredLayer("UpSampling2D", std::move(config)) {
        standardize(config_.size, 2, "size");
        standardize_data_format(config_.data_format);
        set_input_spec({.ndim = 4});
    }
    Tensor call(const Tensor& x, const Call&) override {
        const int64_t first = first_spatial_axis(config_.data_format);
        const int64_t height = x.shape()[first], width = x.shape()[first + 1];
        // Of unknown sizes only the spec is asked for, which repeating gives as well.
        if (config_.interpolation == "nearest" || height == None || width == None) return repeat_axes(x, config_.size.values, first);
        return ops::image::resize(x, {height * config_.size.values[0], width * config_.size.values[1]}, {.interpolation = config_.interpolation, .data_format = config_.data_format});
    }
};

class UpSampling3DLayer final : public ConfiguredLayer<UpSampling3DConfig> {
public:
    explicit UpSampling3DLayer(UpSampling3DConfig config) : ConfiguredLayer("UpSampling3D", std::move(config)) {
        standardize(config_.size, 3, "size");
        standardize_data_format(config_.data_format);
        set_input_spec({.ndim = 5});
    }
    Tensor call(const Tensor& x, const Call&) override { return repeat_axes(x, config_.size.values, first_spatial_axis(config_.data_format)); }
};

}  // namespace

void Cropping1DConfig::describe(Schema<Cropping1DConfig>& s) {
    describe_layer(s);
    s.field<&Cropping1DConfig::cropping>("Steps cut from both ends.");
}
void CroppingConfig::describe(Schema<CroppingConfig>& s) {
    describe_layer(s);
    s.field<&CroppingConfig::cropping>("What is cut from both ends of each axis.");
    s.field<&CroppingConfig::data_format>("Where the channels are.");
}
void ZeroPaddingConfig::describe(Schema<ZeroPaddingConfig>& s) {
    describe_layer(s);
    s.field<&ZeroPaddingConfig::padding>("How many zeros go to both ends of each axis.");
    s.field<&ZeroPaddingConfig::data_format>("Where the channels are.");
}
void UpSampling1DConfig::describe(Schema<UpSampling1DConfig>& s) {
    describe_layer(s);
    s.field<&UpSampling1DConfig::size>("How often each step is repeated.").positive();
}
void UpSampling2DConfig::describe(Schema<UpSampling2DConfig>& s) {
    describe_layer(s);
    s.field<&UpSampling2DConfig::size>("Factor of each axis.");
    s.field<&UpSampling2DConfig::data_format>("Where the channels are.");
    s.field<&UpSampling2DConfig::interpolation>("How values between are found.").one_of({"bicubic", "bilinear", "lanczos3", "lanczos5", "nearest"});
}
void UpSampling3DConfig::describe(Schema<UpSampling3DConfig>& s) {
    describe_layer(s);
    s.field<&UpSampling3DConfig::size>("Factor of each axis.");
    s.field<&UpSampling3DConfig::data_format>("Where the channels are.");
}

Cropping1D::Cropping1D(Cropping1DConfig config) : Layer(std::make_shared<CroppingLayer<Cropping1DConfig>>("Cropping1D", 1, std::move(config))) {}
Cropping2D::Cropping2D(CroppingConfig config) : Layer(std::make_shared<CroppingLayer<CroppingConfig>>("Cropping2D", 2, std::move(config))) {}
Cropping3D::Cropping3D(CroppingConfig config) : Layer(std::make_shared<CroppingLayer<CroppingConfig>>("Cropping3D", 3, std::move(config))) {}
ZeroPadding1D::ZeroPadding1D(ZeroPaddingConfig config) : Layer(std::make_shared<ZeroPaddingLayer>("ZeroPadding1D", 1, std::move(config))) {}
ZeroPadding2D::ZeroPadding2D(ZeroPaddingConfig config) : Layer(std::make_shared<ZeroPaddingLayer>("ZeroPadding2D", 2, std::move(config))) {}
ZeroPadding3D::ZeroPadding3D(ZeroPaddingConfig config) : Layer(std::make_shared<ZeroPaddingLayer>("ZeroPadding3D", 3, std::move(config))) {}
UpSampling1D::UpSampling1D(UpSampling1DConfig config) : Layer(std::make_shared<UpSampling1DLayer>(std::move(config))) {}
UpSampling2D::UpSampling2D(UpSampling2DConfig config) : Layer(std::make_shared<UpSampling2DLayer>(std::move(config))) {}
UpSampling3D::UpSampling3D(UpSampling3DConfig config) : Layer(std::make_shared<UpSampling3DLayer>(std::move(config))) {}

}  // namespace cornu::layers
