#include "cornu/saving/arrays.h"

#include "cornu/ops/elementwise.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/saving/npy.h"

namespace cornu {

namespace {

Tensor to_tensor(saving::NpyArray array) {
    if (array.dtype == DType::string) return Tensor::strings(std::move(array.strings), array.shape);
    return Tensor::wrap(array.bytes.data(), array.shape, array.dtype, array.owner);
}

bool numpy_has(DType dtype) {
    return dtype != DType::bfloat16 && dtype != DType::float8_e4m3fn && dtype != DType::float8_e5m2 && dtype != DType::int4;
}

}  // namespace

NamedTensors load_arrays(const std::string& path, const saving::LoadLimits& limits) {
    const saving::ByteSource source = saving::ByteSource::open(path);
    NamedTensors out;
    if (path.ends_with(".npy")) {
        out.emplace_back("", to_tensor(saving::read_npy(source, limits)));
        return out;
    }
    if (!path.ends_with(".npz")) throw FileError(str(path, ": arrays are read from .npz and .npy files."));
    const saving::NpzReader archive(source, limits);
    for (const std::string& name : archive.names()) out.emplace_back(name, to_tensor(archive.read(name)));
    return out;
}

void save_npz(const std::string& path, const NamedTensors& arrays) {
    saving::AtomicFile file(path);
    saving::NpzWriter writer(file);
    for (const auto& [name, tensor] : arrays) {
        if (tensor.dtype() == DType::string) {
            writer.add(name, tensor.shape(), tensor.data<std::string>());
            continue;
        }
        const Tensor host = numpy_has(tensor.dtype()) ? tensor.to_host() : ops::cast(tensor, DType::float32).to_host();
        const auto bytes = static_cast<size_t>(bytes_for(host.dtype(), host.size()));
        writer.add(name, host.shape(), host.dtype(), {static_cast<const std::byte*>(host.raw()), bytes});
    }
    writer.finish();
    file.commit();
}

}  // namespace cornu
