// The zip archives that Keras and NumPy write: stored and deflated members, zip64.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cornu/saving/byte_source.h"
#include "cornu/saving/load_limits.h"
#include "cornu/saving/sink.h"

namespace cornu::saving {

enum class ZipMethod : uint16_t { stored = 0, deflated = 8 };

struct ZipMember {
    std::string name;  // relative, with '/' between; a folder's ends in one
    ZipMethod method = ZipMethod::stored;
    uint64_t size = 0;         // bytes once inflated
    uint64_t stored_size = 0;  // bytes in the archive
    uint64_t data_offset = 0;  // where they begin
    uint32_t crc = 0;
    bool is_folder() const { return name.ends_with('/'); }
};

// Everything is checked when the archive is opened: the central directory alone says what there
// is, each local header must agree with it, and no two members may share a byte. Refused: names
// that are duplicate, absolute, with `..`, a drive, a backslash or control characters; encrypted,
// split or patched archives; links; methods other than stored and deflated; members that inflate
// beyond the limits. Nothing is ever extracted to a path.
class CORNU_API ZipReader {
public:
    // Throws FileError naming the archive, the member and the byte offset.
    explicit ZipReader(ByteSource source, const LoadLimits& limits = {});

    ZipReader(ZipReader&&) = default;
    ZipReader& operator=(ZipReader&&) = default;

    const std::vector<ZipMember>& members() const { return members_; }
    const ZipMember* find(std::string_view name) const;  // nullptr when absent
    bool contains(std::string_view name) const { return find(name) != nullptr; }

    // The bytes of a member: of a stored one, a slice of the archive without a copy; of a deflated
    // one, memory of its own. `check_crc = false` leaves the pages of a large stored member
    // untouched until they are used. Throws FileError when absent or damaged. Safe to call from
    // several threads.
    ByteSource open(std::string_view name, bool check_crc = true) const;

private:
    ByteSource source_;
    std::vector<ZipMember> members_;
    std::unordered_map<std::string_view, size_t> by_name_;  // views into members_
};

// Writes an archive front to back. Timestamps are fixed (1980-01-01), so the same content gives
// the same bytes. Names follow the reader's rules: ValueError otherwise.
class CORNU_API ZipWriter {
public:
    explicit ZipWriter(RandomSink& sink);
    ~ZipWriter();

    void add(std::string_view name, std::span<const std::byte> data,
             ZipMethod method = ZipMethod::stored);
    void add(std::string_view name, std::string_view text, ZipMethod method = ZipMethod::stored);

    // A stored member of `size` bytes, written piece by piece into the returned sink, which is
    // valid until end(). Members of 4 KiB or more begin at a multiple of 64 bytes, so that a
    // reader that maps the file can use aligned arrays in place.
    Sink& begin(std::string_view name, uint64_t size);
    void end();  // throws ValueError unless exactly `size` bytes came

    // Writes the central directory; without it the archive is unreadable.
    void finish();

private:
    struct Entry;
    struct MemberSink;
    void start(std::string_view name, uint64_t size, uint64_t stored_size, uint32_t crc,
               ZipMethod method);

    RandomSink* sink_;
    uint64_t base_;
    std::vector<Entry> entries_;
    std::unordered_map<std::string, size_t> names_;
    std::unique_ptr<MemberSink> open_;
    bool finished_ = false;
};

}  // namespace cornu::saving
