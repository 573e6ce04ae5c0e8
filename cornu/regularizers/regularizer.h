// Regularizer: a penalty on a weight or an output, added to the loss. A handle; found by name too.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cornu/base/schema.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

// The implementation one derives from.
class CORNU_API CustomRegularizer {
public:
    virtual ~CustomRegularizer() = default;
    virtual Tensor operator()(const Tensor& x) = 0;   // a scalar
    virtual std::string class_name() const = 0;
    virtual Json get_config() const = 0;
};

class CORNU_API Regularizer {
public:
    Regularizer() = default;                          // none
    Regularizer(const char* name) : Regularizer(std::string(name)) {}
    Regularizer(const std::string& name);             // "l1", "l2", …
    explicit Regularizer(std::shared_ptr<CustomRegularizer> impl) : impl_(std::move(impl)) {}

    bool defined() const { return impl_ != nullptr; }
    Tensor operator()(const Tensor& x) const;         // throws when there is none
    std::function<Tensor(const Tensor&)> function() const;  // empty when there is none
    const std::shared_ptr<CustomRegularizer>& shared() const { return impl_; }

private:
    std::shared_ptr<CustomRegularizer> impl_;
};

template <> struct CORNU_API Codec<Regularizer> {
    static Json encode(const Regularizer& v);
    static void decode(const Json& j, Regularizer& v);
};

namespace regularizers {

struct CORNU_API L1Config {
    float l1 = 0.01f;   // single, as Keras keeps it
    static void describe(Schema<L1Config>& s);
};
class CORNU_API L1 : public Regularizer { public: explicit L1(L1Config config = {}); };        // l1 · Σ|x|

struct CORNU_API L2Config {
    double l2 = 0.01;
    static void describe(Schema<L2Config>& s);
};
class CORNU_API L2 : public Regularizer { public: explicit L2(L2Config config = {}); };        // l2 · Σx²

struct CORNU_API L1L2Config {
    double l1 = 0.0;
    double l2 = 0.0;
    static void describe(Schema<L1L2Config>& s);
};
class CORNU_API L1L2 : public Regularizer { public: explicit L1L2(L1L2Config config = {}); };

// How far the rows (or columns) of a matrix are from being orthogonal to each other.
struct CORNU_API OrthogonalRegularizerConfig {
    float factor = 0.01f;
    std::string mode = "rows";
    static void describe(Schema<OrthogonalRegularizerConfig>& s);
};
class CORNU_API OrthogonalRegularizer : public Regularizer {
public:
    explicit OrthogonalRegularizer(OrthogonalRegularizerConfig config = {});
};

}  // namespace regularizers
}  // namespace cornu
