// Dropout of whole channels, alpha dropout, Gaussian noise: random in training, nothing else.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/layers/regularization/dropout.h"

namespace cornu::layers {

struct CORNU_API SpatialDropout1DConfig {
    Required<double> rate;                        // the share of channels that is dropped, in [0, 1]
    std::optional<int64_t> seed = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<SpatialDropout1DConfig>& s);
};
// (batch, time, channels).
class CORNU_API SpatialDropout1D : public Layer { public: using Config = SpatialDropout1DConfig; explicit SpatialDropout1D(SpatialDropout1DConfig config); };

struct CORNU_API SpatialDropoutConfig {
    Required<double> rate;
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<SpatialDropoutConfig>& s);
};
class CORNU_API SpatialDropout2D : public Layer { public: using Config = SpatialDropoutConfig; explicit SpatialDropout2D(SpatialDropoutConfig config); };
class CORNU_API SpatialDropout3D : public Layer { public: using Config = SpatialDropoutConfig; explicit SpatialDropout3D(SpatialDropoutConfig config); };

// Factors from a normal of mean 1 and variance rate / (1 - rate).
struct CORNU_API GaussianDropoutConfig {
    Required<double> rate;
    std::optional<int64_t> seed = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<GaussianDropoutConfig>& s);
};
class CORNU_API GaussianDropout : public Layer { public: using Config = GaussianDropoutConfig; explicit GaussianDropout(GaussianDropoutConfig config); };

// Summands from a normal of mean 0.
struct CORNU_API GaussianNoiseConfig {
    Required<double> stddev;
    std::optional<int64_t> seed = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<GaussianNoiseConfig>& s);
};
class CORNU_API GaussianNoise : public Layer { public: using Config = GaussianNoiseConfig; explicit GaussianNoise(GaussianNoiseConfig config); };

// Keeps mean and variance of inputs of mean 0 and variance 1, as SELU needs it.
class CORNU_API AlphaDropout : public Layer { public: using Config = DropoutConfig; explicit AlphaDropout(DropoutConfig config); };

}  // namespace cornu::layers
