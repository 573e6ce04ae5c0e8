// Constraint: what a weight is brought back to after each update. A handle; found by name too.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cornu/base/schema.h"
#include "cornu/ops/axes.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

// The implementation one derives from.
class CORNU_API CustomConstraint {
public:
    virtual ~CustomConstraint() = default;
    virtual Tensor operator()(const Tensor& w) = 0;   // the shape and dtype of w
    virtual std::string class_name() const = 0;
    virtual Json get_config() const = 0;
};

class CORNU_API Constraint {
public:
    Constraint() = default;                           // none
    Constraint(const char* name) : Constraint(std::string(name)) {}
    Constraint(const std::string& name);              // "max_norm", "non_neg", …
    explicit Constraint(std::shared_ptr<CustomConstraint> impl) : impl_(std::move(impl)) {}

    bool defined() const { return impl_ != nullptr; }
    Tensor operator()(const Tensor& w) const;         // throws when there is none
    std::function<Tensor(const Tensor&)> function() const;  // empty when there is none
    const std::shared_ptr<CustomConstraint>& shared() const { return impl_; }

private:
    std::shared_ptr<CustomConstraint> impl_;
};

template <> struct CORNU_API Codec<Constraint> {
    static Json encode(const Constraint& v);
    static void decode(const Json& j, Constraint& v);
};

namespace constraints {

// Norms along `axis` are at most max_value.
struct CORNU_API MaxNormConfig {
    double max_value = 2;
    Axes axis = 0;
    static void describe(Schema<MaxNormConfig>& s);
};
class CORNU_API MaxNorm : public Constraint { public: explicit MaxNorm(MaxNormConfig config = {}); };

class CORNU_API NonNeg : public Constraint { public: NonNeg(); };

// Norms along `axis` are 1.
struct CORNU_API UnitNormConfig {
    Axes axis = 0;
    static void describe(Schema<UnitNormConfig>& s);
};
class CORNU_API UnitNorm : public Constraint { public: explicit UnitNorm(UnitNormConfig config = {}); };

// Norms along `axis` are moved by `rate` of the way into [min_value, max_value].
struct CORNU_API MinMaxNormConfig {
    double min_value = 0.0;
    double max_value = 1.0;
    double rate = 1.0;
    Axes axis = 0;
    static void describe(Schema<MinMaxNormConfig>& s);
};
class CORNU_API MinMaxNorm : public Constraint { public: explicit MinMaxNorm(MinMaxNormConfig config = {}); };

}  // namespace constraints
}  // namespace cornu
