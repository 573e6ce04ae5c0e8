#include "cornu/layers/normalization/unit_normalization.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"

namespace cornu::layers {

namespace {

class UnitNormalizationLayer final : public ConfiguredLayer<UnitNormalizationConfig> {
public:
    explicit UnitNormalizationLayer(UnitNormalizationConfig config) : ConfiguredLayer("UnitNormalization", std::move(config)) {
        if (config_.axis.kind == Axes::Kind::all) throw ValueError("Invalid value for `axis` argument: expected an int or a list of ints. Received: axis=None");
        build_at_init();
    }
    bool supports_masking() const override { return true; }
    Tensor call(const Tensor& x, const Call&) override {
        const Tensor inverse = ops::rsqrt(ops::sum(ops::square(x), config_.axis, true));
        return x * ops::minimum(inverse, 1e12);   // a vector of zeros stays one
    }
};

}  // namespace

void UnitNormalizationConfig::describe(Schema<UnitNormalizationConfig>& s) {
    describe_layer(s);
    s.field<&UnitNormalizationConfig::axis>("The axes whose vectors get length 1.");
}

UnitNormalization::UnitNormalization(UnitNormalizationConfig config) : Layer(std::make_shared<UnitNormalizationLayer>(std::move(config))) {}

}  // namespace cornu::layers
