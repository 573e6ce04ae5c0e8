// Discretization: numbers by the interval they lie in.
#pragma once

#include <concepts>

#include "cornu/data/dataset.h"
#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API DiscretizationConfig {
    std::optional<std::vector<double>> bin_boundaries = {};   // ascending; either these
    std::optional<int64_t> num_bins = {};                     // or a number, whose boundaries adapt() finds
    double epsilon = 0.01;                                    // how far adapt() may be off, as a part of the data
    std::string output_mode = "int";                          // one_hot, multi_hot, count
    bool sparse = false;                                      // true is refused
    std::string dtype = {};
    std::string name = {};
    static void describe(Schema<DiscretizationConfig>& s);
};

// Numbers of any shape → int32 of that shape: i where boundary i-1 <= x < boundary i. Or as
// `output_mode` says, in the layer's dtype.
class CORNU_API Discretization : public Layer {
public:
    using Config = DiscretizationConfig;
    explicit Discretization(DiscretizationConfig config);
    template <std::same_as<Layer> L>
    explicit Discretization(const L& layer) : Layer(layer) { check(); }   // one of a loaded model; ValueError for another class
    // Boundaries that cut the data into parts of about one size. Throws ValueError when they were given.
    void adapt(const Tensor& data) const;
    void adapt(const Dataset& batches, std::optional<int64_t> steps = {}) const;

private:
    void check() const;
};

}  // namespace cornu::layers
