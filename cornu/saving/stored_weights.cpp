#include "cornu/saving/stored_weights.h"

#include <cstring>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"

namespace cornu::saving {

namespace {

constexpr size_t worth_mapping = 64 << 10;   // smaller ones are copied: the file may then be let go
constexpr size_t vector_tail = 64;           // what allocate_host adds for kernels to read beyond the end

Tensor read_dataset(const Hdf5Dataset& data, const ByteSource& source) {
    if (const auto view = data.view()) return tensor_in_place(source, *view, data.shape(), data.dtype());
    Tensor out = Tensor::uninitialized(data.shape(), data.dtype());
    data.read({static_cast<std::byte*>(out.mutable_raw()), static_cast<size_t>(data.nbytes())});
    return out;
}

}  // namespace

uint64_t StoredWeights::elements(const LoadLimits& limits) const {
    uint64_t sum = 0, bytes = 0, allowed;
    if (multiply_overflows(file_bytes, limits.max_ratio, &allowed)) allowed = ~uint64_t(0);
    allowed = std::max(allowed, limits.ratio_floor);
    for (const auto& [place, array] : arrays) {
        const auto size = static_cast<uint64_t>(array.shape.size());
        uint64_t own;
        if (multiply_overflows(size, static_cast<uint64_t>(bits(array.dtype)), &own) || add_overflows(sum, size, &sum) ||
            add_overflows(bytes, own / 8, &bytes) || bytes > allowed) {
            throw FileError(str(file, ": the arrays declare more bytes than LoadLimits::max_ratio allows for a file of this size (", file_bytes,
                                " bytes): ", place, " has the shape ", array.shape, "."));
        }
    }
    if (sum > limits.max_parameters)
        throw FileError(str(file, ": more elements than LoadLimits::max_parameters allows. Received: ", sum, " of ", limits.max_parameters, "."));
    return sum;
}

uint64_t StoredWeights::arrays_below(const std::string& group) const {
    const std::string prefix = group + "/";
    uint64_t count = 0;
    for (auto at = arrays.lower_bound(prefix); at != arrays.end() && at->first.starts_with(prefix); ++at)
        count += at->first.find('/', prefix.size()) == std::string::npos;
    return count;
}

StoredArray stored_array(const Hdf5Dataset& dataset) {
    return {.shape = dataset.shape(), .dtype = dataset.dtype(), .read = [dataset] { return read_dataset(dataset, dataset.source()); }};
}

void add_hdf5(const Hdf5Group& root, StoredWeights& to) {
    to.file_bytes += root.source().size();
    std::vector<std::pair<std::string, Hdf5Group>> todo = {{"", root}};
    while (!todo.empty()) {
        const auto [path, group] = std::move(todo.back());
        todo.pop_back();
        if (path.ends_with("vars") && group.has_attribute("name")) {
            const Json name = group.attribute("name");
            if (name.is_string()) to.names[path] = name.as_string();
        }
        for (const std::string& name : group.names()) {
            const std::string place = path.empty() ? name : path + "/" + name;
            if (group.contains_group(name)) {
                todo.emplace_back(place, group.group(name));
            } else if (!to.arrays.emplace(place, stored_array(group.dataset(name))).second) {
                throw FileError(str(to.file, ": two shards hold ", place, "."));
            }
        }
    }
}

Tensor tensor_in_place(const ByteSource& source, std::span<const std::byte> bytes, const Shape& shape, DType dtype) {
    const auto end = static_cast<size_t>(source.bytes().data() + source.size() - (bytes.data() + bytes.size()));
    const size_t alignment = std::max<size_t>(1, static_cast<size_t>(bits(dtype)) / 8 / (is_complex(dtype) ? 2 : 1));
    const bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % alignment == 0;
    if (source.owner() && aligned && bytes.size() >= worth_mapping && (source.padded() || end >= vector_tail))
        return Tensor::wrap(bytes.data(), shape, dtype, source.owner());
    Tensor out = Tensor::uninitialized(shape, dtype);
    if (!bytes.empty()) std::memcpy(out.mutable_raw(), bytes.data(), bytes.size());
    return out;
}

}  // namespace cornu::saving
