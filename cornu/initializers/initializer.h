// Initializer: how a weight starts. A handle; "glorot_uniform" and the like are looked up by name,
// and unseeded ones draw their seed when resolved, in the order in which Keras does.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cornu/base/schema.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

// The implementation one derives from.
class CORNU_API CustomInitializer {
public:
    virtual ~CustomInitializer() = default;
    // A host tensor of `shape` and `dtype`.
    virtual Tensor operator()(const Shape& shape, DType dtype) = 0;
    virtual std::string class_name() const = 0;   // "GlorotUniform"
    virtual Json get_config() const = 0;
    // The same draws for a kernel of which these axes are inputs and outputs; null when that is
    // nothing to this initializer.
    virtual std::shared_ptr<CustomInitializer> with_axes(std::vector<int64_t>, std::vector<int64_t>) const { return nullptr; }
};

class CORNU_API Initializer {
public:
    Initializer() = default;                      // none
    Initializer(const char* name) : name_(name) {}
    Initializer(std::string name) : name_(std::move(name)) {}
    explicit Initializer(std::shared_ptr<CustomInitializer> impl) : impl_(std::move(impl)) {}

    bool defined() const { return impl_ || !name_.empty(); }
    void resolve();                               // makes the implementation from the name, once
    Tensor operator()(const Shape& shape, DType dtype = DType::float32) const;  // must be resolved
    const std::shared_ptr<CustomInitializer>& shared() const { return impl_; }
    const std::string& name() const { return name_; }

private:
    std::string name_;
    std::shared_ptr<CustomInitializer> impl_;
};

// Keras's spelling; null when undefined.
template <> struct CORNU_API Codec<Initializer> {
    static Json encode(const Initializer& v);
    static void decode(const Json& j, Initializer& v);
};

}  // namespace cornu
