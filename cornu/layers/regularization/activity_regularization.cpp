#include "cornu/layers/regularization/activity_regularization.h"

#include "cornu/ops/elementwise.h"

namespace cornu::layers {

namespace {

class ActivityRegularizationLayer final : public ConfiguredLayer<ActivityRegularizationConfig> {
public:
    explicit ActivityRegularizationLayer(ActivityRegularizationConfig config)
        : ConfiguredLayer("ActivityRegularization", std::move(config)), penalty_(regularizers::L1L2({.l1 = config_.l1, .l2 = config_.l2})) {
        build_at_init();
    }
    bool supports_masking() const override { return true; }
    Tensor call(const Tensor& x, const Call&) override {
        add_loss(penalty_(x) / static_cast<double>(x.rank() > 0 ? std::max<int64_t>(x.shape()[0], 1) : 1));
        return x;
    }

private:
    Regularizer penalty_;
};

}  // namespace

void ActivityRegularizationConfig::describe(Schema<ActivityRegularizationConfig>& s) {
    describe_layer(s);
    s.field<&ActivityRegularizationConfig::l1>("Factor on the sum of magnitudes.").non_negative();
    s.field<&ActivityRegularizationConfig::l2>("Factor on the sum of squares.").non_negative();
}

ActivityRegularization::ActivityRegularization(ActivityRegularizationConfig config)
    : Layer(std::make_shared<ActivityRegularizationLayer>(std::move(config))) {}

}  // namespace cornu::layers
