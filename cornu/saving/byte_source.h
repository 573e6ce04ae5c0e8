// Read-only bytes of a file or of memory, with every access checked against the size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cornu/base/api.h"

namespace cornu::saving {

// A handle: copies and slices share the mapping, which lives until the last of them is gone, so a
// tensor may keep pointing into a file by holding owner(). A mapped file must not be shortened by
// another process while it is in use (the operating system answers that with SIGBUS).
class CORNU_API ByteSource {
public:
    ByteSource() = default;
    // Maps the regular file at `path`. Throws FileError when it cannot be opened.
    static ByteSource open(const std::filesystem::path& path);
    // Takes the bytes. `name` is what errors call them.
    static ByteSource own(std::string name, std::vector<std::byte> bytes);
    // Points at bytes that live at least as long as `owner`, or as the caller sees to.
    static ByteSource view(std::string name, std::span<const std::byte> bytes,
                           std::shared_ptr<const void> owner = {});
    // A part of this source under a name of its own, as of a member inside an archive.
    ByteSource slice(std::string name, uint64_t offset, uint64_t size) const;

    const std::string& name() const { return name_; }
    uint64_t size() const { return bytes_.size(); }
    std::span<const std::byte> bytes() const { return bytes_; }
    const std::shared_ptr<const void>& owner() const { return owner_; }
    // True when 64 bytes beyond the end may be read, as vectorised kernels do: always so in open().
    bool padded() const { return padded_; }

    // True when [offset, offset + size) lies inside.
    bool holds(uint64_t offset, uint64_t size) const {
        return offset <= bytes_.size() && size <= bytes_.size() - offset;
    }
    // Each throws FileError when the range reaches beyond the end.
    std::span<const std::byte> bytes(uint64_t offset, uint64_t size) const {
        if (!holds(offset, size)) fail_range(offset, size);
        return bytes_.subspan(static_cast<size_t>(offset), static_cast<size_t>(size));
    }
    std::string_view text(uint64_t offset, uint64_t size) const {
        const auto range = bytes(offset, size);
        return {reinterpret_cast<const char*>(range.data()), range.size()};
    }
    // A little-endian unsigned integer of `width` bytes, 1 to 8.
    uint64_t uint(uint64_t offset, int width) const {
        const auto range = bytes(offset, static_cast<uint64_t>(width));
        uint64_t value = 0;
        for (int i = width; i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(range[i]);
        return value;
    }
    uint8_t u8(uint64_t offset) const { return static_cast<uint8_t>(uint(offset, 1)); }
    uint16_t u16(uint64_t offset) const { return static_cast<uint16_t>(uint(offset, 2)); }
    uint32_t u32(uint64_t offset) const { return static_cast<uint32_t>(uint(offset, 4)); }
    uint64_t u64(uint64_t offset) const { return uint(offset, 8); }

    // Throws FileError: `name, byte offset: message`.
    [[noreturn]] void fail(uint64_t offset, std::string_view message) const;

private:
    [[noreturn]] void fail_range(uint64_t offset, uint64_t size) const;

    std::string name_;
    std::span<const std::byte> bytes_;
    std::shared_ptr<const void> owner_;
    bool padded_ = false;
};

// Reads a range of a source front to back; leaving the range is a FileError.
class CORNU_API Cursor {
public:
    Cursor(const ByteSource& source, uint64_t offset, uint64_t size);

    uint64_t offset() const { return offset_; }
    uint64_t remaining() const { return end_ - offset_; }
    const ByteSource& source() const { return *source_; }

    uint64_t uint(int width);
    uint8_t u8() { return static_cast<uint8_t>(uint(1)); }
    uint16_t u16() { return static_cast<uint16_t>(uint(2)); }
    uint32_t u32() { return static_cast<uint32_t>(uint(4)); }
    uint64_t u64() { return uint(8); }
    std::string_view text(uint64_t size);
    void skip(uint64_t size) { take(size); }
    Cursor sub(uint64_t size);                // the next `size` bytes as a range of their own
    void expect(std::string_view signature);  // these very bytes come next
    [[noreturn]] void fail(std::string_view message) const { source_->fail(offset_, message); }

private:
    uint64_t take(uint64_t size);  // returns where they begin

    const ByteSource* source_;
    uint64_t offset_, end_;
};

}  // namespace cornu::saving
