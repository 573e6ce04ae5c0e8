// What optimizers around others share: they move no variable themselves, and their state is their own
// and then that of the inner ones.
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

class WrapperOptimizer : public CustomOptimizer {
public:
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        collect();
    }
    void update_step(const Tensor&, Variable, const Tensor&, size_t) final { CORNU_CHECK(false); }
    void finalize_variable_values(const Variables& variables) override {
        for (const Inner& item : inner_) item.optimizer->finalize_variable_values(variables);
    }
    const Variables& variables() const override { return all_; }
    std::vector<Inner> inner() const override { return inner_; }

protected:
    // Keras gives such an optimizer a learning rate of 0 that nobody reads.
    WrapperOptimizer(const char* class_name, OptimizerOptions options) : CustomOptimizer(class_name, 0.0, std::move(options)) {}
    void wrap(const Optimizer& inner, std::string attribute, std::optional<double> loss_scale_factor) {
        if (!inner.defined()) throw ValueError(str("[optimizers.", class_name(), "] an optimizer is needed. Received: an empty one"));
        if (inner.impl().class_name() == "LossScaleOptimizer" || inner.impl().class_name() == class_name())
            throw ValueError(str("[optimizers.", class_name(), "] no LossScaleOptimizer and no other of its kind can be an inner optimizer. Received: ", inner.impl().class_name()));
        inner.impl().set_loss_scale_factor(loss_scale_factor);
        inner_.push_back({std::move(attribute), inner.shared()});
        collect();
    }

private:
    void collect() {
        all_ = own_variables();
        for (const Inner& item : inner_) all_.insert(all_.end(), item.optimizer->variables().begin(), item.optimizer->variables().end());
    }
    std::vector<Inner> inner_;
    Variables all_;
};

}  // namespace cornu::optimizers
