// The native CPU engine: the embedded default.
#include "cornu/backend/backend.h"
#include "cornu/backend/lowering_table.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/backends/native/plan.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/parallel.h"
#include "cornu/base/version.h"

namespace cornu {

namespace native {

const Lowering* find_lowering(const Op& op) {
    static const LoweringTable<Lowering> table{
        chain_lowerings(), elementwise_lowerings(), math_lowerings(), creation_lowerings(),
        shape_lowerings(), reduction_lowerings(), cumulative_lowerings(),
        contraction_lowerings(), attention_lowerings(), convolution_lowerings(),
        pooling_lowerings(), indexing_lowerings(), linalg_lowerings(), random_lowerings(),
        control_flow_lowerings()};
    return table.find(op);
}

bool supports(const Call& call) {
    const Lowering* lowering = find_lowering(call.op);
    return lowering && (!lowering->supports || lowering->supports(call));
}

namespace {

class NativeBackend final : public Backend {
public:
    explicit NativeBackend(bool deterministic) : deterministic_(deterministic) {}
    BackendInfo info() const override { return {"native", std::string(version()), {"cpu"}, str("SIMD ", simd().name, ", ", threads(), " threads")}; }
    bool supports(const Op& op, std::span<const Spec> in, const Attrs& attrs) const override {
        return native::supports({op, attrs, in, {}});
    }
    std::shared_ptr<Executable> compile(const Graph& graph) override { return std::make_shared<NativeExecutable>(graph, deterministic_); }

private:
    bool deterministic_;
};

}  // namespace
}  // namespace native

std::shared_ptr<Backend> make_native_backend(bool deterministic) { return std::make_shared<native::NativeBackend>(deterministic); }

}  // namespace cornu
