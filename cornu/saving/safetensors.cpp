#include "cornu/saving/safetensors.h"

#include <algorithm>
#include <array>
#include <set>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"

namespace cornu::saving {

namespace {

constexpr uint64_t max_header = 100'000'000;   // the format's own bound

constexpr std::array<std::pair<std::string_view, DType>, 17> dtypes = {{
    {"BOOL", DType::bool_}, {"U8", DType::uint8}, {"I8", DType::int8}, {"U16", DType::uint16}, {"I16", DType::int16},
    {"U32", DType::uint32}, {"I32", DType::int32}, {"U64", DType::uint64}, {"I64", DType::int64}, {"F16", DType::float16},
    {"BF16", DType::bfloat16}, {"F32", DType::float32}, {"F64", DType::float64}, {"F8_E4M3", DType::float8_e4m3fn},
    {"F8_E5M2", DType::float8_e5m2}, {"C64", DType::complex64}, {"C128", DType::complex128},
}};

std::string_view name_of(DType dtype) {
    for (const auto& [name, type] : dtypes)
        if (type == dtype) return name;
    throw ValueError(str("safetensors files hold no ", dtype, "."));
}

struct Entry {
    std::string name;
    DType dtype;
    Shape shape;
    uint64_t begin, end;
};

Entry read_entry(const std::string& name, const Json& json) {
    Entry entry{.name = name, .dtype = DType::float32, .shape = {}, .begin = 0, .end = 0};
    const std::string& dtype = json["dtype"].as_string();
    const auto known = std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& d) { return d.first == dtype; });
    if (known == dtypes.end()) throw ValueError(str("the dtype is not known. Received: ", dtype));
    entry.dtype = known->second;
    std::vector<int64_t> dims;
    uint64_t elements = 1, bytes;
    for (const Json& dim : json["shape"].as_array()) {
        if (!dim.is_int() || dim.as_int() < 0) throw ValueError(str("`shape` must hold non-negative integers. Received: ", json["shape"]));
        dims.push_back(dim.as_int());
        if (multiply_overflows(elements, static_cast<uint64_t>(dims.back()), &elements)) throw ValueError("the shape is too large.");
    }
    if (dims.size() > 32) throw ValueError(str("the rank must be at most 32. Received: ", dims.size()));
    entry.shape = Shape(std::move(dims));
    const Json& offsets = json["data_offsets"];
    if (offsets.size() != 2 || !offsets[0].is_int() || !offsets[1].is_int() || offsets[0].as_int() < 0 || offsets[1].as_int() < offsets[0].as_int())
        throw ValueError(str("`data_offsets` must be two ascending integers. Received: ", offsets));
    entry.begin = static_cast<uint64_t>(offsets[0].as_int());
    entry.end = static_cast<uint64_t>(offsets[1].as_int());
    if (multiply_overflows(elements, static_cast<uint64_t>(bits(entry.dtype)) / 8, &bytes) || bytes != entry.end - entry.begin)
        throw ValueError(str("a ", dtype, " of shape ", entry.shape, " must not have ", entry.end - entry.begin, " bytes."));
    if (json.size() != 3) throw ValueError("only `dtype`, `shape` and `data_offsets` may be there.");
    return entry;
}

StoredArray stored(const ByteSource& source, uint64_t data, const Entry& entry) {
    return {.shape = entry.shape, .dtype = entry.dtype, .read = [source, entry, at = data + entry.begin] {
        const auto bytes = source.bytes(at, entry.end - entry.begin);
        Tensor out = tensor_in_place(source, bytes, entry.shape, entry.dtype);
        // A bool of another value than these would be undefined behaviour.
        if (entry.dtype == DType::bool_ && std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b > std::byte(1); }))
            source.fail(at, str(entry.name, ": a BOOL must be 0 or 1."));
        return out;
    }};
}

}  // namespace

SafetensorsFile read_safetensors(const ByteSource& source, const LoadLimits& limits) {
    const uint64_t header = source.u64(0);
    if (header > std::min(max_header, limits.max_json_bytes)) source.fail(0, str("the header is longer than is allowed. Received: ", header, " bytes."));
    SafetensorsFile file{.weights = {.file = source.name(), .file_bytes = source.size()}, .metadata = {}};
    std::vector<Entry> entries;
    const std::string_view text = source.text(8, header);
    if (!text.starts_with("{")) source.fail(8, "the header must begin with '{'.");
    std::string where = "the header";
    try {
        const Json json = Json::parse(text, {.max_bytes = static_cast<size_t>(header), .max_depth = std::min(limits.max_json_depth, 8)});
        if (json.size() > limits.max_objects) throw ValueError(str("more tensors than LoadLimits::max_objects allows. Received: ", json.size()));
        for (const auto& [name, value] : json.as_object()) {
            where = name;
            if (name != "__metadata__") {
                entries.push_back(read_entry(name, value));
                continue;
            }
            for (const auto& [key, item] : value.as_object()) file.metadata.emplace(key, item.as_string());
        }
    } catch (const ValueError& e) {
        source.fail(8, str(where, ": ", e.what()));
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    const uint64_t data = 8 + header;
    uint64_t next = 0;
    for (const Entry& entry : entries) {
        if (entry.begin != next) source.fail(8, str(entry.name, ": the data must neither overlap nor leave holes."));
        next = entry.end;
        file.weights.arrays.emplace(entry.name, stored(source, data, entry));
    }
    if (next != source.size() - data) source.fail(data, str("the tensors must fill the file. Received: ", next, " of ", source.size() - data, " bytes."));
    return file;
}

void write_safetensors(Sink& sink, const NamedTensors& tensors, const std::map<std::string, std::string>& metadata) {
    Json::Object header;
    if (!metadata.empty()) {
        Json::Object words(metadata.begin(), metadata.end());
        header.emplace_back("__metadata__", std::move(words));
    }
    std::vector<std::pair<std::string, Tensor>> ordered;
    for (const auto& [name, tensor] : tensors) ordered.emplace_back(name, tensor.to_host());
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return bits(a.second.dtype()) > bits(b.second.dtype()); });
    uint64_t at = 0;
    std::vector<uint64_t> sizes;
    std::set<std::string_view> names = {"__metadata__"};
    for (const auto& [name, tensor] : ordered) {
        if (!names.insert(name).second) throw ValueError(str("two tensors must not have one name. Received: ", name));
        Json shape = Json::array();
        for (const int64_t dim : tensor.shape()) shape.push_back(dim);
        const std::string_view dtype = name_of(tensor.dtype());
        sizes.push_back(static_cast<uint64_t>(bytes_for(tensor.dtype(), tensor.size())));
        header.emplace_back(name, Json::object({{"dtype", dtype}, {"shape", std::move(shape)}, {"data_offsets", Json::array({at, at + sizes.back()})}}));
        at += sizes.back();
    }
    std::string text = Json(std::move(header)).dump();
    text.resize((8 + text.size() + 63) / 64 * 64 - 8, ' ');
    sink.write(Fields().u64(text.size()).bytes());
    sink.write(text);
    for (size_t i = 0; i < ordered.size(); ++i) sink.write({static_cast<const std::byte*>(ordered[i].second.raw()), static_cast<size_t>(sizes[i])});
}

}  // namespace cornu::saving
