// Optimizer: turns gradients into updates of variables. Its iteration count, learning rate and slots
// are variables, so that an update is part of the compiled step.
#pragma once

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
    virtual Tensor operator()(const Tensor& step) const = 0;   // a floatx scalar
    virtual std::string class_name() const = 0;
    virtual Json get_config() const = 0;
};

class CORNU_API LearningRateSchedule {
public:
    LearningRateSchedule() = default;
    explicit LearningRateSchedule(std::shared_ptr<CustomSchedule> impl) : impl_(std::move(impl)) {}
    Tensor operator()(const Tensor& step) const { return (*impl_)(step); }
    const std::shared_ptr<CustomSchedule>& shared() const { return impl_; }

private:
    std::shared_ptr<CustomSchedule> impl_;
};

template <class T, class... Args>
LearningRateSchedule schedule(Args&&... args) { return LearningRateSchedule(std::make_shared<T>(std::forward<Args>(args)...)); }

class CORNU_API LearningRate {
public:
    LearningRate(double value) : value_(value) {}
    LearningRate(const LearningRateSchedule& schedule) : schedule_(schedule.shared()) {}
    double value() const { return value_; }
    const std::shared_ptr<CustomSchedule>& schedule() const { return schedule_; }   // null: a number

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
    bool use_ema = false;                        // keep running averages of the variables
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};  // variables become their averages every so often
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
};

// The implementation one derives from: a constructor that passes class name, rate and options on, and
// update_step; build, too, where slots are needed.
class CORNU_API CustomOptimizer {
public:
    virtual ~CustomOptimizer() = default;
    virtual void build(const Variables& variables);            // makes slots; call the base's first
    // Moves `variable` by its gradient, which has its dtype as has the rate; slots are those made
    // for variable number `index`.
    virtual void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) = 0;
    virtual void begin_step() {}                               // before the variables of one step
    virtual Json get_config() const;                           // the rate and the options
    // How much of this variable, times the rate, goes each step; none for those that are excluded.
    virtual std::optional<double> weight_decay_of(const Variable& variable) const;
    const std::string& class_name() const { return class_name_; }

    // One slot a variable, called as in Keras: "dense_kernel_momentum". With several names the slots
    // of one variable follow each other. Result: [name][variable].
    std::vector<Variables> add_slots(const Variables& references, const std::vector<std::string>& names,
                                     const std::vector<double>& initial = {});
    Variable add_slot(const Variable& reference, const std::string& name, double initial = 0);
    Variable add_variable(const std::string& name, const Shape& shape, DType dtype, double initial = 0);
    Variable add_own(const std::string& path, DType dtype, double initial);   // a scalar

    // ---- what optimizers around others override ----
    // As apply_gradients of the handle; gradients in the order of the variables.
    virtual void apply(const Tensors& gradients, const Variables& variables);
    virtual Tensor scale_loss(const Tensor& loss) const;
    // After training: averages take the variables' place when they are kept.
    virtual void finalize_variable_values(const Variables& variables);
    virtual Tensor current_learning_rate() const;
    virtual void set_learning_rate(double rate);
    virtual Tensor iterations() const;                         // updates so far: an int32 scalar
    virtual const Variables& variables() const { return variables_; }  // iteration, learning_rate, slots in Keras's order
    struct Inner { std::string attribute; std::shared_ptr<CustomOptimizer> optimizer; };
    virtual std::vector<Inner> inner() const { return {}; }    // under the names files keep them by
    virtual void set_loss_scale_factor(std::optional<double> factor) { options_.loss_scale_factor = factor; }

    // Before it is built: these variables, and those in whose name one of the words (regular
    // expressions) is found, don't decay.
    void exclude_from_weight_decay(const Variables& variables, const std::vector<std::string>& words = {});

    bool built() const { return built_; }
    const std::string& name() const { return options_.name; }
    const Variables& trained() const { return trained_; }      // what it was built with
    // By variable it trains, with use_ema; undefined for one that gradients replace.
    const Variables& averages() const { return averages_; }
    const OptimizerOptions& options() const { return options_; }
    const LearningRate& rate() const { return learning_rate_; }

protected:
    // Throws ValueError for options that contradict each other. An empty name becomes the class's in
    // snake case.
    CustomOptimizer(std::string class_name, LearningRate learning_rate, OptimizerOptions options = {});
    // The config with the name it got and the rate of now.
    Json finished(Json config) const;
    static void assign(Variable variable, const Tensor& value);   // cast to its dtype
    size_t index_of(const Variable& variable) const;              // throws ValueError for one it was not built with
    const Variables& own_variables() const { return variables_; }
    bool excluded_from_weight_decay(const Variable& variable) const;
    void count_step();                                            // what apply ends with

private:
    Tensors clipped(const Tensors& gradients) const;
    void decay(const Variables& variables);
    void update(const Tensors& gradients, const Variables& variables);
    void update_accumulated(const Tensors& gradients, const Variables& variables);
    void update_averages();

    std::string class_name_;
    LearningRate learning_rate_;
    OptimizerOptions options_;
    bool built_ = false;
    Variable iterations_, rate_;
    Variables variables_, trained_, averages_, accumulators_;
    Variables undecayed_;
    std::vector<std::string> undecayed_words_;
};

class CORNU_API Optimizer {
public:
    Optimizer() = default;
    Optimizer(const char* name) : Optimizer(std::string(name)) {}
    Optimizer(const std::string& name);          // "sgd", "adam", … with Keras's defaults
    explicit Optimizer(std::shared_ptr<CustomOptimizer> impl) : impl_(std::move(impl)) {}

    bool defined() const { return impl_ != nullptr; }
    void build(const Variables& variables) const;
    // Undefined gradients are an error if all are, and skipped with a warning otherwise, as in Keras.
    // The first call builds the optimizer; later ones take the same variables.
    void apply_gradients(const Tensors& gradients, const Variables& variables) const;
    void apply(const Tensors& gradients) const;  // to the variables it was built with
    double learning_rate() const;
    void set_learning_rate(double rate) const;   // refused when a schedule decides
    const std::string& name() const { return impl().name(); }
    const Variables& variables() const { return impl().variables(); }
    CustomOptimizer& impl() const;
    const std::shared_ptr<CustomOptimizer>& shared() const { return impl_; }

private:
    std::shared_ptr<CustomOptimizer> impl_;
};

template <class T, class... Args>
Optimizer optimizer(Args&&... args) { return Optimizer(std::make_shared<T>(std::forward<Args>(args)...)); }

// Keras's spelling; null when undefined.
template <> struct CORNU_API Codec<Optimizer> {
    static Json encode(const Optimizer& v);
    static void decode(const Json& j, Optimizer& v);
};

}  // namespace cornu
