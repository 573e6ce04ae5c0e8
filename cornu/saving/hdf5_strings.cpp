// Strings, which may lie in global heaps (III.E), and attributes as JSON.
#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"
#include "cornu/saving/hdf5_format.h"

namespace cornu::saving::hdf5 {

namespace {

class GlobalHeaps {
public:
    explicit GlobalHeaps(const ByteSource& source) : budget_(source) {}

    std::string_view object(uint64_t collection, uint32_t index, uint64_t size, uint64_t at) {
        const ByteSource& source = budget_.source();
        const auto [it, fresh] = collections_.try_emplace(collection);
        if (fresh) read(collection, it->second);
        const auto object = it->second.find(index);
        if (object == it->second.end()) source.fail(at, "a string is missing from its heap.");
        if (size > object->second.size())
            source.fail(at, "a string is longer than what its heap holds.");
        return object->second.substr(0, static_cast<size_t>(size));
    }

private:
    void read(uint64_t address, std::unordered_map<uint32_t, std::string_view>& objects) {
        const ByteSource& source = budget_.source();
        Cursor head(source, address, 16);
        head.expect("GCOL");
        if (head.u8() != 1) head.fail("the version of a global heap must be 1.");
        head.skip(3);
        const uint64_t size = head.u64();
        budget_.spend(size, address);
        if (size < 16) head.fail("a global heap is too short.");
        Cursor in(source, address + 16, (source.bytes(address, size), size - 16));
        while (in.remaining() >= 16) {
            const uint16_t index = in.u16();
            in.skip(6);
            const uint64_t length = in.u64();
            if (index == 0) break;  // the rest is free
            const std::string_view bytes = in.text(length);
            in.skip(std::min<uint64_t>((8 - length % 8) % 8, in.remaining()));
            if (!objects.emplace(index, bytes).second)
                in.fail("a global heap must not hold an index twice.");
        }
    }

    Budget budget_;
    std::unordered_map<uint64_t, std::unordered_map<uint32_t, std::string_view>> collections_;
};

template <class T>
T load(const std::byte* bytes, bool big_endian) {
    std::byte copy[sizeof(T)];
    std::memcpy(copy, bytes, sizeof(T));
    if (big_endian) std::reverse(copy, copy + sizeof(T));
    T value;
    std::memcpy(&value, copy, sizeof(T));
    return value;
}

template <class T>
Json number(const std::byte* bytes, bool big_endian) {
    if constexpr (std::is_same_v<T, bool>) {
        return *bytes != std::byte(0);
    } else {
        const T value = load<T>(bytes, big_endian);
        if constexpr (std::is_same_v<T, uint64_t>) {
            if (value > uint64_t(std::numeric_limits<int64_t>::max())) return double(value);
        }
        if constexpr (std::is_integral_v<T>)
            return int64_t(value);
        else
            return double(float(value));
    }
}

}  // namespace

std::vector<std::string> read_strings(const Tree& tree, const Type& type, uint64_t offset,
                                      uint64_t count) {
    const ByteSource& source = tree.source;
    uint64_t size;
    if (multiply_overflows(count, type.size, &size))
        source.fail(offset, "the strings are too many.");
    Cursor in(source, offset, size);
    if (size > tree.limits.max_attribute_bytes) {
        in.fail(str("the strings exceed LoadLimits::max_attribute_bytes. Received: ", size, " of ",
                    tree.limits.max_attribute_bytes, "."));
    }
    std::vector<std::string> out;
    out.reserve(static_cast<size_t>(count));
    if (type.kind == Type::Kind::fixed_string) {
        for (uint64_t i = 0; i < count; ++i) {
            std::string_view text = in.text(type.size);
            if (type.padding == 0) text = text.substr(0, text.find('\0'));
            const char pad = type.padding == 2 ? ' ' : '\0';
            while (!text.empty() && text.back() == pad) text.remove_suffix(1);
            out.emplace_back(text);
        }
        return out;
    }
    GlobalHeaps heaps(source);
    Budget strings(source);  // many elements may name one heap object
    uint64_t total = 0;
    for (uint64_t i = 0; i < count; ++i) {
        const uint64_t at = in.offset(), length = in.u32(), collection = in.u64();
        const uint32_t index = in.u32();
        if (length == 0) {
            out.emplace_back();
            continue;
        }
        std::string_view text = heaps.object(collection, index, length, at);
        strings.spend(text.size(), at);
        total += text.size();
        if (total > tree.limits.max_attribute_bytes)
            in.fail("the strings exceed LoadLimits::max_attribute_bytes.");
        while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
        out.emplace_back(text);
    }
    return out;
}

Json attribute_json(const Tree& tree, const Attribute& attribute) {
    const Type& type = attribute.type;
    const ByteSource& source = tree.source;
    if (attribute.space.null) return nullptr;
    Json::Array flat;
    if (type.kind == Type::Kind::fixed_string || type.kind == Type::Kind::var_string) {
        for (std::string& text :
             read_strings(tree, type, attribute.offset, attribute.space.elements)) {
            flat.emplace_back(std::move(text));
        }
    } else if (type.kind == Type::Kind::plain && !is_complex(type.dtype)) {
        const auto bytes = source.bytes(attribute.offset, attribute.space.elements * type.size);
        flat.reserve(static_cast<size_t>(attribute.space.elements));
        for (uint64_t i = 0; i < attribute.space.elements; ++i) {
            const std::byte* element = bytes.data() + i * type.size;
            flat.push_back(visit_dtype(type.dtype, [&](auto zero) -> Json {
                using T = decltype(zero);
                if constexpr (std::is_same_v<T, double>)
                    return load<double>(element, type.big_endian);
                else if constexpr (dtype_of<T> != DType::complex64 &&
                                   dtype_of<T> != DType::complex128)
                    return number<T>(element, type.big_endian);
                else
                    return nullptr;
            }));
        }
    } else {
        source.fail(attribute.offset,
                    str("the attribute ", attribute.name, " has elements that are not read: ",
                        type.what.empty() ? "raw bytes or complex numbers" : type.what, "."));
    }
    const Shape& shape = attribute.space.shape;
    if (shape.empty()) return flat.empty() ? Json() : std::move(flat.front());
    for (int64_t axis = shape.rank() - 1; axis > 0; --axis) {  // gather rows, innermost first
        Json::Array rows;
        const size_t length = static_cast<size_t>(shape[axis]);
        for (size_t i = 0; length > 0 && i < flat.size(); i += length) {
            rows.emplace_back(Json::Array(
                std::make_move_iterator(flat.begin() + static_cast<ptrdiff_t>(i)),
                std::make_move_iterator(flat.begin() + static_cast<ptrdiff_t>(i + length))));
        }
        flat = std::move(rows);
    }
    return flat;
}

}  // namespace cornu::saving::hdf5
