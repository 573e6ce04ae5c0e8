// Metric: a figure accumulated over batches. Its state are variables, so that updating it is part of
// the compiled step.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cornu/base/schema.h"
#include "cornu/tensor/tensor.h"
#include "cornu/tensor/variable.h"

namespace cornu {

class CORNU_API CustomMetric {
public:
    virtual ~CustomMetric() = default;
    virtual void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) = 0;
    virtual Tensor result() const = 0;           // a scalar, or what the metric says
    virtual void reset_state();                  // zeros
    virtual std::string class_name() const = 0;
    virtual Json get_config() const;

    const std::string& name() const { return name_; }
    void set_name(std::string name) { name_ = std::move(name); }
    const Variables& variables() const { return variables_; }

protected:
    Variable add_variable(const std::string& name, const Shape& shape, DType dtype = DType::float32);

private:
    std::string name_;
    Variables variables_;
};

class CORNU_API Metric {
public:
    Metric() = default;
    Metric(const char* name);                    // "accuracy" is settled when the model is compiled
    Metric(const std::string& name);
    explicit Metric(std::shared_ptr<CustomMetric> impl) : impl_(std::move(impl)) {}

    bool defined() const { return impl_ || !wanted_.empty(); }
    const std::string& wanted() const { return wanted_; }   // the name it was asked for by, if any
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) const;
    Tensor result() const;
    void reset_state() const;
    CustomMetric& impl() const;
    const std::shared_ptr<CustomMetric>& shared() const { return impl_; }

private:
    std::string wanted_;
    std::shared_ptr<CustomMetric> impl_;
};

template <class T, class... Args>
Metric metric(Args&&... args) { return Metric(std::make_shared<T>(std::forward<Args>(args)...)); }

}  // namespace cornu
