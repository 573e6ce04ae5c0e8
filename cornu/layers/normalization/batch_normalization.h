// BatchNormalization: normalised by the batch's moments in training, by their moving average else.
#pragma once

#include <map>

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API BatchNormalizationConfig {
    int64_t axis = -1;                            // the axis of the features
    double momentum = 0.99;
    double epsilon = 0.001;
    bool center = true;
    bool scale = true;
    Initializer beta_initializer = "zeros";
    Initializer gamma_initializer = "ones";
    Initializer moving_mean_initializer = "zeros";
    Initializer moving_variance_initializer = "ones";
    Regularizer beta_regularizer = {};
    Regularizer gamma_regularizer = {};
    Constraint beta_constraint = {};
    Constraint gamma_constraint = {};
    bool renorm = false;                          // batch renormalization (Ioffe, 2017)
    std::optional<std::map<std::string, double>> renorm_clipping = {};   // "rmin", "rmax", "dmax"
    double renorm_momentum = 0.99;
    bool synchronized = false;                    // true is refused
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<BatchNormalizationConfig>& s);
};

// Any shape, kept. Weights along `axis`: gamma, beta, moving_mean, moving_variance. A mask of one
// axis less than the input takes its places out of the moments.
class CORNU_API BatchNormalization : public Layer {
public:
    using Config = BatchNormalizationConfig;
    explicit BatchNormalization(BatchNormalizationConfig config = {});
};

}  // namespace cornu::layers
