#include "cornu/layers/preprocessing/image/histograms.h"

#include <algorithm>
#include <cmath>

#include "cornu/ops/creation.h"
#include "cornu/ops/cumulative.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

using Made = ImageTraits::Images;
const std::vector<double> bytes = {0, 255};

// How often each of the numbers 0 … count - 1 occurs.
Tensor counts(const Tensor& numbers, int64_t count, DType dtype) {
    const Tensor flat = ops::reshape(numbers, {-1});
    return ops::segment_sum(ops::ones_like(flat, dtype), flat, count);
}

class AutoContrastLayer final : public ImageLayer<AutoContrastConfig> {
public:
    explicit AutoContrastLayer(AutoContrastConfig config) : ImageLayer("AutoContrast", std::move(config), {.images = Made::kept, .always = true, .random = false}) {
        standardize_value_range(config_.value_range);
    }
    Tensor transform_images(const Tensor& images, const Transformation&) override {
        const Tensor x = ops::cast(to_range(images, config_.value_range, bytes, compute_dtype()), compute_dtype());
        const Tensor low = ops::min(x, {1, 2}, true), scale = 255.0 / (ops::max(x, {1, 2}, true) - low);
        const Tensor spread = ops::clip(x * scale + -low * scale, 0.0, 255.0), out = to_range(spread, bytes, config_.value_range, compute_dtype());
        return ops::where(ops::isnan(out), images, out);   // a channel of one value
    }
};

class EqualizationLayer final : public ImageLayer<EqualizationConfig> {
public:
    explicit EqualizationLayer(EqualizationConfig config) : ImageLayer("Equalization", std::move(config), {.images = Made::computed_in_training, .random = false}) {
        standardize_value_range(config_.value_range);
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const DType dtype = compute_dtype();
        Tensors channels = ops::split(ops::cast(images, dtype), t.images.channels, t.images.channel_axis());
        for (Tensor& channel : channels) channel = scaled(equalized(scaled(channel, config_.value_range, bytes)), bytes, config_.value_range);
        return ops::cast(ops::concatenate(channels, t.images.channel_axis()), dtype);
    }
    DType output_dtype(DType images) const override { return images; }

private:
    static Tensor scaled(const Tensor& x, const std::vector<double>& from, const std::vector<double>& to) {
        const double scale = (to[1] - to[0]) / (from[1] - from[0]);
        return from == to ? x : x * scale + (to[0] - from[0] * scale);
    }
    Tensor equalized(const Tensor& channel) const {
        const int64_t bins = config_.bins, last = bins - 1;
        const Tensor place = ops::cast(ops::cast(channel, DType::float32) * last / 255.0, DType::int32);
        const Tensor histogram = counts(ops::clip(place, 0, last), bins, DType::int32), total = ops::cumsum(histogram);
        const Tensor least = ops::take(total, ops::argmax(total > 0)), span = ops::take(total, Tensor(last)) - least;
        const Tensor table = ops::clip(ops::round((total - least) * 255 / ops::where(ops::equal(span, 0), 1, span)), 0, 255);
        const Tensor index = ops::cast(ops::clip(channel / 255.0 * last, 0, last), DType::int32);
        const Tensor filled = ops::sum(ops::cast(histogram > 0, DType::int32));
        return ops::where(filled <= 1, channel, ops::take(table, index));
    }
};

class ClaheLayer final : public ImageLayer<ContrastLimitedAdaptiveHistogramEqualizationConfig> {
public:
    explicit ClaheLayer(ContrastLimitedAdaptiveHistogramEqualizationConfig config)
        : ImageLayer("ContrastLimitedAdaptiveHistogramEqualization", std::move(config), {.images = Made::kept, .always = true, .random = false}) {
        standardize(config_.tile_grid_size, 2, "tile_grid_size");
        standardize_value_range(config_.value_range, false);
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = channels_first() ? ops::transpose(images, {0, 2, 3, 1}) : images;
        const Tensor spread = to_range(equalized(to_range(x, config_.value_range, bytes, DType::float32), t.images), bytes, config_.value_range, DType::float32);
        const Tensor out = ops::cast(spread, images.dtype());
        return channels_first() ? ops::transpose(out, {0, 3, 1, 2}) : out;
    }

private:
    // Along one axis: the tiles before and after each pixel, counted with one more tile at each end,
    // and how near the pixel is to the one after.
    struct Between {
        std::vector<int32_t> before, after;
        std::vector<float> weight;
        Between(int64_t tiles, int64_t size) {
            for (int64_t i = 0; i < tiles * size; ++i) {
                const float place = (static_cast<float>(i) - static_cast<float>(size) / 2) / static_cast<float>(size) + 1, whole = std::floor(place);
                const auto kept = [&](float tile) { return static_cast<int32_t>(std::clamp(tile, 0.0f, static_cast<float>(tiles + 1))); };
                before.push_back(kept(whole));
                after.push_back(kept(whole + 1));
                weight.push_back(place - whole);
            }
        }
    };

    Tensor equalized(const Tensor& images, const ImageShape& s) const {
        const int64_t n = s.batch, c = s.channels, rows = config_.tile_grid_size.values[0], columns = config_.tile_grid_size.values[1];
        const int64_t height = (s.height + rows - 1) / rows, width = (s.width + columns - 1) / columns, area = height * width;
        const Tensor x = ops::pad(images, {{0, 0}, {0, height * rows - s.height}, {0, width * columns - s.width}, {0, 0}}, "symmetric");
        const Tensor pixels = ops::cast(ops::clip(x, 0, 255), DType::int32);
        // (tiles, 256): how often each value occurs, tiles in the order batch, row, column, channel.
        const Tensor tiled = ops::reshape(ops::transpose(ops::reshape(pixels, {n, rows, height, columns, width, c}), {0, 1, 3, 5, 2, 4}), {-1, area});
        const int64_t tiles = n * rows * columns * c;
        const Tensor places = tiled + prim::iota({tiles, 1}, 0, DType::int32) * 256;
        Tensor histogram = ops::reshape(counts(places, tiles * 256, DType::float32), {n, rows, columns, c, 256});
        if (config_.clip_limit > 0) {
            const Tensor clipped = ops::clip(histogram, 0, config_.clip_limit * static_cast<double>(area) / 256.0);
            histogram = clipped + ops::sum(histogram - clipped, -1, true) / 256.0;
        }
        const Tensor total = ops::cumsum(histogram, -1), least = ops::min(total, -1, true), span = static_cast<double>(area) - least;
        const Tensor map = ops::clip((total - least) * 255.0 / ops::where(ops::equal(span, 0), 1.0, span), 0, 255);
        const Tensor padded = ops::pad(map, {{0, 0}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}, "edge"), flat = ops::reshape(padded, {-1});

        const Between down(rows, height), across(columns, width);
        const int64_t h = rows * height, w = columns * width;
        const auto row = [&](const auto& values) { return Tensor::from(values, {1, h, 1, 1}); };
        const auto column = [&](const auto& values) { return Tensor::from(values, {1, 1, w, 1}); };
        const Tensor base = pixels + prim::iota({1, 1, 1, c}, 3, DType::int32) * 256 + prim::iota({n, 1, 1, 1}, 0, DType::int32) * (256 * c * (columns + 2) * (rows + 2));
        const auto seen = [&](const std::vector<int32_t>& y, const std::vector<int32_t>& x_) {
            return ops::take(flat, base + row(y) * (256 * c * (columns + 2)) + column(x_) * (256 * c));
        };
        const Tensor wy = row(down.weight), wx = column(across.weight);
        const Tensor top = seen(down.before, across.before) * (1 - wx) + seen(down.before, across.after) * wx;
        const Tensor bottom = seen(down.after, across.before) * (1 - wx) + seen(down.after, across.after) * wx;
        return prim::slice(top * (1 - wy) + bottom * wy, {0, 0, 0, 0}, {n, s.height, s.width, c});
    }
};

}  // namespace

void AutoContrastConfig::describe(Schema<AutoContrastConfig>& s) {
    describe_image_layer(s);
    s.field<&AutoContrastConfig::value_range>("Between which numbers images are.");
}
void EqualizationConfig::describe(Schema<EqualizationConfig>& s) {
    describe_image_layer(s);
    s.field<&EqualizationConfig::value_range>("Between which numbers images are.");
    s.field<&EqualizationConfig::bins>("Bins of the histogram.").positive();
}
void ContrastLimitedAdaptiveHistogramEqualizationConfig::describe(Schema<ContrastLimitedAdaptiveHistogramEqualizationConfig>& s) {
    using C = ContrastLimitedAdaptiveHistogramEqualizationConfig;
    describe_image_layer(s);
    s.field<&C::value_range>("Between which numbers images are.");
    s.field<&C::clip_limit>("How high a bin may be, in means of all; 0: any height.").non_negative();
    s.field<&C::tile_grid_size>("Tiles down and across.");
}

AutoContrast::AutoContrast(AutoContrastConfig config) : Layer(std::make_shared<AutoContrastLayer>(std::move(config))) {}
Equalization::Equalization(EqualizationConfig config) : Layer(std::make_shared<EqualizationLayer>(std::move(config))) {}
ContrastLimitedAdaptiveHistogramEqualization::ContrastLimitedAdaptiveHistogramEqualization(ContrastLimitedAdaptiveHistogramEqualizationConfig config)
    : Layer(std::make_shared<ClaheLayer>(std::move(config))) {}

}  // namespace cornu::layers
