#include "cornu/layers/core/identity.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"

namespace cornu::layers {

namespace {

class IdentityLayer final : public ConfiguredLayer<IdentityConfig> {
public:
    explicit IdentityLayer(IdentityConfig config) : ConfiguredLayer("Identity", std::move(config)) { build_at_init(); }
    bool supports_masking() const override { return true; }
    using CustomLayer::call;
    Structure call(const Structure& inputs, const Call&) override { return inputs; }
};

class MaskingLayer final : public ConfiguredLayer<MaskingConfig> {
public:
    explicit MaskingLayer(MaskingConfig config) : ConfiguredLayer("Masking", std::move(config)) { build_at_init(); }
    bool supports_masking() const override { return true; }
    Tensor call(const Tensor& x, const Call&) override { return ops::where(seen(x, true), x, 0.0); }
    Structure compute_mask(const Structure& inputs, const Structure&) override { return seen(inputs.leaf(), false); }

private:
    Tensor seen(const Tensor& x, bool keepdims) const { return ops::any(ops::not_equal(x, config_.mask_value), -1, keepdims); }
};

}  // namespace

void IdentityConfig::describe(Schema<IdentityConfig>& s) { describe_layer(s); }
void MaskingConfig::describe(Schema<MaskingConfig>& s) {
    describe_layer(s);
    s.field<&MaskingConfig::mask_value>("The value of features that are missing.");
}

Identity::Identity(IdentityConfig config) : Layer(std::make_shared<IdentityLayer>(std::move(config))) {}
Masking::Masking(MaskingConfig config) : Layer(std::make_shared<MaskingLayer>(std::move(config))) {}

}  // namespace cornu::layers
