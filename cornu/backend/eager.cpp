// Calls carried out at once: by the current backend, by decomposition, or on the native host engine.
#include "cornu/backend/backend.h"
#include "cornu/backend/split.h"
#include "cornu/ops/host_call.h"

namespace cornu {

namespace {

class EagerMode final : public Mode {
public:
    Tensors apply(const Op& op, const Tensors& in, const Attrs& attrs) override {
        const Specs specs = specs_of(in);
        infer_specs(op, specs, attrs);  // refuses bad shapes in the op's own words, before any engine does
        if (op.traits.host_only) return run_host_call(attrs, in);
        const std::shared_ptr<Backend> backend = current_backend();
        if (backend->supports(op, specs, attrs)) return backend->run(op, in, attrs);
        if (op.decompose) {
            const Unheard unheard;  // tapes hear of the op itself
            return op.decompose(in, attrs);
        }
        const std::shared_ptr<Backend> native = find_backend("native");
        if (native != backend && native->supports(op, specs, attrs)) {
            warn_of_fallback(op, *backend);
            Tensors host;
            for (const Tensor& x : in) host.push_back(x.to_host());
            return native->run(op, host, attrs);
        }
        std::string inputs;
        for (const Spec& spec : specs) inputs += str(inputs.empty() ? "" : ", ", spec);
        throw UnsupportedError(str("ops.", op.name, " is not supported for ", inputs, " on the backend ", backend->info().name, "."));
    }
};

}  // namespace

Mode& eager_mode() {
    static EagerMode mode;
    return mode;
}

}  // namespace cornu
