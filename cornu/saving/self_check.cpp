#include "cornu/saving/self_check.h"

#include <cmath>

#include "cornu/base/error.h"
#include "cornu/ops/elementwise.h"
#include "cornu/saving/npy.h"

namespace cornu::saving {

namespace {

constexpr int64_t batch = 2, free_axis = 4;   // of made-up inputs

// Values that no symmetry of a model hides, small enough to be valid indices.
Tensor made_up(const Spec& spec) {
    Shape shape = spec.shape;
    for (int64_t axis = 0; axis < shape.rank(); ++axis)
        if (shape[axis] == None) shape[axis] = axis == 0 ? batch : free_axis;
    std::vector<float> values(static_cast<size_t>(shape.size()));
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = is_float(spec.dtype) ? std::sin(static_cast<float>(i) * 1.7f + 0.3f) : static_cast<float>(i % 2);
    return ops::cast(Tensor::from(values, shape), spec.dtype);
}

std::string name(char kind, size_t i) { return kind + std::to_string(i); }

double precision(const Model& model) {
    double t = 1e-5;
    for (const Layer& layer : model.layers()) {
        const DType dtype = layer.impl().compute_dtype();
        if (dtype == DType::float16) t = std::max(t, 4e-3);
        if (dtype == DType::bfloat16) t = std::max(t, 3e-2);
    }
    return t;
}

// close at t: |a-b| <= t |b| + t max|b|
void check_close(const Tensor& got, const NpyArray& wanted, double t, const std::string& where) {
    if (got.shape() != wanted.shape) throw FileError(str(where, ": self check failed: the output's shape is ", got.shape(), ", it was ", wanted.shape, "."));
    const Tensor before = Tensor::wrap(wanted.bytes.data(), wanted.shape, wanted.dtype, wanted.owner);
    const std::vector<double> a = got.to_vector<double>(), b = before.to_vector<double>();
    double largest = 0, worst = 0;
    for (const double value : b)
        if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    for (size_t i = 0; i < a.size(); ++i) {
        if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
        const double off = std::abs(a[i] - b[i]) / (std::abs(b[i]) + largest);
        worst = std::isfinite(off) ? std::max(worst, off) : HUGE_VAL;
    }
    if (!(worst <= t)) throw FileError(str(where, ": self check failed: the output differs from the stored one by ", worst, " where ", t, " is allowed."));
}

}  // namespace

std::vector<std::byte> make_self_check(const Model& model, const Structure& inputs) {
    Tensors x = inputs.flatten();
    if (std::none_of(x.begin(), x.end(), [](const Tensor& t) { return t.defined(); })) {
        x.clear();
        model.input().for_each([&](const Tensor& input) { x.push_back(made_up(input.spec())); });
    }
    const Tensors y = model.predict_on_batch(model.input().pack(x)).flatten();
    MemorySink sink;
    NpzWriter npz(sink);
    const auto add = [&](char kind, const Tensors& tensors) {
        for (size_t i = 0; i < tensors.size(); ++i) {
            const bool plain = tensors[i].dtype() != DType::bfloat16;
            const Tensor host = (plain ? tensors[i] : ops::cast(tensors[i], DType::float32)).to_host();
            npz.add(name(kind, i), host.shape(), host.dtype(), {static_cast<const std::byte*>(host.raw()), static_cast<size_t>(bytes_for(host.dtype(), host.size()))});
        }
    };
    add('x', x);
    add('y', y);
    npz.finish();
    return sink.take();
}

void run_self_check(const Model& model, const ZipReader& zip, const LoadLimits& limits) {
    const ByteSource member = zip.open(self_check_member);
    const NpzReader npz(member, limits);
    Tensors x;
    std::vector<Spec> specs;
    model.input().for_each([&](const Tensor& input) { specs.push_back(input.spec()); });
    for (size_t i = 0; i < specs.size(); ++i) {
        const NpyArray array = npz.read(name('x', i));
        if (array.dtype == DType::string) throw FileError(str(member.name(), ": inputs must be numbers."));
        x.push_back(ops::cast(Tensor::wrap(array.bytes.data(), array.shape, array.dtype, array.owner), specs[i].dtype));
    }
    Tensors y;
    try {
        y = model.predict_on_batch(model.input().pack(x)).flatten();
    } catch (const ValueError& e) {
        throw FileError(str(member.name(), ": self check failed: ", e.what()));
    }
    for (size_t i = 0; i < y.size(); ++i) {
        const NpyArray wanted = npz.read(name('y', i));
        if (wanted.dtype == DType::string) throw FileError(str(member.name(), ": outputs must be numbers."));
        check_close(y[i], wanted, precision(model), str(member.name(), ", ", name('y', i)));
    }
}

}  // namespace cornu::saving
