#include "cornu/layers/preprocessing/image/image_layer.h"

#include <algorithm>
#include <cmath>

#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"

namespace cornu {

namespace {

// Applies f to a batch of one.
template <class F>
Tensor alone(const Tensor& x, F&& f) { return ops::squeeze(f(ops::expand_dims(x, 0)), {0}); }

const Structure* find(const Structure::Dict& dict, const char* key) {
    const auto found = dict.find(key);
    return found == dict.end() ? nullptr : &found->second;
}

BoundingBoxes boxes_of(const Structure& given) {
    const Structure* boxes = given.is_dict() ? find(given.dict(), "boxes") : nullptr;
    const Structure* labels = given.is_dict() ? find(given.dict(), "labels") : nullptr;
    if (!boxes || !labels || !boxes->is_leaf() || !labels->is_leaf())
        throw ValueError(str("Expected `bounding_boxes` to be a dict with keys 'boxes' and 'labels', both tensors. Received: ", given.is_dict() ? "another dict" : "no dict"));
    const BoundingBoxes out{boxes->leaf(), labels->leaf()};
    const int64_t rank = out.boxes.rank(), label_rank = out.labels.rank();
    if ((rank != 2 && rank != 3) || out.boxes.shape().back() != 4)
        throw ShapeError(str("Expected `bounding_boxes['boxes']` to have shape (num_boxes, 4) or (batch_size, num_boxes, 4). Received: bounding_boxes['boxes'].shape=", out.boxes.shape()));
    if (label_rank != rank - 1 && label_rank != rank)
        throw ShapeError(str("Expected `bounding_boxes['labels']` to have rank ", rank - 1, " or ", rank, ". Received: bounding_boxes['labels'].shape=", out.labels.shape()));
    return out;
}

}  // namespace

void CustomImageLayer::draw(Transformation&) {}
Tensor CustomImageLayer::transform_images(const Tensor& images, const Transformation&) { return images; }
Tensor CustomImageLayer::transform_labels(const Tensor& labels, const Transformation&) { return labels; }
Tensor CustomImageLayer::transform_segmentation_masks(const Tensor& masks, const Transformation&) { return masks; }
BoundingBoxes CustomImageLayer::transform_bounding_boxes(BoundingBoxes boxes, const Transformation&) { return boxes; }
DType CustomImageLayer::output_dtype(DType) const { return compute_dtype(); }

void CustomImageLayer::start(ImageTraits traits, std::string& data_format, const std::optional<std::string>& bounding_box_format) {
    traits_ = traits;
    layers::standardize_data_format(data_format);
    channels_first_ = data_format == "channels_first";
    bounding_box_format_ = bounding_box_format.value_or("");
}

void CustomImageLayer::seed_with(std::optional<int64_t> seed) {
    generator_ = random::SeedGenerator(seed);
    track_variable(generator_.state());
}

ImageShape CustomImageLayer::image_shape(const Shape& images) const {
    if (images.rank() != 3 && images.rank() != 4)
        throw ShapeError(str("Expected image tensor to have rank 3 (single image) or 4 (batch of images). Received: data.shape=", images));
    ImageShape s{.batch = images.rank() == 4 ? images[0] : 1, .channels_first = channels_first_};
    const int64_t lead = images.rank() - 3;
    s.height = images[lead + (channels_first_ ? 1 : 0)];
    s.width = images[lead + (channels_first_ ? 2 : 1)];
    s.channels = images[lead + (channels_first_ ? 0 : 2)];
    return s;
}

Structure CustomImageLayer::call(const Structure& inputs, const Call& call) {
    if (inputs.is_list()) throw ValueError("the layer takes images, or a dict of images and what belongs to them. Received: a list");
    const Structure* given = inputs.is_leaf() ? &inputs : find(inputs.dict(), "images");
    if (!given || !given->is_leaf()) throw ValueError("the layer takes images, or a dict with a tensor at the key \"images\". Received: a dict without one");
    const Tensor& images = given->leaf();
    const bool batched = images.rank() == 4, training = static_cast<bool>(call.training), active = training || traits_.always;
    Transformation t{.images = image_shape(images.shape()), .training = training, .batched = batched, .traced = !images.concrete(), .seed = generator_};
    if (active || traits_.draws_always || masks_always()) draw(t);

    const auto on_batch = [&](const Tensor& x, auto&& f) { return batched ? f(x) : alone(x, f); };
    const auto new_images = [&](const Tensor& x) {
        const bool cast = traits_.images == ImageTraits::Images::computed || (training && traits_.images == ImageTraits::Images::computed_in_training);
        const Tensor ready = cast ? ops::cast(x, compute_dtype()) : x;
        return active ? transform_images(ready, t) : ready;
    };
    if (inputs.is_leaf()) return on_batch(images, new_images);

    Structure::Dict out = inputs.dict();
    out["images"] = on_batch(images, new_images);
    if (const Structure* found = find(inputs.dict(), "bounding_boxes")) {
        if (bounding_box_format_.empty())
            throw ValueError(str("You passed an input with a 'bounding_boxes' key, but you didn't specify a bounding box format. Pass a `bounding_box_format` argument to your ",
                                 class_name(), " layer, e.g. `bounding_box_format='xyxy'`."));
        BoundingBoxes boxes = boxes_of(*found);
        boxes.boxes = ops::cast(boxes.boxes, DType::float32);
        if (active) {
            if (!batched) boxes = {ops::expand_dims(boxes.boxes, 0), ops::expand_dims(boxes.labels, 0)};
            boxes = transform_bounding_boxes(std::move(boxes), t);
            if (!batched) boxes = {ops::squeeze(boxes.boxes, {0}), ops::squeeze(boxes.labels, {0})};
        }
        Structure::Dict dict = found->dict();
        dict["boxes"] = boxes.boxes;
        dict["labels"] = boxes.labels;
        out["bounding_boxes"] = std::move(dict);
    }
    if (const Structure* found = find(inputs.dict(), "labels"); found && active)
        out["labels"] = on_batch(found->leaf(), [&](const Tensor& x) { return transform_labels(x, t); });
    if (const Structure* found = find(inputs.dict(), "segmentation_masks"); found && (active || masks_always()))
        out["segmentation_masks"] = on_batch(found->leaf(), [&](const Tensor& x) { return transform_segmentation_masks(x, t); });
    return out;
}

// As Keras's compute_output_shape: nothing is drawn, and the batch may be unknown.
SpecTree CustomImageLayer::compute_output_spec(const SpecTree& inputs, const Call&) {
    const auto of_images = [&](const Spec& spec) {
        image_shape(spec.shape);
        return Spec{compute_output_shape(spec.shape), output_dtype(spec.dtype)};
    };
    if (inputs.is_leaf()) return of_images(inputs.leaf());
    SpecTree::Dict out = inputs.dict();
    for (auto& [key, item] : out)
        if ((key == "images" || key == "segmentation_masks") && item.is_leaf()) item = of_images(item.leaf());
    return out;
}

Tensor CustomImageLayer::to_range(const Tensor& images, const std::vector<double>& from, const std::vector<double>& to, DType dtype) {
    if (from == to) return images;
    return (ops::cast(images, dtype) - from[0]) / (from[1] - from[0]) * (to[1] - to[0]) + to[0];
}

Tensor CustomImageLayer::chosen(const Transformation& t, double lower, double upper) {
    const Tensor probability = random::uniform({t.images.batch}, lower, upper, {}, t.seed);
    const Tensor threshold = random::uniform({t.images.batch}, 0, 1, {}, t.seed);
    return ops::reshape(threshold < probability, t.images.per_image());
}

namespace layers {

namespace {
[[noreturn]] void refuse_factor(const Factor& factor, double low, double high, const char* name) {
    const auto number = [](double value) { return (value == std::floor(value) ? Json(static_cast<int64_t>(value)) : Json(value)).dump(); };
    throw ValueError(str("The `", name, "` argument should be a number (or a list of two numbers) in the range [", number(low), ", ", number(high), "]. Received: ", name, "=",
                         Codec<Factor>::encode(factor).dump()));
}
Factor in_order(const Factor& range) { return {std::min(range.lower, range.upper), std::max(range.lower, range.upper)}; }
}  // namespace

void standardize_factor(Factor& factor, double low, double high, const char* name) {
    const bool fits = factor.range ? factor.lower <= high && factor.upper >= low : factor.lower >= low && factor.lower <= high;
    if (!fits) refuse_factor(factor, low, high, name);
    if (factor.range) factor = in_order(factor);
    else factor = {std::max(-std::abs(factor.lower), low), std::abs(factor.upper)};
}

Factor strict_factor(const Factor& factor, double low, double high, const char* name, Single single) {
    for (const double end : {factor.lower, factor.upper})
        if (!(end >= low && end <= high)) refuse_factor(factor, low, high, name);
    if (factor.range) return in_order(factor);
    return {single == Single::symmetric ? -std::abs(factor.lower) : 0, single == Single::symmetric ? std::abs(factor.upper) : factor.upper};
}

void standardize_value_range(std::vector<double>& value_range, bool sort) {
    if (value_range.size() != 2)
        throw ValueError(str("The `value_range` argument should be a list of two numbers. Received: value_range=", Codec<std::vector<double>>::encode(value_range)));
    if (sort) std::sort(value_range.begin(), value_range.end());
}

}  // namespace layers

Json Codec<layers::Factor>::encode(const layers::Factor& v) { return v.range ? Json::array({v.lower, v.upper}) : Json(v.lower); }
void Codec<layers::Factor>::decode(const Json& j, layers::Factor& v) {
    if (!j.is_array()) {
        v = layers::Factor(j.as_double());
        return;
    }
    if (j.size() != 2) throw ValueError(str("must be a number or a list of two numbers. Received: ", j));
    v = layers::Factor(j[0].as_double(), j[1].as_double());
}

}  // namespace cornu
