// Activations with settings or weights, as layers. Any shape, kept.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/ops/axes.h"

namespace cornu::layers {

struct CORNU_API ReLUConfig {
    std::optional<double> max_value = {};        // the greatest output
    double negative_slope = 0.0;
    double threshold = 0.0;                      // below it only the slope counts
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ReLUConfig>& s);
};
class CORNU_API ReLU : public Layer { public: using Config = ReLUConfig; explicit ReLU(ReLUConfig config = {}); };

struct CORNU_API LeakyReLUConfig {
    double negative_slope = 0.3;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<LeakyReLUConfig>& s);
};
class CORNU_API LeakyReLU : public Layer { public: using Config = LeakyReLUConfig; explicit LeakyReLU(LeakyReLUConfig config = {}); };

struct CORNU_API ELUConfig {
    double alpha = 1.0;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ELUConfig>& s);
};
class CORNU_API ELU : public Layer { public: using Config = ELUConfig; explicit ELU(ELUConfig config = {}); };

// A leaky ReLU whose slopes are learned: weight alpha, of the input's shape without the batch, with
// size 1 on shared axes.
struct CORNU_API PReLUConfig {
    Initializer alpha_initializer = "zeros";
    Regularizer alpha_regularizer = {};
    Constraint alpha_constraint = {};
    std::optional<std::vector<int64_t>> shared_axes = {};   // counted with the batch axis
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<PReLUConfig>& s);
};
class CORNU_API PReLU : public Layer { public: using Config = PReLUConfig; explicit PReLU(PReLUConfig config = {}); };

// A mask given to the call (broadcast to the input) leaves nothing where it is false.
struct CORNU_API SoftmaxConfig {
    Axes axis = -1;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<SoftmaxConfig>& s);
};
class CORNU_API Softmax : public Layer { public: using Config = SoftmaxConfig; explicit Softmax(SoftmaxConfig config = {}); };

}  // namespace cornu::layers
