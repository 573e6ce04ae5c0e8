#include "cornu/cli/arrays.h"

#include <cmath>

#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"

namespace cornu::cli {

namespace {

class Arrays {
public:
    explicit Arrays(const std::string& path) : path_(path), arrays_(load_arrays(path)), used_(arrays_.size(), false) {}

    bool has(const std::string& name) const { return find(name) < arrays_.size(); }
    Tensor take(const std::string& name) {
        const size_t i = find(name);
        if (i == arrays_.size()) throw ValueError(str(path_, ": the array ", name, " is missing. It holds: ", names(), "."));
        used_[i] = true;
        return arrays_[i].second;
    }
    bool single() const { return arrays_.size() == 1 && arrays_[0].first.empty(); }
    void refuse_unused(bool targets_too) const {
        for (size_t i = 0; i < arrays_.size(); ++i) {
            const std::string& name = arrays_[i].first;
            const bool target = name.size() > 1 && (name[0] == 'y' || name[0] == 'w') && name.find_first_not_of("0123456789", 1) == name.npos;
            if (!used_[i] && (targets_too || !target)) throw ValueError(str(path_, ": nothing asks for the array ", name, "."));
        }
    }
    const std::string& path() const { return path_; }

private:
    size_t find(const std::string& name) const {
        for (size_t i = 0; i < arrays_.size(); ++i)
            if (arrays_[i].first == name) return i;
        return arrays_.size();
    }
    std::string names() const {
        std::string all;
        for (const auto& [name, tensor] : arrays_) all += (all.empty() ? "" : ", ") + (name.empty() ? "one array" : name);
        return all.empty() ? "nothing" : all;
    }
    std::string path_;
    NamedTensors arrays_;
    std::vector<bool> used_;
};

// A cast that keeps the values: floats may be rounded, whole numbers may not change and nothing may
// become infinite.
Tensor cast_safely(const Tensor& x, DType dtype, const std::string& name) {
    if (x.dtype() == dtype) return x;
    if (x.dtype() == DType::string || dtype == DType::string)
        throw DTypeError(str("the array ", name, " must be of dtype ", dtype, ". Received: ", x.dtype()));
    const Tensor y = ops::cast(x, dtype);
    bool same = true;
    if (is_float(dtype) && is_float(x.dtype())) {
        const Tensor finite = ops::less(ops::abs(x), Tensor::full({}, std::numeric_limits<double>::infinity(), x.dtype()));
        const Tensor still = ops::less(ops::abs(y), Tensor::full({}, std::numeric_limits<double>::infinity(), dtype));
        same = ops::all(ops::equal(finite, still)).item<bool>();
    } else {
        same = ops::all(ops::equal(ops::cast(y, x.dtype()), x)).item<bool>();
        if (same && is_unsigned_int(dtype) && (is_signed_int(x.dtype()) || is_float(x.dtype())))
            same = !ops::any(ops::less(x, Tensor::full({}, 0, x.dtype()))).item<bool>();
    }
    if (!same) throw ValueError(str("the array ", name, " of dtype ", x.dtype(), " holds values that ", dtype, ", which the model takes, cannot hold."));
    return y;
}

void check_shape(const Tensor& x, const Shape& wanted, const std::string& name) {
    bool fits = x.rank() == wanted.rank();
    for (int64_t i = 0; fits && i < x.rank(); ++i) fits = wanted[i] < 0 || x.shape()[i] == wanted[i];
    if (!fits) throw ShapeError(str("the array ", name, " must have the shape ", wanted, ". Received: ", x.shape()));
}

}  // namespace

ModelData read_model_data(const std::string& path, const Model& model, Wants wants) {
    Arrays arrays(path);
    const Tensors inputs = model.input().flatten();
    const std::vector<std::string> names = model.input_names();
    ModelData data;
    bool by_name = false, by_number = false;
    for (size_t i = 0; i < inputs.size(); ++i) {
        by_name = by_name || arrays.has(names[i]);
        by_number = by_number || arrays.has(str("x", i));
    }
    // An input may itself be called x0.
    for (size_t i = 0; i < inputs.size(); ++i)
        if (names[i] == str("x", i)) by_number = false;
    if (by_name && by_number) throw ValueError(str(path, ": inputs are named by the model's names or as x0, x1, …, not both at once."));
    Tensors x;
    for (size_t i = 0; i < inputs.size(); ++i) {
        const std::string name = arrays.single() && inputs.size() == 1 ? "" : by_name ? names[i] : str("x", i);
        const Tensor array = arrays.take(name);
        check_shape(array, inputs[i].shape(), name.empty() ? path : name);
        x.push_back(cast_safely(array, inputs[i].dtype(), name.empty() ? path : name));
    }
    data.x = model.input().pack(x);
    if (wants == Wants::inputs_and_targets) {
        const size_t outputs = model.output().leaf_count();
        Tensors y, w;
        bool any_weight = false;
        for (size_t i = 0; i < outputs; ++i) {
            y.push_back(arrays.take(str("y", i)));
            const std::string name = str("w", i);
            w.push_back(arrays.has(name) ? arrays.take(name) : Tensor());
            any_weight = any_weight || w.back().defined();
        }
        data.y = model.output().pack(y);
        if (any_weight) data.sample_weight = model.output().pack(w);
    }
    arrays.refuse_unused(wants == Wants::inputs_and_targets);
    return data;
}

void write_outputs(const std::string& path, const Structure& outputs) {
    NamedTensors arrays;
    for (const Tensor& y : outputs.flatten()) arrays.emplace_back(str("y", arrays.size()), y);
    save_npz(path, arrays);
}

}  // namespace cornu::cli
