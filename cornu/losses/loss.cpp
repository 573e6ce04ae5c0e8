#include "cornu/losses/loss.h"

#include <cmath>

#include "cornu/base/naming.h"
#include "cornu/base/serialized_object.h"
#include "cornu/losses/catalogue.h"
#include "cornu/losses/registry.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace losses {

namespace {

bool is_mean(const Reduction& reduction) {
    return reduction == "sum_over_batch_size" || reduction == "mean" || reduction == "mean_with_sample_weight";
}

Tensor reduce_values(const Tensor& values, const Tensor& sample_weight, const Reduction& reduction) {
    if (!reduction || reduction == "none" || values.rank() == 0 || values.shape() == Shape{0}) return values;
    const Tensor total = ops::sum(values);
    if (!is_mean(reduction)) return total;
    if (reduction == "mean_with_sample_weight" && sample_weight.defined())
        return divide_no_nan(total, ops::cast(ops::sum(sample_weight), total.dtype()));
    return values.size() == 0 ? total : total / static_cast<double>(values.size());
}

}  // namespace

Tensor divide_no_nan(const Tensor& x, const Tensor& y) {
    const Tensor zero = ops::equal(y, 0);
    return ops::where(zero, ops::zeros_like(x), x / ops::where(zero, ops::ones_like(y), y));
}

std::pair<Tensor, Tensor> squeeze_or_expand_to_same_rank(const Tensor& x1, const Tensor& x2, bool expand_rank_1) {
    Tensor a = x1, b = x2;
    if (x1.rank() == x2.rank() + 1 && x1.shape().back() == 1) {
        if (x2.rank() == 1 && expand_rank_1) b = ops::expand_dims(x2, -1);
        else a = ops::squeeze(x1, {-1});
    } else if (x2.rank() == x1.rank() + 1 && x2.shape().back() == 1) {
        if (x1.rank() == 1 && expand_rank_1) a = ops::expand_dims(x1, -1);
        else b = ops::squeeze(x2, {-1});
    }
    return {a, b};
}

Tensor apply_mask(const Tensor& sample_weight, const Tensor& mask, DType dtype, const Reduction& reduction) {
    if (!mask.defined()) return sample_weight;
    Tensor weight = ops::cast(mask, dtype);
    // Scaled by total / valid, so that a mean over all positions becomes one over those that count.
    if (reduction == "mean" || reduction == "sum_over_batch_size") {
        const Tensor valid = ops::sum(weight);
        const Tensor scale = divide_no_nan(ops::full(Shape{}, static_cast<double>(mask.size()), dtype), valid);
        weight = ops::where(ops::cast(mask, DType::bool_), scale, ops::zeros_like(weight));
    }
    if (!sample_weight.defined()) return weight;
    const auto [fitted, given] = squeeze_or_expand_to_same_rank(weight, ops::cast(sample_weight, dtype));
    return given * fitted;
}

Tensor reduce_weighted_values(const Tensor& values, const Tensor& sample_weight, const Tensor& mask,
                              const Reduction& reduction, DType dtype) {
    Tensor weighted = ops::cast(values, dtype);
    Tensor weight = sample_weight.defined() ? ops::cast(sample_weight, dtype) : Tensor();
    weight = apply_mask(weight, mask, dtype, reduction);
    if (weight.defined()) {
        std::tie(weighted, weight) = squeeze_or_expand_to_same_rank(weighted, weight);
        weighted = weighted * weight;
    }
    return reduce_values(weighted, weight, reduction);
}

}  // namespace losses

Json CustomLoss::get_config() const {
    return Json::object({{"name", name_}, {"reduction", Codec<Reduction>::encode(reduction_)}});
}

void CustomLoss::check_targets(const Tensor& y_true, const Shape&) const {
    if (!is_float(y_true.dtype())) return;
    const auto refuse = [&](size_t i) {
        throw ValueError(str("targets must not be NaN, or the loss \"", name_, "\" would be. Received: NaN at element ", i,
                             " of targets of shape ", y_true.shape()));
    };
    if (y_true.dtype() == DType::float32) {
        const auto values = y_true.data<float>();
        for (size_t i = 0; i < values.size(); ++i)
            if (std::isnan(values[i])) refuse(i);
        return;
    }
    const std::vector<double> values = y_true.to_vector<double>();
    for (size_t i = 0; i < values.size(); ++i)
        if (std::isnan(values[i])) refuse(i);
}

DType CustomLoss::dtype() const { return dtype_.value_or(Context::current().floatx()); }

void CustomLoss::set_options(std::string name, Reduction reduction, std::optional<DType> dtype) {
    static constexpr std::string_view allowed[] = {"sum_over_batch_size", "sum", "none", "mean", "mean_with_sample_weight"};
    if (reduction && std::find(std::begin(allowed), std::end(allowed), *reduction) == std::end(allowed))
        throw ValueError(str("[losses.", class_name(), "] reduction must be one of \"sum_over_batch_size\", \"sum\", \"mean\", "
                             "\"mean_with_sample_weight\", \"none\". Received: reduction=\"", *reduction, "\""));
    name_ = name.empty() ? utils::to_snake_case(class_name()) : std::move(name);
    reduction_ = std::move(reduction);
    dtype_ = dtype;
}

void CustomLoss::read_config(const Json& config) {
    Reduction reduction = reduction_;
    if (const Json* given = config.find("reduction")) Codec<Reduction>::decode(*given, reduction);
    const Json& name = config.get("name");
    set_options(name.is_string() ? name.as_string() : name_, reduction, dtype_);
}

namespace {

class FunctionOfOnesOwn final : public CustomLoss {
public:
    explicit FunctionOfOnesOwn(LossFunction function) : function_(std::move(function)), registered_name_(losses::name_of_function(function_)) {
        if (!function_) throw ValueError("a loss was made of a function. Received: an empty one");
        set_options(registered_name_.substr(registered_name_.find('>') + 1), "sum_over_batch_size");
    }
    Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
        const auto [t, p] = losses::squeeze_or_expand_to_same_rank(y_true, y_pred);
        return function_(t, p);
    }
    std::string class_name() const override { return "function"; }
    const std::string& registered_name() const { return registered_name_; }

private:
    LossFunction function_;
    std::string registered_name_;
};

}  // namespace

Loss::Loss(LossFunction function) : impl_(std::make_shared<FunctionOfOnesOwn>(std::move(function))) {}

Loss::Loss(const std::string& name) : wanted_(name) {
    if (name == "crossentropy" || name == "ce") return;
    impl_ = losses::make_loss(name);
}

CustomLoss& Loss::impl() const {
    if (impl_) return *impl_;
    throw ValueError(wanted_.empty() ? std::string("an empty loss handle was used.")
                                     : str("the loss \"", wanted_, "\" is settled by the shapes of a model's outputs; "
                                           "give it to compile() or name one, e.g. \"categorical_crossentropy\"."));
}

Tensor Loss::operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const {
    CustomLoss& loss = impl();
    const DType dtype = loss.dtype();
    const Tensor given_mask = y_pred.mask();
    const Tensor values = loss.call(ops::cast(y_true, dtype), ops::cast(y_pred, dtype));
    const Tensor made_mask = values.mask();
    const Tensor mask = !made_mask.defined()   ? given_mask
                        : given_mask.defined() ? ops::logical_and(given_mask, made_mask)
                                               : made_mask;
    return losses::reduce_weighted_values(values, sample_weight, mask, loss.reduction(), dtype);
}

Json Codec<Loss>::encode(const Loss& v) {
    if (!v.defined()) return {};
    if (const auto* function = dynamic_cast<const FunctionOfOnesOwn*>(v.shared().get())) return losses::write_function(function->registered_name());
    // A registered class is written whole: its name alone says nothing to Keras.
    if (!v.wanted().empty() && !(v.shared() && RegisteredClasses<CustomLoss>::current().of(v.impl()))) return v.wanted();
    return write_object_of(losses::all_losses(), "keras.losses", v.impl());
}

void Codec<Loss>::decode(const Json& j, Loss& v) {
    if (j.is_null()) v = Loss();
    else if (j.is_string()) v = Loss(j.as_string());
    else if (const auto function = losses::read_function(j)) v = Loss(*function);
    else v = Loss(losses::make_loss(read_object(j, "a loss")));
}

}  // namespace cornu
