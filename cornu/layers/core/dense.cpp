#include "cornu/layers/core/dense.h"

#include "cornu/layers/core/lora.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"

namespace cornu::layers {

namespace {

class DenseLayer final : public ConfiguredLayer<DenseConfig>, public LowRankAdapted {
public:
    explicit DenseLayer(DenseConfig config) : ConfiguredLayer("Dense", std::move(config)) {
        resolve(config_.kernel_initializer, config_.bias_initializer);
        refuse_quantization(config_.quantization_config);
        set_input_spec({.min_ndim = 2});
    }
    bool supports_masking() const override { return true; }

    Json get_config() const override {
        Json config = ConfiguredLayer::get_config();
        write_lora(config);
        return config;
    }

    void build(const Shape& input) override {
        const int64_t n = input.back(), units = config_.units;
        kernel_ = add_weight({.name = "kernel", .shape = {n, units}, .initializer = config_.kernel_initializer,
                              .regularizer = config_.kernel_regularizer.function(), .constraint = config_.kernel_constraint.function()});
        if (config_.use_bias)
            bias_ = add_weight({.name = "bias", .shape = {units}, .initializer = config_.bias_initializer,
                                .regularizer = config_.bias_regularizer.function(), .constraint = config_.bias_constraint.function()});
        set_input_spec({.min_ndim = 2, .axes = {{-1, n}}});
        start_lora(config_.lora_rank, config_.lora_alpha);
    }

    Tensor call(const Tensor& x, const Call&) override {
        Tensor y = ops::matmul(x, adapted(kernel_));
        if (config_.use_bias) y = y + bias_;
        return config_.activation(y);
    }

private:
    Target lora_target() const override { return {kernel_, "kernel", config_.kernel_regularizer.function(), config_.kernel_constraint.function() != nullptr}; }
    Variable kernel_, bias_;
};

}  // namespace

void DenseConfig::describe(Schema<DenseConfig>& s) {
    using C = DenseConfig;
    describe_layer(s);
    s.field<&C::units>("Size of the output's last axis.").positive();
    s.field<&C::activation>("Function of the result.");
    s.field<&C::use_bias>("Whether a bias is added.");
    describe_kernel_and_bias(s, WhenNull::omitted);
    s.field<&C::lora_rank>("Rank of LoRA; null: none.").positive().omit_null();
    s.field<&C::lora_alpha>("What LoRA counts, times its rank.").omit_null();
    s.field<&C::quantization_config>("How weights are quantized; null only.");
}

Dense::Dense(DenseConfig config) : Layer(std::make_shared<DenseLayer>(std::move(config))) {}

}  // namespace cornu::layers
