// Variable: a named value that training changes. A handle: copies are the same variable. Identity
// (name, path, trainable, …) is apart from the value, which two variables may share (tied weights).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cornu/tensor/tensor.h"

namespace cornu {

struct VariableOptions {
    std::string name = {};
    bool trainable = true;
    std::string path = {};                                   // "dense/kernel"; name when empty
    std::function<Tensor(const Tensor&)> constraint = {};    // applied after each optimizer update
    std::function<Tensor(const Tensor&)> regularizer = {};   // a scalar added to the loss
    bool overwrite_with_gradient = false;
    bool autocast = true;                                    // read in a layer's compute dtype inside its call
};

class CORNU_API Variable {
public:
    Variable() = default;  // none yet
    explicit Variable(Tensor value, VariableOptions options = {});

    bool defined() const { return impl_ != nullptr; }
    Tensor value() const;                       // through the innermost StateScope, if any
    operator Tensor() const { return value(); }
    void assign(const Tensor& value);           // same shape; cast to the variable's dtype by the caller

    const Shape& shape() const { return spec().shape; }
    DType dtype() const { return spec().dtype; }
    const Spec& spec() const;
    const std::string& name() const;
    const std::string& path() const;
    void set_path(std::string path);
    bool trainable() const;
    void set_trainable(bool trainable);
    const VariableOptions& options() const;
    VariableOptions& options();

    // From now on both stand on one value: an assignment to either is seen by both.
    void share_value_with(const Variable& other);
    const void* id() const { return impl_.get(); }            // identity of the variable
    const void* value_id() const;                             // identity of the shared value cell
    // The cell itself, past any scope: for executables that update it in place.
    const Tensor& stored() const;
    Tensor& stored();

private:
    struct Cell { Tensor value; };
    struct Impl;
    std::shared_ptr<Impl> impl_;
    friend class StateScope;
};
using Variables = std::vector<Variable>;

// Maps variables to tensors while it is the innermost on this thread: tracing and the stateless API
// are such scopes. Reads and assignments go to it instead of to the stored value.
class CORNU_API StateScope {
public:
    StateScope();
    virtual ~StateScope();
    StateScope(const StateScope&) = delete;
    StateScope& operator=(const StateScope&) = delete;

    virtual Tensor read(const Variable& variable) = 0;
    virtual void write(const Variable& variable, const Tensor& value) = 0;
    static StateScope* innermost();

protected:
    StateScope* outer() const { return outer_; }

private:
    StateScope* outer_;
    friend class StateScopePause;
};

// While it lives, variables are read and written directly again: weights made in the middle of a trace.
class CORNU_API StateScopePause {
public:
    StateScopePause();
    ~StateScopePause();

private:
    StateScope* saved_;
};

// Changes the dtype in which variables are read while it is the innermost on this thread: the call
// of a layer with a mixed policy. Defined where casts are known.
class CORNU_API Autocast {
public:
    Autocast();
    virtual ~Autocast();
    Autocast(const Autocast&) = delete;
    Autocast& operator=(const Autocast&) = delete;
    virtual Tensor cast(const Tensor& value) const = 0;

private:
    Autocast* outer_;
};

// Told of each read, e.g. by a gradient tape, which must know which value stood for a variable.
class CORNU_API ReadObserver {
public:
    ReadObserver();
    virtual ~ReadObserver();
    virtual void on_read(const Variable& variable, const Tensor& value) = 0;

private:
    ReadObserver* outer_;
    friend class Variable;
};

}  // namespace cornu
