// What layers that prepare or vary images stand on. A layer draws once for a batch what is to happen
// (a Transformation), then does it to the images and to what belongs to them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cornu/layers/configured_layer.h"
#include "cornu/utils/bounding_boxes.h"
#include "cornu/random/random.h"

namespace cornu {

// Of a batch of images (batch, height, width, channels), or (batch, channels, height, width).
struct ImageShape {
    int64_t batch = 0, height = 0, width = 0, channels = 0;
    bool channels_first = false;
    int64_t height_axis() const { return channels_first ? 2 : 1; }
    int64_t width_axis() const { return channels_first ? 3 : 2; }
    int64_t channel_axis() const { return channels_first ? 1 : 3; }
    Shape per_image() const { return {batch, 1, 1, 1}; }
};

// What a layer has drawn for one call.
struct Transformation {
    ImageShape images;                          // for which it was drawn
    bool training = true;
    bool batched = true;                        // false: the batch is one image that was given alone
    bool traced = false;                        // for a program: no value is known yet
    random::SeedGenerator seed;                 // for draws; Keras makes some of them while it transforms
    std::map<std::string, Tensor> drawn = {};   // by Keras's names
    size_t layer = 0;                           // of a layer that has layers within: which of them,
    std::vector<Transformation> parts = {};     // and what those have drawn
    Tensor& operator[](const std::string& name) { return drawn[name]; }
    const Tensor& operator[](const std::string& name) const { return drawn.at(name); }
};

// What a layer does besides transforming in training.
struct ImageTraits {
    enum class Images { kept, computed, computed_in_training };
    Images images = Images::computed;           // what is made of them first: the compute dtype, or nothing
    bool always = false;                        // transforms outside training, too
    bool draws_always = false;                  // draws outside training as well, as Keras does
    bool random = true;                         // has a seed generator
};

// Inputs: images of rank 3 (one) or 4 (a batch), or a dict of "images" and any of "labels",
// "bounding_boxes" ({"boxes", "labels"}) and "segmentation_masks"; the output is nested as the input.
// Called by itself a layer trains unless told otherwise. Within transform_… all is a batch.
class CORNU_API CustomImageLayer : public CustomLayer {
public:
    // ---- override these ----
    virtual void draw(Transformation& t);
    virtual Tensor transform_images(const Tensor& images, const Transformation& t);
    virtual Tensor transform_labels(const Tensor& labels, const Transformation& t);
    virtual Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t);
    virtual BoundingBoxes transform_bounding_boxes(BoundingBoxes boxes, const Transformation& t);
    virtual Shape compute_output_shape(const Shape& images) const { return images; }
    virtual DType output_dtype(DType images) const;            // what a Functional model is told: the compute dtype

    using CustomLayer::call;
    Structure call(const Structure& inputs, const Call& call) override;
    SpecTree compute_output_spec(const SpecTree& inputs, const Call& call) override;
    bool default_training() const override { return true; }

    // The images' sizes by data_format. Throws ShapeError unless they are of rank 3 or 4.
    ImageShape image_shape(const Shape& images) const;
    bool channels_first() const { return channels_first_; }
    const std::string& bounding_box_format() const { return bounding_box_format_; }
    const random::SeedGenerator& generator() const { return generator_; }
    const ImageTraits& traits() const { return traits_; }

protected:
    void start(ImageTraits traits, std::string& data_format, const std::optional<std::string>& bounding_box_format);
    void seed_with(std::optional<int64_t> seed);               // after start(); draws a seed where there is none
    virtual bool masks_always() const { return traits_.always; }   // then draw() is called outside training, too
    // images from one range of values to another, computed as `dtype` unless they are the same.
    static Tensor to_range(const Tensor& images, const std::vector<double>& from, const std::vector<double>& to, DType dtype);
    // A bool for each image: drawn to be below a probability that is drawn from `factor`.
    static Tensor chosen(const Transformation& t, double lower, double upper);

private:
    ImageTraits traits_;
    bool channels_first_ = false;
    std::string bounding_box_format_;
    random::SeedGenerator generator_;
};

}  // namespace cornu

namespace cornu::layers {

// A number, or the two ends of a range.
struct CORNU_API Factor {
    double lower = 0, upper = 0;
    bool range = false;
    Factor() = default;
    Factor(double value) : lower(value), upper(value) {}
    Factor(double from, double to) : lower(from), upper(to), range(true) {}
};

// Keras's argument checks, in its words: a number f becomes the range from max(-f, low) to f.
CORNU_API void standardize_factor(Factor& factor, double low, double high, const char* name = "factor");
// The same, of factors both of whose ends must be within; `single` is what a number stands for.
enum class Single { symmetric, from_zero };
CORNU_API Factor strict_factor(const Factor& factor, double low, double high, const char* name, Single single = Single::symmetric);
CORNU_API void standardize_value_range(std::vector<double>& value_range, bool sort = true);

// The fields that every image layer has.
template <class Config>
void describe_image_layer(Schema<Config>& s) {
    describe_layer(s);
    s.template field<&Config::data_format>("\"channels_last\" or \"channels_first\".");
    s.template field<&Config::bounding_box_format>("How boxes in the input are given, if there are any.").omit_null();
}

template <class Config>
class ImageLayer : public ConfiguredLayer<Config, CustomImageLayer> {
public:
    ImageLayer(const char* class_name, Config config, ImageTraits traits = {})
        : ConfiguredLayer<Config, CustomImageLayer>(class_name, std::move(config)) {
        this->start(traits, this->config_.data_format, this->config_.bounding_box_format);
        if constexpr (requires { this->config_.seed; })
            if (traits.random) this->seed_with(this->config_.seed);
    }
};

}  // namespace cornu::layers

namespace cornu {
template <> struct CORNU_API Codec<layers::Factor> {
    static Json encode(const layers::Factor& v);
    static void decode(const Json& j, layers::Factor& v);
};
}
