#include "cornu/testing/golden.h"

#include "cornu/saving/npy.h"

namespace cornu::testing {

Structure nested(const Tensors& arrays, const Structure& like) {
    if (arrays.empty()) return {};
    return like.is_leaf() ? Structure(arrays[0]) : like.pack(arrays);
}

std::string read_text(const saving::ZipReader& zip, const std::string& member) {
    const saving::ByteSource source = zip.open(member);
    const auto bytes = source.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Golden::Golden(const std::filesystem::path& path)
    : zip_(saving::ByteSource::open(path)), cases_(Json::parse(read_text(zip_, "cases.json"))) {}

const Json& Golden::find(const std::string& name) const {
    for (const Json& item : cases())
        if (item["name"].as_string() == name) return item;
    throw ValueError(str("no recorded case is named ", name));
}

Tensor Golden::tensor(const Json& reference) const {
    const saving::NpyArray array = saving::read_npy(zip_.open(reference["npy"].as_string()));
    if (array.dtype == DType::string) return Tensor::strings(array.strings, array.shape);
    // Types that NumPy has not are recorded as their bits.
    return Tensor::wrap(array.bytes.data(), array.shape, parse_dtype(reference["dtype"].as_string()), array.owner);
}

Tensors Golden::tensors(const Json& references) const {
    Tensors out;
    for (const Json& reference : references.as_array()) out.push_back(tensor(reference));
    return out;
}

saving::ByteSource Golden::file(const Json& reference) const { return zip_.open(reference["file"].as_string()); }

}  // namespace cornu::testing
