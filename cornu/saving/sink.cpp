#include "cornu/saving/sink.h"

#include <algorithm>
#include <array>

#include "cornu/base/error.h"

namespace cornu::saving {

void Sink::pad(uint64_t zeros) {
    static constexpr std::array<std::byte, 4096> block{};
    while (zeros > 0) {
        const size_t count = static_cast<size_t>(std::min<uint64_t>(zeros, block.size()));
        write(std::span(block).first(count));
        zeros -= count;
    }
}

void MemorySink::write(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void MemorySink::overwrite(uint64_t offset, std::span<const std::byte> bytes) {
    CORNU_CHECK(offset <= bytes_.size() && bytes.size() <= bytes_.size() - offset);
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<ptrdiff_t>(offset));
}

Fields& Fields::uint(uint64_t value, int width) {
    for (int i = 0; i < width; ++i) bytes_.push_back(static_cast<std::byte>(value >> 8 * i));
    return *this;
}

Fields& Fields::text(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
}

Fields& Fields::append(const Fields& other) {
    bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
    return *this;
}

Fields& Fields::pad(uint64_t zeros) {
    bytes_.resize(bytes_.size() + static_cast<size_t>(zeros));
    return *this;
}

Fields& Fields::pad_to(uint64_t multiple) { return pad((multiple - size() % multiple) % multiple); }

}  // namespace cornu::saving
