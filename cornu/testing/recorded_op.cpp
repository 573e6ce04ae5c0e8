#include "cornu/testing/recorded_op.h"

#include "cornu/ops/elementwise.h"
#include "cornu/testing/near.h"

namespace cornu::testing {

namespace {

bool is_array(const Json& json) { return json.find("npy") != nullptr; }

// Eigenvectors and singular vectors are given the sign of ours.
Tensor comparable(const Op& op, size_t i, const Tensor& ours, const Tensor& recorded) {
    const std::string_view name = op.name;
    if (!(ours.shape() == recorded.shape())) return recorded;
    if (name == "eigh" && i == 1) return with_signs_of(ours, recorded, true);
    if (name == "svd" && i != 1 && recorded.rank() > 1) return with_signs_of(ours, recorded, i == 0);
    return recorded;
}

double tolerance(const Op& op, const Tensor& recorded, const Json& row, size_t i, const Golden& golden) {
    switch (recorded.dtype()) {
        case DType::float16: return 4e-3;
        case DType::bfloat16: return 3e-2;
        default: break;
    }
    double t = op.traits.elementwise ? 1e-6 : 1e-5;
    const Json& references = row.get("reference");
    if (is_float(recorded.dtype()) && references.is_array() && i < references.as_array().size() && is_array(references[i]))
        t = std::max(t, 2 * distance(ops::cast(recorded, DType::float64), golden.tensor(references[i])));
    return t;
}

}  // namespace

std::vector<std::string> check_recorded_outputs(const Op& op, const Tensors& ours, const Golden& golden, const Json& recorded) {
    const Tensors theirs = golden.tensors(recorded["outputs"]);
    if (ours.size() != theirs.size()) return {str(ours.size(), " outputs, expected ", theirs.size())};
    std::vector<std::string> problems;
    for (size_t i = 0; i < ours.size(); ++i) {
        const Tensor expected = comparable(op, i, ours[i], theirs[i]);
        const bool narrowed = bits(ours[i].dtype()) == 64 && bits(expected.dtype()) == 32;
        const std::string gap = (narrowed ? difference_of_values : difference)(ours[i], expected, tolerance(op, expected, recorded, i, golden));
        if (!gap.empty()) problems.push_back(str("output ", i, ": ", gap));
    }
    return problems;
}

}  // namespace cornu::testing
