#include "cornu/layers/preprocessing/image/filters.h"

#include "cornu/ops/convolution.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/image_blur.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

class RandomSharpnessLayer final : public ImageLayer<RandomSharpnessConfig> {
public:
    explicit RandomSharpnessLayer(RandomSharpnessConfig config) : ImageLayer("RandomSharpness", std::move(config), {.draws_always = true}) {
        standardize_factor(config_.factor.get(), 0, 1);
        standardize_value_range(config_.value_range);
    }
    void draw(Transformation& t) override { t["factor"] = random::uniform(t.images.per_image(), config_.factor.get().lower, config_.factor.get().upper, {}, t.seed); }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype()), factor = ops::cast(t["factor"] * 2, compute_dtype());
        const float a = 1.0f / 13, b = 5.0f / 13;
        const Tensor window = ops::reshape(Tensor::from(std::vector<float>{a, a, a, a, b, a, a, a, a}), {3, 3, 1, 1});
        const Tensor kernel = ops::cast(ops::broadcast_to(window, {3, 3, t.images.channels, 1}), compute_dtype());
        const Tensor smooth = ops::depthwise_conv(x, kernel, 1, "same", config_.data_format);
        return ops::clip(x + (1 - factor) * (smooth - x), config_.value_range[0], config_.value_range[1]);
    }
};

class RandomGaussianBlurLayer final : public ImageLayer<RandomGaussianBlurConfig> {
public:
    explicit RandomGaussianBlurLayer(RandomGaussianBlurConfig config) : ImageLayer("RandomGaussianBlur", std::move(config)) {
        standardize_factor(config_.factor, 0, 1);
        standardize_factor(config_.sigma, 0, 1, "sigma");
        standardize(config_.kernel_size, 2, "kernel_size");
        for (const int64_t size : config_.kernel_size.values)
            if (size % 2 == 0) throw ValueError(str("kernel_size must be an odd number. Received: kernel_size=", size));
        standardize_value_range(config_.value_range, false);
    }
    void draw(Transformation& t) override {
        t["chosen"] = chosen(t, config_.factor.lower, config_.factor.upper);
        t["sigma"] = random::uniform({2}, config_.sigma.lower, config_.sigma.upper, compute_dtype(), t.seed) + 1e-6;
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype());
        const auto window = [&](int64_t axis) {
            return ops::image::gaussian_window(config_.kernel_size.values[static_cast<size_t>(axis)], ops::reshape(prim::slice(t["sigma"], {axis}, {axis + 1}), {}));
        };
        const Tensor blurred = ops::image::blur(x, window(1), window(0), config_.data_format);
        return ops::clip(ops::where(t["chosen"], blurred, x), config_.value_range[0], config_.value_range[1]);
    }
};

}  // namespace

void RandomSharpnessConfig::describe(Schema<RandomSharpnessConfig>& s) {
    describe_image_layer(s);
    s.field<&RandomSharpnessConfig::factor>("0: smooth, 0.5: as it is, 1: sharp.");
    s.field<&RandomSharpnessConfig::value_range>("What results are kept within.");
    s.field<&RandomSharpnessConfig::seed>("Seed; drawn when not given.");
}
void RandomGaussianBlurConfig::describe(Schema<RandomGaussianBlurConfig>& s) {
    using C = RandomGaussianBlurConfig;
    describe_image_layer(s);
    s.field<&C::factor>("The probability that an image is blurred.");
    s.field<&C::kernel_size>("Columns and rows of the window.");
    s.field<&C::sigma>("The window's standard deviation, in pixels.");
    s.field<&C::value_range>("What results are kept within.");
    s.field<&C::seed>("Seed; drawn when not given.");
}

RandomSharpness::RandomSharpness(RandomSharpnessConfig config) : Layer(std::make_shared<RandomSharpnessLayer>(std::move(config))) {}
RandomGaussianBlur::RandomGaussianBlur(RandomGaussianBlurConfig config) : Layer(std::make_shared<RandomGaussianBlurLayer>(std::move(config))) {}

}  // namespace cornu::layers
