// ActivityRegularization: its input, with a penalty on it.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API ActivityRegularizationConfig {
    double l1 = 0.0;
    double l2 = 0.0;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ActivityRegularizationConfig>& s);
};
class CORNU_API ActivityRegularization : public Layer {
public:
    using Config = ActivityRegularizationConfig;
    explicit ActivityRegularization(ActivityRegularizationConfig config = {});
};

}  // namespace cornu::layers
