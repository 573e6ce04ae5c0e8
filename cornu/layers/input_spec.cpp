#include "cornu/layers/input_spec.h"

namespace cornu {

namespace {

std::string mismatch(size_t index, const std::string& layer, const std::string& expected) {
    return str("Input ", index, " of layer '", layer, "' is incompatible with the layer: ", expected);
}

void check_input(const InputSpec& spec, const Tensor& x, size_t index, const std::string& layer) {
    const Shape& shape = x.shape();
    const int64_t rank = shape.rank();
    const auto wrong = [&](const auto&... parts) { throw ShapeError(mismatch(index, layer, str(parts...))); };
    if (spec.ndim && rank != *spec.ndim) wrong("expected ndim=", *spec.ndim, ", found ndim=", rank, ". Full shape received: ", shape);
    if (spec.max_ndim && rank > *spec.max_ndim) wrong("expected max_ndim=", *spec.max_ndim, ", found ndim=", rank, ". Full shape received: ", shape);
    if (spec.min_ndim && rank < *spec.min_ndim) wrong("expected min_ndim=", *spec.min_ndim, ", found ndim=", rank, ". Full shape received: ", shape);
    if (spec.dtype && x.dtype() != *spec.dtype)
        throw DTypeError(mismatch(index, layer, str("expected dtype=", *spec.dtype, ", found dtype=", x.dtype())));
    for (const auto& [axis, size] : spec.axes) {
        const int64_t at = axis < 0 ? axis + rank : axis;
        if (at < 0 || at >= rank || (shape[at] != None && size != None && shape[at] != size))
            wrong("expected axis ", axis, " of input shape to have value ", size, ", but received input with shape ", shape);
    }
    if (!spec.shape) return;
    bool fits = spec.shape->rank() == rank;
    for (int64_t axis = 0; fits && axis < rank; ++axis)
        fits = shape[axis] == None || (*spec.shape)[axis] == None || shape[axis] == (*spec.shape)[axis];
    if (!fits) wrong("expected shape=", *spec.shape, ", found shape=", shape);
}

}  // namespace

void check_inputs(const std::vector<InputSpec>& specs, const Structure& inputs, const std::string& layer_name) {
    if (specs.empty()) return;
    const Tensors flat = inputs.flatten();
    if (flat.size() != specs.size())
        throw ValueError(str("Layer \"", layer_name, "\" expects ", specs.size(), " input(s), but it received ", flat.size(), " input tensors."));
    for (size_t i = 0; i < flat.size(); ++i) {
        if (!flat[i].defined() && specs[i].optional) continue;
        check_input(specs[i], flat[i], i, layer_name);
    }
}

}  // namespace cornu
