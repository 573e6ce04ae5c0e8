// An op, described once: name, doc, shape and dtype rule, derivative, composition, Keras's name and
// the domain it is tested on. Everything else (eager runs, tracing, gradients, Functional nodes,
// backends, docs) reads this record.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cornu/base/attrs.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

struct Op;

struct InferArgs {
    const Op& op;
    std::span<const Spec> in;
    const Attrs& attrs;

    const Shape& shape(size_t i = 0) const { return in[i].shape; }
    DType dtype(size_t i = 0) const { return in[i].dtype; }
    template <class T> const T& as() const { return attrs.as<T>(); }
};

// What a derivative sees: x(i) inputs, y(i) outputs, g(i) gradients of the outputs. It returns one
// gradient per input; an undefined tensor means zero. Written with public ops, so that gradients of
// gradients, tracing and every backend follow.
struct CORNU_API Vjp {
    const Tensors& in;
    const Tensors& out;
    const Tensors& grads;   // undefined where no gradient reaches an output
    const Attrs& attrs;
    const std::vector<char>* wanted = nullptr;  // by input; none: all

    const Tensor& x(size_t i = 0) const { return in[i]; }
    const Tensor& y(size_t i = 0) const { return out[i]; }
    Tensor g(size_t i = 0) const;  // zeros where undefined
    // Whether anybody asks for the gradient of input i; a costly one need not be made otherwise.
    bool wants(size_t i) const { return !wanted || (*wanted)[i]; }
    template <class T> const T& as() const { return attrs.as<T>(); }
};

// One call the test suite makes: shapes and attributes; input values come from the domain.
struct OpSample {
    Specs in;
    Attrs attrs = {};
};

enum class Promote : uint8_t {
    none,      // inputs go in as they are
    common,    // cast to their common dtype first
    to_float,  // the same, and integers become floatx
    to_bool,   // non-zero is true
};

struct OpTraits {
    bool elementwise = false;   // output element i depends on input elements i alone, after broadcasting
    Promote promote = Promote::none;
    bool commutative = false;
    bool fused = false;         // a composition that is kept whole for backends that have a kernel for it
    int list_input = 0;         // Keras's call takes so many lists of tensors, equally long: concatenate([a, b])
    bool unnamed = false;       // Keras's class takes no name: its config has none
    bool host_only = false;     // runs on the host whatever the backend (strings)
    bool not_differentiable = false;  // asked for a derivative, it says so instead of giving zero
    int updates = -1;           // the output is this input with some elements replaced: may be done in place
};

struct OpSamples {
    double low = -1, high = 1;              // values are drawn from [low, high)
    std::vector<OpSample> (*cases)() = nullptr;  // none: by the number of inputs, for element-wise ops
    bool away_from_integers = false;        // keeps clear of kinks at whole numbers
    bool distinct = false;                  // no ties: sort, max, …
};

struct Op {
    const char* name;
    const char* keras = nullptr;    // "keras.src.ops.numpy.Tanh"; null: not a public Keras op
    const char* doc = "";
    int inputs = 1;                 // -1: any number
    // What Keras's call takes, where that is more than the tensors in their order: see OpArgument.
    const char* arguments = nullptr;
    Specs (*infer)(const InferArgs&);
    Tensors (*vjp)(const Vjp&) = nullptr;
    Tensors (*decompose)(const Tensors&, const Attrs&) = nullptr;  // null: a primitive
    OpTraits traits = {};
    OpSamples samples = {};
    // Reads the attributes from Keras's config of the op; null when it has none.
    Attrs (*read_attrs)(const Json&) = nullptr;

    bool primitive() const { return !decompose; }
};

// One word of op.arguments, as in "x pattern= scale? * mask? **others". What stands after * is given by name.
struct OpArgument {
    std::string name;
    bool optional = false;    // scale?    a tensor that may be left out; the attribute has_scale says whether it is
    bool attribute = false;   // pattern=  an attribute that Keras gives the call, not the operation
    bool any_name = false;    // **others  an attribute made of all further names and their values
    bool ours = false;        // -x?       of which Keras's call knows nothing: written only where it is given
    bool by_name = false;
};
CORNU_API std::vector<OpArgument> op_arguments(const Op& op);   // of op.arguments; empty when it names none

template <Described T>
Attrs read_attrs(const Json& json) { return Attrs(from_json<T>(json, "")); }

// Gradients of an op that is flat wherever it is smooth (floor, sign, comparisons): none.
CORNU_API Tensors no_gradient(const Vjp& v);

// The shape rules that many ops share.
namespace infer {
CORNU_API Specs same(const InferArgs& a);               // as the first input
CORNU_API Specs elementwise(const InferArgs& a);        // broadcast and promoted
CORNU_API Specs float_elementwise(const InferArgs& a);  // the same, integers become floatx
CORNU_API Specs comparison(const InferArgs& a);         // broadcast, bool
}  // namespace infer

// Dtype of a float function of integers: floatx, as Keras has it.
CORNU_API DType to_float_dtype(DType dtype);

}  // namespace cornu
