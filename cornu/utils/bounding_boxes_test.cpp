#include "cornu/utils/bounding_boxes.h"

#include <doctest/doctest.h>

#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/messages.h"
#include "tests/golden.h"

using namespace cornu;
namespace boxes = utils::bounding_boxes;

namespace {


Tensor call(const testing::Golden& golden, const std::string& function, const Json& a) {
    const auto tensor = [&](const char* name) { return golden.tensor(a[name]); };
    const auto word = [&](const char* name) { return a[name].as_string(); };
    const auto number = [&](const char* name) { return Tensor(a[name].as_int()); };
    const Json& image = a.get("image_shape");
    const Tensor height = image.is_null() ? Tensor() : Tensor(image[0].as_int()), width = image.is_null() ? Tensor() : Tensor(image[1].as_int());
    if (function == "convert_format") return boxes::convert_format(tensor("boxes"), word("source"), word("target"), number("height"), number("width"));
    if (function == "crop") return boxes::crop(tensor("boxes"), number("top"), number("left"), number("height"), number("width"));
    if (function == "pad") return boxes::pad(tensor("boxes"), number("top"), number("left"));
    if (function == "affine_transform")
        return boxes::affine_transform(tensor("boxes"), {tensor("angle"), tensor("translate_x"), tensor("translate_y"), tensor("scale"), tensor("shear_x"), tensor("shear_y")},
                                       a["height"].as_int(), a["width"].as_int());
    if (function == "compute_iou") return boxes::compute_iou(tensor("boxes1"), tensor("boxes2"), word("bounding_box_format"), {}, height, width);
    if (function == "compute_ciou") return boxes::compute_ciou(tensor("boxes1"), tensor("boxes2"), word("bounding_box_format"));
    boxes::DeltaOptions options{.height = height, .width = width};
    for (const char* name : {"encoding_format", "encoded_format"})
        if (const Json* format = a.find(name)) options.encoding_format = format->as_string();
    if (const Json* variance = a.find("variance")) Codec<std::vector<double>>::decode(*variance, options.variance);
    if (function == "encode_box_to_deltas") return boxes::encode_box_to_deltas(tensor("anchors"), tensor("boxes"), word("anchor_format"), word("box_format"), options);
    REQUIRE(function == "decode_deltas_to_boxes");
    return boxes::decode_deltas_to_boxes(tensor("anchors"), tensor("boxes_delta"), word("anchor_format"), word("box_format"), options);
}

}  // namespace

TEST_CASE("functions of boxes do what Keras recorded of them") {
    const testing::Golden golden(golden_path("images.zip"));
    int checked = 0;
    for (const Json& recorded : golden.cases()) {
        if (!recorded.find("function")) continue;
        CAPTURE(recorded["name"].as_string());
        const Tensor out = call(golden, recorded["function"].as_string(), recorded["arguments"]);
        const std::string gap = testing::difference(out, golden.tensor(recorded["output"]), 1e-5);
        CHECK_MESSAGE(gap.empty(), gap);
        ++checked;
    }
    CHECK(checked >= 20);
}

TEST_CASE("boxes that are none are masked") {
    const Tensor one = Tensor::from(std::vector<float>{0, 0, 2, 2, -1, -1, -1, -1}, {2, 4}), other = Tensor::from(std::vector<float>{0, 0, 2, 1}, {1, 4});
    CHECK(testing::near(boxes::compute_iou(one, other, "xyxy", -1), Tensor::from(std::vector<float>{0.5f, -1}, {2, 1}), 1e-6));
}

TEST_CASE("box formats go round") {
    const Tensor xyxy = Tensor::from(std::vector<float>{1, 2, 5, 8, 0, 0, 10, 4}, {1, 2, 4});
    for (const char* format : {"xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"}) {
        CAPTURE(format);
        const Tensor there = boxes::convert_format(xyxy, "xyxy", format, 20, 10);
        CHECK(testing::near(boxes::convert_format(there, format, "xyxy", 20, 10), xyxy, 1e-6));
    }
    CHECK(testing::near(boxes::convert_format(xyxy, "xyxy", "rel_center_xywh", 20, 10), Tensor::from(std::vector<float>{0.3f, 0.25f, 0.4f, 0.3f, 0.5f, 0.1f, 1, 0.2f}, {1, 2, 4}), 1e-6));
    CHECK(says(message_of([&] { boxes::convert_format(xyxy, "xyxy", "rel_xyxy"); }), "`height` and `width`"));
    CHECK(says(message_of([&] { boxes::convert_format(Tensor::full({2, 3}, 1), "xyxy", "xywh"); }), "(2, 3)"));
    CHECK(says(message_of([&] { boxes::clip_to_image_size({xyxy, {}}, 4, 4, "xywh"); }), "Received: xywh"));
}

TEST_CASE("functions of boxes say what is wrong") {
    const Tensor one = Tensor::full({1, 4}, 1);
    CHECK(says(message_of([&] { boxes::compute_ciou(one, one, "rel_xyxy"); }), "Received: bounding_box_format=rel_xyxy"));
    CHECK(says(message_of([&] { boxes::compute_iou(Tensor::full({4}, 1), one, "xyxy"); }), "boxes1.shape=(4,)"));
    CHECK(says(message_of([&] { boxes::encode_box_to_deltas(one, one, "xyxy", "xyxy", {.encoding_format = "xyxy"}); }), "Received: xyxy"));
    CHECK(says(message_of([&] { boxes::decode_deltas_to_boxes(one, one, "xyxy", "xyxy", {.variance = {1, 2}}); }), "Received: 2 numbers"));
}
