// Metric: a figure accumulated over batches. Its state are variables, so that updating it is part of
// the compiled step.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cornu/base/schema.h"
#include "cornu/losses/loss.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/tensor.h"
#include "cornu/tensor/variable.h"

namespace cornu {

// Which way a metric gets better, for callbacks that watch it.
enum class Direction : uint8_t { unknown, up, down };

class CORNU_API CustomMetric {
public:
    virtual ~CustomMetric() = default;
    // Metrics of values alone (Mean, Sum) take them as y_true.
    virtual void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) = 0;
    virtual Tensor result() const = 0;           // a scalar, or what the metric says
    virtual void reset_state();                  // zeros
    virtual std::string class_name() const = 0;
    virtual Json get_config() const;             // name and dtype
    virtual Direction direction() const { return Direction::unknown; }

    const std::string& name() const { return name_; }
    void set_name(std::string name) { name_ = std::move(name); }
    DType dtype() const;                         // floatx unless set
    const Variables& variables() const { return variables_; }

protected:
    // An empty name becomes the class's in snake case.
    void set_options(std::string name, std::optional<DType> dtype);
    Variable add_variable(const std::string& name, const Shape& shape, std::optional<DType> dtype = {});

private:
    std::string name_;
    std::optional<DType> dtype_;
    Variables variables_;
};

using MetricFunction = LossFunction;             // one value per sample, or several

class CORNU_API Metric {
public:
    Metric() = default;
    Metric(const char* name) : Metric(std::string(name)) {}
    Metric(const std::string& name);             // "accuracy" is settled when the model is compiled
    // The mean of a function of one's own; a file names it by what losses::register_function knows it as.
    Metric(MetricFunction function);
    template <FunctionFor<Metric> F>
    Metric(F function) : Metric(MetricFunction(std::move(function))) {}
    explicit Metric(std::shared_ptr<CustomMetric> impl) : impl_(std::move(impl)) {}

    bool defined() const { return impl_ || !wanted_.empty(); }
    const std::string& wanted() const { return wanted_; }   // the name it was asked for by, if any
    void update_state(const Tensor& y_true, const Tensor& y_pred = {}, const Tensor& sample_weight = {}) const;
    Tensor result() const { return impl().result(); }
    void reset_state() const { impl().reset_state(); }
    const std::string& name() const { return impl().name(); }
    const Variables& variables() const { return impl().variables(); }
    CustomMetric& impl() const;
    const std::shared_ptr<CustomMetric>& shared() const { return impl_; }
    // A name or a function stands for a metric of its own in each place it is used; others for themselves.
    Metric for_one_output() const;

private:
    std::string wanted_;
    std::shared_ptr<CustomMetric> impl_;
};

template <class T, class... Args>
Metric metric(Args&&... args) { return Metric(std::make_shared<T>(std::forward<Args>(args)...)); }

// Keras's spelling: the name it was asked for by, else the whole object; null when undefined.
template <> struct CORNU_API Codec<Metric> {
    static Json encode(const Metric& v);
    static void decode(const Json& j, Metric& v);
};

}  // namespace cornu
