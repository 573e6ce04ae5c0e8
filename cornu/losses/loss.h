// Loss: a handle to how wrong a prediction is. Looked up by name ("mse") or made: losses::MeanSquaredError().
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "cornu/base/schema.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

// How the values of a batch become one figure: "sum_over_batch_size" (or "mean"), "sum",
// "mean_with_sample_weight"; "none" or nothing leaves them as they are.
using Reduction = std::optional<std::string>;

// The implementation one derives from: one value per sample (batch, d0 … dN-1), not reduced yet.
class CORNU_API CustomLoss {
public:
    virtual ~CustomLoss() = default;
    // Both are of the loss's dtype. A mask on the result counts as one on y_pred does.
    virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) = 0;
    virtual std::string class_name() const = 0;
    virtual Json get_config() const;             // name, reduction and what the class adds
    // Looks at targets in host memory before they are trained on; throws ValueError for what no step
    // could use. The default refuses NaN.
    virtual void check_targets(const Tensor& y_true, const Shape& y_pred) const;

    const std::string& name() const { return name_; }
    const Reduction& reduction() const { return reduction_; }
    DType dtype() const;                         // floatx unless set
    // An empty name becomes the class's in snake case. Throws ValueError for an unknown reduction.
    void set_options(std::string name, Reduction reduction, std::optional<DType> dtype = {});
    void set_name(std::string name) { name_ = std::move(name); }
    void read_config(const Json& config);        // name and reduction, as get_config writes them

private:
    std::string name_;
    Reduction reduction_ = "sum_over_batch_size";
    std::optional<DType> dtype_;
};

// One value per sample, of tensors of the loss's dtype and the same rank.
using LossFunction = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;
template <class F, class Handle>
concept FunctionFor = !std::derived_from<std::remove_cvref_t<F>, Handle> && std::is_invocable_r_v<Tensor, F&, const Tensor&, const Tensor&>;

class CORNU_API Loss {
public:
    Loss() = default;                            // none: this output has no loss
    Loss(const char* name) : Loss(std::string(name)) {}
    Loss(const std::string& name);               // "mse", …; "crossentropy" is settled when compiled
    // A function of one's own; a file names it by what losses::register_function knows it as.
    Loss(LossFunction function);
    template <FunctionFor<Loss> F>
    Loss(F function) : Loss(LossFunction(std::move(function))) {}
    explicit Loss(std::shared_ptr<CustomLoss> impl) : impl_(std::move(impl)) {}

    bool defined() const { return impl_ || !wanted_.empty(); }
    const std::string& wanted() const { return wanted_; }   // the name it was asked for by, if any
    // The reduced loss, a scalar unless reduction is none; masks of y_pred and sample weights count
    // as in Keras.
    Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) const;
    CustomLoss& impl() const;
    const std::shared_ptr<CustomLoss>& shared() const { return impl_; }

private:
    std::string wanted_;
    std::shared_ptr<CustomLoss> impl_;
};

template <class T, class... Args>
Loss loss(Args&&... args) { return Loss(std::make_shared<T>(std::forward<Args>(args)...)); }

// Keras's spelling: the name it was asked for by, else the whole object; null when undefined.
template <> struct CORNU_API Codec<Loss> {
    static Json encode(const Loss& v);
    static void decode(const Json& j, Loss& v);
};

namespace losses {

// Ranks that differ by a last axis of size 1 are made equal.
CORNU_API std::pair<Tensor, Tensor> squeeze_or_expand_to_same_rank(const Tensor& x1, const Tensor& x2, bool expand_rank_1 = true);
// x / y, and 0 where y is 0: a batch in which nothing counts has no loss.
CORNU_API Tensor divide_no_nan(const Tensor& x, const Tensor& y);
// Sample weights in which masked steps count nothing; undefined when neither is given.
CORNU_API Tensor apply_mask(const Tensor& sample_weight, const Tensor& mask, DType dtype, const Reduction& reduction);
CORNU_API Tensor reduce_weighted_values(const Tensor& values, const Tensor& sample_weight, const Tensor& mask,
                                        const Reduction& reduction, DType dtype);

}  // namespace losses
}  // namespace cornu
