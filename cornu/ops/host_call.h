// host_call: a C++ function in the middle of a graph. What engines cannot do (strings above all) is a
// node that stands for such a function; a compiled graph is cut there (backend/split.h), so that what
// lies before and after still is one program each, on any engine, in training as well.
#pragma once

#include <memory>
#include <string>

#include "cornu/ops/apply.h"

namespace cornu {

class CORNU_API HostFunction {
public:
    virtual ~HostFunction() = default;
    virtual std::string name() const = 0;                       // "StringLookup", for people
    virtual Specs infer(std::span<const Spec> in) const = 0;    // None where the values decide
    virtual Tensors run(const Tensors& in) const = 0;           // host tensors; by several threads at once
    // Gradients by the inputs, made of ops; none, unless overridden: what it makes does not count.
    virtual Tensors vjp(const Vjp& v) const;
};
using HostFunctionPtr = std::shared_ptr<const HostFunction>;

// Thrown while a program is traced in which a size depends on values: it can only be run line by line.
// Trainer does so by itself.
class CORNU_API NeedsValuesError : public UnsupportedError {
public:
    using UnsupportedError::UnsupportedError;
};

CORNU_API Tensors host_call(HostFunctionPtr function, const Tensors& in);
// Carries a node of it out, as eager mode and cut graphs do: inputs are brought to the host first.
CORNU_API Tensors run_host_call(const Attrs& attrs, const Tensors& in);

}  // namespace cornu
