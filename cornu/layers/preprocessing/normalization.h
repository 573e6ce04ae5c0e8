// Normalization: inputs minus a mean, over a standard deviation, both given or learned from data.
#pragma once

#include <concepts>

#include "cornu/data/dataset.h"
#include "cornu/layers/configured_layer.h"
#include "cornu/ops/axes.h"

namespace cornu::layers {

// A number, or one for each place along the kept axes: nested lists in files.
class CORNU_API Moments {
public:
    Moments() = default;
    Moments(std::nullopt_t) {}
    Moments(double value) : values(1, value) {}
    Moments(std::initializer_list<double> values) : Moments(std::vector<double>(values)) {}
    Moments(std::vector<double> values) : Moments(std::move(values), Shape()) { shape = Shape{static_cast<int64_t>(this->values.size())}; }
    Moments(std::vector<double> values, Shape shape) : values(std::move(values)), shape(std::move(shape)) {}
    explicit operator bool() const { return !values.empty(); }

    std::vector<double> values;   // empty: not given
    Shape shape;                  // rank 0: one number
};

struct CORNU_API NormalizationConfig {
    Axes axis = -1;                              // axes that have moments of their own; an empty list: none
    Moments mean = {};                           // one for each place along `axis`, or one for all
    Moments variance = {};
    bool invert = false;                         // from normalised back
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<NormalizationConfig>& s);
};

// Any shape, kept. Without a given mean: weights mean, variance, count, which adapt() sets.
class CORNU_API Normalization : public Layer {
public:
    using Config = NormalizationConfig;
    explicit Normalization(NormalizationConfig config = {});
    template <std::same_as<Layer> L>
    explicit Normalization(const L& layer) : Layer(layer) { check(); }   // one of a loaded model; ValueError for another class
    // The moments of the data. Throws ValueError when they were given, or for data of another shape
    // than the layer was built for.
    void adapt(const Tensor& data) const;
    void adapt(const Dataset& batches) const;    // of the first inputs

private:
    void check() const;
};

}  // namespace cornu::layers

namespace cornu {

template <> struct CORNU_API Codec<layers::Moments> {
    static Json encode(const layers::Moments& v);
    static void decode(const Json& j, layers::Moments& v);
};

}  // namespace cornu
