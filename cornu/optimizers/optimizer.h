// Optimizer: turns gradients into updates of variables. Its iteration count, learning rate and slots
// are variables, so that an update is part of the compiled step.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cornu/base/schema.h"
#include "cornu/tensor/tensor.h"
#include "cornu/tensor/variable.h"

namespace cornu {

// A rate that changes with the step; optimizers::schedules makes them.
class CORNU_API CustomSchedule {
public:
    virtual ~CustomSchedule() = default;
    virtual Tensor operator()(const Tensor& step) const = 0;   // a float32 scalar
    virtual std::string class_name() const = 0;
    virtual Json get_config() const = 0;
};

class CORNU_API LearningRate {
public:
    LearningRate(double value) : value_(value) {}
    LearningRate(std::shared_ptr<CustomSchedule> schedule) : schedule_(std::move(schedule)) {}
    double value() const { return value_; }
    const std::shared_ptr<CustomSchedule>& schedule() const { return schedule_; }

private:
    double value_ = 0;
    std::shared_ptr<CustomSchedule> schedule_;
};
template <> struct CORNU_API Codec<LearningRate> {
    static Json encode(const LearningRate& v);
    static void decode(const Json& j, LearningRate& v);
};

// What every optimizer takes, in Keras's order and with its defaults.
struct OptimizerOptions {
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
};

class CORNU_API CustomOptimizer {
public:
    virtual ~CustomOptimizer() = default;
    virtual void build(const Variables& variables);            // makes slots; call the base's first
    // Moves `variable` by its gradient; slots are those made for variable number `index`.
    virtual void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) = 0;
    virtual std::string class_name() const = 0;
    virtual Json get_config() const = 0;

    Variable add_slot(const Variable& reference, const std::string& name, double initial = 0);  // "momentum", "velocity"
    bool built() const { return built_; }
    const Variables& variables() const { return variables_; }  // iteration, learning_rate, slots in Keras's order
    const Variable& iterations() const { return iterations_; }
    const OptimizerOptions& options() const { return options_; }

protected:
    CustomOptimizer(LearningRate learning_rate, OptimizerOptions options);
    Tensor current_learning_rate() const;

private:
    friend class Optimizer;
    LearningRate learning_rate_;
    OptimizerOptions options_;
    bool built_ = false;
    Variable iterations_, rate_;
    Variables variables_, trained_;
};

class CORNU_API Optimizer {
public:
    Optimizer() = default;
    Optimizer(const char* name);                 // "sgd", "adam", … with Keras's defaults
    Optimizer(const std::string& name);
    explicit Optimizer(std::shared_ptr<CustomOptimizer> impl) : impl_(std::move(impl)) {}

    bool defined() const { return impl_ != nullptr; }
    void build(const Variables& variables) const;
    // Undefined gradients are an error if all are, and skipped with a warning otherwise, as in Keras.
    void apply_gradients(const Tensors& gradients, const Variables& variables) const;
    void apply(const Tensors& gradients) const;  // to the variables it was built with
    double learning_rate() const;
    void set_learning_rate(double rate) const;   // refused when a schedule decides
    CustomOptimizer& impl() const;
    const std::shared_ptr<CustomOptimizer>& shared() const { return impl_; }

private:
    std::shared_ptr<CustomOptimizer> impl_;
};

template <class T, class... Args>
Optimizer optimizer(Args&&... args) { return Optimizer(std::make_shared<T>(std::forward<Args>(args)...)); }

}  // namespace cornu
