// Loss: a handle to how wrong a prediction is. Looked up by name ("mse") or made: losses::MeanSquaredError().
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cornu/base/schema.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

// The implementation one derives from: one value per sample (batch, d0 … dN-1), not reduced yet.
class CORNU_API CustomLoss {
public:
    virtual ~CustomLoss() = default;
    virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) = 0;
    virtual std::string class_name() const = 0;
    virtual Json get_config() const;             // name, reduction and what the class adds

    const std::string& name() const { return name_; }
    const std::string& reduction() const { return reduction_; }
    void set_options(std::string name, std::string reduction);

private:
    std::string name_, reduction_ = "sum_over_batch_size";
};

class CORNU_API Loss {
public:
    Loss() = default;                            // none: this output has no loss
    Loss(const char* name);                      // "mse", "categorical_crossentropy", …
    Loss(const std::string& name);
    explicit Loss(std::shared_ptr<CustomLoss> impl) : impl_(std::move(impl)) {}

    bool defined() const { return impl_ != nullptr; }
    // The reduced loss, a scalar unless reduction is none; masks of y_pred and sample weights count
    // as in Keras.
    Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) const;
    CustomLoss& impl() const;
    const std::shared_ptr<CustomLoss>& shared() const { return impl_; }

private:
    std::shared_ptr<CustomLoss> impl_;
};

template <class T, class... Args>
Loss loss(Args&&... args) { return Loss(std::make_shared<T>(std::forward<Args>(args)...)); }

}  // namespace cornu
