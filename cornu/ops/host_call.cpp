#include "cornu/ops/host_call.h"

namespace cornu {

// By identity: a function is no text, and no file can name one.
template <> struct Codec<HostFunctionPtr> {
    static Json encode(const HostFunctionPtr& v) { return v ? str(v->name(), " at ", static_cast<const void*>(v.get())) : std::string(); }
    static void decode(const Json&, HostFunctionPtr&) { throw ValueError("a C++ function cannot be read from a config."); }
};

namespace {

struct HostCallAttrs {
    HostFunctionPtr function = {};
    static void describe(Schema<HostCallAttrs>& s) { s.field<&HostCallAttrs::function>("What is called."); }
};

constinit const Op host_call_op = {
    .name = "host_call", .doc = "A C++ function of tensors, run on the host.",
    .inputs = -1,
    .infer = [](const InferArgs& a) { return a.as<HostCallAttrs>().function->infer(a.in); },
    .vjp = [](const Vjp& v) { return v.as<HostCallAttrs>().function->vjp(v); },
    .traits = {.host_only = true}};

}  // namespace

Tensors HostFunction::vjp(const Vjp& v) const { return no_gradient(v); }

Tensors host_call(HostFunctionPtr function, const Tensors& in) {
    Tensors out = apply(host_call_op, in, HostCallAttrs{function});
    const auto known = [](const Tensor& x) { return x.shape().is_static(); };
    if (std::all_of(in.begin(), in.end(), known) && !std::all_of(out.begin(), out.end(), known))
        throw NeedsValuesError(str(function->name(), ": the size of the result depends on the values, which are not known inside a compiled function."));
    return out;
}

Tensors run_host_call(const Attrs& attrs, const Tensors& in) {
    const Unheard unheard;   // a function that calls ops is one call all the same
    Tensors host;
    for (const Tensor& x : in) host.push_back(x.to_host());
    return attrs.as<HostCallAttrs>().function->run(host);
}

}  // namespace cornu
