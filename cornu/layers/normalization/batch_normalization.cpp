#include "cornu/layers/normalization/batch_normalization.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu::layers {

namespace {

void move_towards(Variable variable, const Tensor& value, double momentum) {
    const Tensor old = ops::cast(variable, value.dtype());
    variable.assign(ops::cast(old * momentum + value * (1.0 - momentum), variable.dtype()));
}

class BatchNormalizationLayer final : public ConfiguredLayer<BatchNormalizationConfig> {
public:
    explicit BatchNormalizationLayer(BatchNormalizationConfig config) : ConfiguredLayer("BatchNormalization", std::move(config)) {
        if (config_.synchronized) throw UnsupportedError("Argument synchronized=True is not supported. Received: synchronized=true");
        resolve(config_.beta_initializer, config_.gamma_initializer, config_.moving_mean_initializer, config_.moving_variance_initializer);
        if (config_.renorm && !config_.renorm_clipping) config_.renorm_clipping.emplace();
        if (config_.renorm) check_clipping();
    }
    bool supports_masking() const override { return true; }

    void build(const Shape& input) override {
        const int64_t axis = normalize_axis(config_.axis, input.rank());
        const Shape shape = {input[axis]};
        if (config_.scale) gamma_ = weight("gamma", shape, config_.gamma_initializer, true, config_.gamma_regularizer, config_.gamma_constraint);
        if (config_.center) beta_ = weight("beta", shape, config_.beta_initializer, true, config_.beta_regularizer, config_.beta_constraint);
        moving_mean_ = weight("moving_mean", shape, config_.moving_mean_initializer, false);
        moving_variance_ = weight("moving_variance", shape, config_.moving_variance_initializer, false);
        if (config_.renorm) {
            moving_stddev_ = weight("moving_stddev", shape, config_.moving_variance_initializer, false);
            renorm_mean_ = weight("renorm_mean", shape, config_.moving_mean_initializer, false);
            renorm_stddev_ = weight("renorm_stddev", shape, config_.moving_variance_initializer, false);
            for (Variable* variable : {&moving_stddev_, &renorm_stddev_}) variable->assign(ops::sqrt(*variable));
        }
        set_input_spec({.ndim = input.rank(), .axes = {{config_.axis, input[axis]}}});
        reduction_axes_.clear();
        for (int64_t a = 0; a < input.rank(); ++a)
            if (a != axis) reduction_axes_.push_back(a);
    }

    Tensor call(const Tensor& inputs, const Call& call) override {
        const Tensor mask = call.mask.is_leaf() ? call.mask.leaf() : Tensor();
        if (mask.defined() && mask.rank() != inputs.rank() - 1)
            throw ShapeError(str("The mask provided should be one dimension less than the inputs. Received: mask.shape=", mask.shape(),
                                 ", inputs.shape=", inputs.shape()));
        const DType dtype = result_type(inputs.dtype(), DType::float32);
        const Tensor x = ops::cast(inputs, dtype);
        Tensor gamma = config_.scale ? ops::cast(gamma_, dtype) : Tensor();
        Tensor beta = config_.center ? ops::cast(beta_, dtype) : Tensor();
        Tensor mean, variance;
        if (call.training && trainable()) {
            std::tie(mean, variance) = moments(x, mask);
            if (config_.renorm) {
                renormalize(mean, variance, gamma, beta);
            } else {
                move_towards(moving_mean_, mean, config_.momentum);
                move_towards(moving_variance_, variance, config_.momentum);
            }
        } else {
            mean = ops::cast(moving_mean_, dtype);
            variance = ops::cast(moving_variance_, dtype);
        }
        return ops::cast(ops::batch_normalization(x, mean, variance, config_.axis, beta, gamma, config_.epsilon), compute_dtype());
    }

private:
    Variable weight(const char* name, const Shape& shape, const Initializer& initializer, bool trainable,
                    const Regularizer& regularizer = {}, const Constraint& constraint = {}) {
        return add_weight({.name = name, .shape = shape, .initializer = initializer, .trainable = trainable,
                           .regularizer = regularizer.function(), .constraint = constraint.function(), .autocast = false});
    }

    void check_clipping() const {
        const auto& limits = *config_.renorm_clipping;
        for (const auto& [key, value] : limits)
            if (key != "rmax" && key != "rmin" && key != "dmax")
                throw ValueError(str("Received invalid keys for `renorm_clipping` argument: ", key, ". Supported values: ['rmax', 'rmin', 'dmax']."));
        const auto rmax = clipping("rmax"), rmin = clipping("rmin"), dmax = clipping("dmax");
        if (rmax && rmin && *rmax < *rmin)
            throw ValueError(str("rmax should be greater than rmin in the `renorm_clipping` argument. Received: rmax=", *rmax, ", rmin=", *rmin, "."));
        if (dmax && *dmax < 0) throw ValueError(str("dmax should be non-negative in the `renorm_clipping` argument. Received: dmax=", *dmax, "."));
    }
    std::optional<double> clipping(const char* key) const {
        const auto found = config_.renorm_clipping->find(key);
        return found == config_.renorm_clipping->end() ? std::nullopt : std::optional(found->second);
    }

    std::pair<Tensor, Tensor> moments(const Tensor& x, const Tensor& mask) const {
        if (!mask.defined()) return ops::moments(x, reduction_axes_);
        const Tensor seen = ops::cast(ops::broadcast_to(ops::expand_dims(mask, -1), x.shape()), DType::bool_);
        const Tensor count = ops::sum(ops::cast(seen, x.dtype()), reduction_axes_, true) + Context::current().epsilon();
        const Tensor mean = ops::sum(ops::where(seen, x, 0.0), reduction_axes_, true) / count;
        const Tensor off = ops::where(seen, x - mean, 0.0);
        const Tensor variance = ops::sum(ops::square(off), reduction_axes_, true) / count;
        return {ops::squeeze(mean), ops::squeeze(variance)};
    }

    // The batch's moments are used, corrected towards the moving ones by r and d, which no gradient enters.
    void renormalize(const Tensor& mean, const Tensor& variance, Tensor& gamma, Tensor& beta) {
        const Tensor stddev = ops::sqrt(variance + config_.epsilon);
        const Tensor old_mean = ops::cast(renorm_mean_, mean.dtype());
        const Tensor old_stddev = ops::maximum(ops::cast(renorm_stddev_, mean.dtype()), std::sqrt(config_.epsilon));
        Tensor r = stddev / old_stddev, d = (mean - old_mean) / old_stddev;
        if (const auto rmin = clipping("rmin")) r = ops::maximum(r, *rmin);
        if (const auto rmax = clipping("rmax")) r = ops::minimum(r, *rmax);
        if (const auto dmax = clipping("dmax")) d = ops::clip(d, -*dmax, *dmax);
        r = ops::stop_gradient(r);
        d = ops::stop_gradient(d);
        const Tensor shift = gamma.defined() ? d * gamma : d;
        gamma = gamma.defined() ? r * gamma : r;
        beta = beta.defined() ? shift + beta : shift;

        move_towards(renorm_mean_, mean, config_.renorm_momentum);
        move_towards(renorm_stddev_, stddev, config_.renorm_momentum);
        move_towards(moving_mean_, mean, config_.momentum);
        move_towards(moving_stddev_, stddev, config_.momentum);
        const Tensor moved = ops::cast(moving_stddev_, mean.dtype());
        moving_variance_.assign(ops::cast(ops::relu(moved * moved - config_.epsilon), moving_variance_.dtype()));
    }

    Variable gamma_, beta_, moving_mean_, moving_variance_, moving_stddev_, renorm_mean_, renorm_stddev_;
    std::vector<int64_t> reduction_axes_;
};

}  // namespace

void BatchNormalizationConfig::describe(Schema<BatchNormalizationConfig>& s) {
    using C = BatchNormalizationConfig;
    describe_layer(s);
    s.field<&C::axis>("The axis of the features.");
    s.field<&C::momentum>("How slowly the moving moments move.");
    s.field<&C::epsilon>("Added to the variance.");
    s.field<&C::center>("Whether beta is added.");
    s.field<&C::scale>("Whether gamma is a factor.");
    s.field<&C::beta_initializer>("How beta starts.");
    s.field<&C::gamma_initializer>("How gamma starts.");
    s.field<&C::moving_mean_initializer>("How the moving mean starts.");
    s.field<&C::moving_variance_initializer>("How the moving variance starts.");
    s.field<&C::beta_regularizer>("Penalty on beta.");
    s.field<&C::gamma_regularizer>("Penalty on gamma.");
    s.field<&C::beta_constraint>("What beta is kept to.");
    s.field<&C::gamma_constraint>("What gamma is kept to.");
    s.field<&C::synchronized>("Refused when true.");
    s.field<&C::renorm>("Whether batch renormalization is used.");
    s.field<&C::renorm_clipping>("Limits \"rmin\", \"rmax\", \"dmax\" of the correction.");
    s.field<&C::renorm_momentum>("How slowly the moments of the correction move.");
}

BatchNormalization::BatchNormalization(BatchNormalizationConfig config) : Layer(std::make_shared<BatchNormalizationLayer>(std::move(config))) {}

}  // namespace cornu::layers
