#include "cornu/layers/normalization/spectral_normalization.h"

#include "cornu/autodiff/control_flow.h"
#include "cornu/initializers/initializers.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

// Over the norm of all of it.
Tensor normalized(const Tensor& x) { return x * ops::minimum(ops::rsqrt(ops::sum(ops::square(x))), 1e7); }

class SpectralNormalizationLayer final : public ConfiguredLayer<SpectralNormalizationConfig> {
public:
    explicit SpectralNormalizationLayer(SpectralNormalizationConfig config)
        : ConfiguredLayer("SpectralNormalization", std::move(config)), layer_(track("layer", config_.layer.get())) {}

    void build(const Shape& input) override {
        if (!layer_.built()) layer_.build(input);
        set_input_spec({.min_ndim = 1, .axes = {{-1, input.back()}}});
        for (const Variable& weight : layer_.impl().own_variables())
            if (weight.name() == "kernel" || weight.name() == "embeddings") kernel_ = weight;
        if (!kernel_.defined())
            throw ValueError(str("SpectralNormalization wraps a layer with a weight 'kernel' or 'embeddings'. Received: the layer \"", layer_.name(),
                                 "\" of class ", layer_.impl().class_name()));
        track_variable(kernel_);   // as in Keras, whose files hold it here too
        vector_u_ = add_weight({.name = "vector_u", .shape = {1, kernel_.shape().back()},
                                .initializer = initializers::TruncatedNormal({.stddev = 0.02}), .dtype = kernel_.dtype(), .trainable = false});
    }

    Tensor call(const Tensor& x, const Call& call) override {
        if (call.training) {
            const Tensors updated = ops::cond(ops::all(ops::equal(kernel_.value(), 0)), [&] { return Tensors{vector_u_.value(), kernel_.value()}; },
                                              [&] { return iterate(); });
            vector_u_.assign(updated[0]);
            kernel_.assign(updated[1]);
        }
        return ops::cast(layer_(x), x.dtype());
    }

private:
    Tensors iterate() const {
        const Tensor kernel = kernel_.value(), weights = ops::reshape(kernel, {-1, kernel.shape().back()});
        Tensor u = vector_u_.value(), v;
        for (int64_t i = 0; i < config_.power_iterations; ++i) {
            v = normalized(ops::matmul(u, ops::transpose(weights)));
            u = normalized(ops::matmul(v, weights));
        }
        u = ops::stop_gradient(u);
        v = ops::stop_gradient(v);
        const Tensor sigma = ops::matmul(ops::matmul(v, weights), ops::transpose(u));
        return {u, ops::reshape(kernel / sigma, kernel.shape())};
    }

    Layer layer_;
    Variable kernel_, vector_u_;
};

}  // namespace

void SpectralNormalizationConfig::describe(Schema<SpectralNormalizationConfig>& s) {
    using C = SpectralNormalizationConfig;
    describe_layer(s);
    s.field<&C::layer>("The layer whose kernel is normalized.");
    s.field<&C::power_iterations>("How often a call refines the norm.").positive();
}

SpectralNormalization::SpectralNormalization(SpectralNormalizationConfig config)
    : Layer(std::make_shared<SpectralNormalizationLayer>(std::move(config))) {}

}  // namespace cornu::layers
