// Where writers put their bytes: a file, memory, or a member of an archive being written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cornu/base/api.h"

namespace cornu::saving {

class CORNU_API Sink {
public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    // Appends. Throws FileError when the bytes cannot be stored.
    virtual void write(std::span<const std::byte> bytes) = 0;
    void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }
    void pad(uint64_t zeros);
};

// A sink that can also go back over what it has, as archive headers need.
class CORNU_API RandomSink : public Sink {
public:
    virtual uint64_t size() const = 0;
    // Replaces bytes already written; [offset, offset + bytes.size()) must lie inside.
    virtual void overwrite(uint64_t offset, std::span<const std::byte> bytes) = 0;
};

class CORNU_API MemorySink final : public RandomSink {
public:
    using Sink::write;
    void write(std::span<const std::byte> bytes) override;
    uint64_t size() const override { return bytes_.size(); }
    void overwrite(uint64_t offset, std::span<const std::byte> bytes) override;

    const std::vector<std::byte>& bytes() const { return bytes_; }
    std::vector<std::byte> take() { return std::move(bytes_); }

private:
    std::vector<std::byte> bytes_;
};

// Little-endian fields, gathered for one write.
class CORNU_API Fields {
public:
    Fields& uint(uint64_t value, int width);
    Fields& u8(uint64_t value) { return uint(value, 1); }
    Fields& u16(uint64_t value) { return uint(value, 2); }
    Fields& u32(uint64_t value) { return uint(value, 4); }
    Fields& u64(uint64_t value) { return uint(value, 8); }
    Fields& text(std::string_view text);
    Fields& append(const Fields& other);
    Fields& pad(uint64_t zeros);
    Fields& pad_to(uint64_t multiple);  // zeros up to a size that is a multiple
    uint64_t size() const { return bytes_.size(); }
    std::span<const std::byte> bytes() const { return bytes_; }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace cornu::saving
