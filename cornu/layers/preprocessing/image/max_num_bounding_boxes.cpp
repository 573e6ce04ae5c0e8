#include "cornu/layers/preprocessing/image/max_num_bounding_boxes.h"

#include <algorithm>

#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

class MaxNumBoundingBoxesLayer final : public ImageLayer<MaxNumBoundingBoxesConfig> {
public:
    explicit MaxNumBoundingBoxesLayer(MaxNumBoundingBoxesConfig config)
        : ImageLayer("MaxNumBoundingBoxes", std::move(config), {.images = ImageTraits::Images::kept, .always = true, .random = false}) {}

    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation&) override { return {resized(b.boxes), resized(b.labels)}; }

    SpecTree compute_output_spec(const SpecTree& inputs, const Call& call) override {
        const SpecTree out = CustomImageLayer::compute_output_spec(inputs, call);
        if (!out.is_dict() || !out.dict().contains("bounding_boxes")) return out;
        SpecTree::Dict dict = out.dict();
        const int64_t at = dict.at("images").leaf().shape.rank() - 3;   // after the batch, if there is one
        dict["bounding_boxes"] = dict.at("bounding_boxes").map([&](Spec spec) {
            spec.shape[at] = config_.max_number;
            return spec;
        });
        return dict;
    }

private:
    Tensor resized(const Tensor& x) const {
        std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), stop = x.shape().dims(), none = start, high = start;
        stop[1] = std::min<int64_t>(stop[1], config_.max_number);
        high[1] = config_.max_number - stop[1];
        return prim::pad(prim::slice(x, start, stop), Tensor::full({}, static_cast<double>(config_.fill_value.value_or(-1)), x.dtype()), none, high);
    }
};

}  // namespace

void MaxNumBoundingBoxesConfig::describe(Schema<MaxNumBoundingBoxesConfig>& s) {
    describe_image_layer(s);
    s.field<&MaxNumBoundingBoxesConfig::max_number>("How many boxes each image gets.").positive();
    s.field<&MaxNumBoundingBoxesConfig::fill_value>("What fills up; -1 when not given.").omit_null();
}

MaxNumBoundingBoxes::MaxNumBoundingBoxes(MaxNumBoundingBoxesConfig config) : Layer(std::make_shared<MaxNumBoundingBoxesLayer>(std::move(config))) {}

}  // namespace cornu::layers
