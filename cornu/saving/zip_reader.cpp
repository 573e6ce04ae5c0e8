#include <algorithm>
#include <optional>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"
#include "cornu/saving/inflate.h"
#include "cornu/saving/zip.h"
#include "cornu/saving/zip_format.h"

namespace cornu::saving {

using namespace zip;

namespace {

struct Directory {
    uint64_t offset, size, members;
    uint64_t end;  // where the end records begin; the directory must reach exactly to here
};

// The end record is the only one whose comment reaches exactly to the end of the file.
uint64_t find_end_record(const ByteSource& source) {
    if (source.size() < end_record_size) source.fail(0, "not a zip archive: it is too short.");
    const uint64_t last = source.size() - end_record_size;
    const uint64_t first = last > 0xffff ? last - 0xffff : 0;
    for (uint64_t offset = last + 1; offset-- > first;) {
        if (source.u32(offset) == end_signature &&
            offset + end_record_size + source.u16(offset + 20) == source.size()) {
            return offset;
        }
    }
    source.fail(source.size(), "not a zip archive, or one cut short: it has no end record.");
}

Directory read_end(const ByteSource& source) {
    const uint64_t end = find_end_record(source);
    Cursor in(source, end + 4, end_record_size - 4);
    const uint16_t disk = in.u16(), directory_disk = in.u16();
    const uint16_t members_here = in.u16(), members = in.u16();
    const uint32_t size = in.u32(), offset = in.u32();
    Directory directory{offset, size, members, end};
    const bool zip64 = members == 0xffff || size == 0xffffffff || offset == 0xffffffff;
    if (disk != 0 || directory_disk != 0 || members_here != members) {
        if (!zip64) source.fail(end, "archives split over several files are not read.");
    }
    if (!zip64) return directory;

    if (end < locator_size || source.u32(end - locator_size) != locator_signature) {
        return directory;  // the plain values may be just these numbers; later checks decide
    }
    Cursor locator(source, end - locator_size + 4, locator_size - 4);
    const uint32_t record_disk = locator.u32();
    const uint64_t record = locator.u64();
    if (record_disk != 0 || locator.u32() > 1) {
        source.fail(end - locator_size, "archives split over several files are not read.");
    }
    Cursor in64(source, record, end64_record_size);
    if (in64.u32() != end64_signature) source.fail(record, "the zip64 end record must be here.");
    const uint64_t record_size = in64.u64();
    if (record_size < end64_record_size - 12 || record + 12 > end - locator_size ||
        record_size != end - locator_size - record - 12) {
        source.fail(record, "the zip64 end record must reach to its locator.");
    }
    in64.skip(4);
    if (in64.u32() != 0 || in64.u32() != 0) {
        source.fail(record, "archives split over several files are not read.");
    }
    const uint64_t members64_here = in64.u64();
    directory.members = in64.u64();
    directory.size = in64.u64();
    directory.offset = in64.u64();
    directory.end = record;
    if (members64_here != directory.members) {
        source.fail(record, "archives split over several files are not read.");
    }
    return directory;
}

struct Sizes {
    uint64_t size, stored_size, offset;
};

// Replaces the fields that hold all ones by those of the zip64 extra field.
void read_zip64(Cursor extra, Sizes& sizes, bool with_offset) {
    std::optional<Cursor> field;
    while (extra.remaining() >= 4) {
        const uint16_t id = extra.u16();
        Cursor body = extra.sub(extra.u16());
        if (id != zip64_extra) continue;
        if (field) extra.fail("a member must have at most one zip64 field.");
        field = body;
    }
    if (!field) return;
    if (sizes.size == 0xffffffff) sizes.size = field->u64();
    if (sizes.stored_size == 0xffffffff) sizes.stored_size = field->u64();
    if (with_offset && sizes.offset == 0xffffffff) sizes.offset = field->u64();
}

// The local header must tell the same story; returns where the data begin.
uint64_t check_local_header(const ByteSource& source, const ZipMember& member, uint16_t flags,
                            uint64_t offset) {
    const auto disagree = [&](const char* what) {
        source.fail(offset, str("the local header of ", member.name,
                                " must agree with the directory in its ", what, "."));
    };
    Cursor in(source, offset, local_header_size);
    if (in.u32() != local_signature) {
        source.fail(offset, str("the local header of ", member.name, " must be here."));
    }
    in.skip(2);
    const uint16_t local_flags = in.u16();
    if (local_flags != flags) disagree("flags");
    if (in.u16() != static_cast<uint16_t>(member.method)) disagree("method");
    in.skip(4);
    const uint32_t crc = in.u32();
    Sizes sizes{0, in.u32(), 0};
    sizes.size = in.u32();
    const uint16_t name_size = in.u16(), extra_size = in.u16();
    const uint64_t name_at = offset + local_header_size;
    if (source.text(name_at, name_size) != member.name) disagree("name");
    read_zip64(Cursor(source, name_at + name_size, extra_size), sizes, false);
    // A streamed member has its sizes and sum after the data, and zeros here.
    const bool streamed = (flags & flag_streamed) != 0;
    if (crc != member.crc && !(streamed && crc == 0)) disagree("CRC");
    const auto differs = [&](uint64_t local, uint64_t central) {
        return local != central && !(streamed && (local == 0 || local == 0xffffffff));
    };
    if (differs(sizes.size, member.size)) disagree("size");
    if (differs(sizes.stored_size, member.stored_size)) disagree("stored size");
    return name_at + name_size + extra_size;
}

}  // namespace

ZipReader::ZipReader(ByteSource source, const LoadLimits& limits) : source_(std::move(source)) {
    const Directory directory = read_end(source_);
    if (directory.offset > directory.end || directory.size != directory.end - directory.offset) {
        source_.fail(directory.end, "the directory must lie right before the end record.");
    }
    if (directory.members > limits.max_members) {
        source_.fail(directory.end,
                     str("more members than LoadLimits::max_members allows. Received: ",
                         directory.members, " of ", limits.max_members, "."));
    }
    if (directory.members > directory.size / central_header_size) {
        source_.fail(directory.end, "the directory is too short for its members.");
    }

    struct Extent {
        uint64_t begin, end;
        size_t member;
    };
    std::vector<Extent> extents;
    uint64_t inflated = 0;
    Cursor in(source_, directory.offset, directory.size);
    members_.reserve(static_cast<size_t>(directory.members));
    extents.reserve(static_cast<size_t>(directory.members));
    for (uint64_t i = 0; i < directory.members; ++i) {
        const uint64_t at = in.offset();
        if (in.u32() != central_signature) source_.fail(at, "a directory entry must be here.");
        const uint16_t made_by = in.u16();
        in.skip(2);
        const uint16_t flags = in.u16(), method = in.u16();
        in.skip(4);
        ZipMember member;
        member.crc = in.u32();
        Sizes sizes{0, in.u32(), 0};
        sizes.size = in.u32();
        const uint16_t name_size = in.u16(), extra_size = in.u16(), comment_size = in.u16();
        const uint16_t disk = in.u16();
        in.skip(2);
        const uint32_t attributes = in.u32();
        sizes.offset = in.u32();
        member.name = in.text(name_size);
        read_zip64(in.sub(extra_size), sizes, true);
        in.skip(comment_size);
        member.size = sizes.size;
        member.stored_size = sizes.stored_size;

        if (const char* rule = bad_name(member.name, (flags & flag_utf8) != 0)) {
            source_.fail(at, str("the member name ", printable(member.name), " ", rule, "."));
        }
        const auto fail = [&](const std::string& message) {
            source_.fail(at, member.name + ": " + message);
        };
        if (flags & flag_encrypted) fail("encrypted members are not read.");
        if (flags & ~flags_known) fail(str("unknown flags. Received: ", flags, "."));
        if (disk != 0 && disk != 0xffff) fail("archives split over several files are not read.");
        if (made_by >> 8 == 3 && (attributes >> 28) == 0xa) fail("links are not followed.");
        if (method != uint16_t(ZipMethod::stored) && method != uint16_t(ZipMethod::deflated)) {
            fail(str("the method must be stored (0) or deflated (8). Received: ", method, "."));
        }
        member.method = static_cast<ZipMethod>(method);
        if (member.is_folder() && member.size != 0) fail("a folder must have no content.");
        if (member.method == ZipMethod::stored) {
            if (member.size != member.stored_size) fail("a stored member must have one size.");
        } else {
            if (add_overflows(inflated, member.size, &inflated) ||
                inflated > limits.max_inflated_bytes) {
                fail(str("the members inflate beyond LoadLimits::max_inflated_bytes. Received: ",
                         member.size, " bytes here, ", limits.max_inflated_bytes,
                         " allowed in all."));
            }
            if (member.size > limits.ratio_floor &&
                member.size / limits.max_ratio > member.stored_size) {
                fail(str("the member inflates beyond LoadLimits::max_ratio. Received: ",
                         member.stored_size, " bytes becoming ", member.size, "."));
            }
        }
        member.data_offset = check_local_header(source_, member, flags, sizes.offset);
        if (!source_.holds(member.data_offset, member.stored_size)) {
            fail("the data reach beyond the end of the file.");
        }
        extents.push_back({sizes.offset, member.data_offset + member.stored_size, members_.size()});
        members_.push_back(std::move(member));
    }
    if (in.remaining() != 0) in.fail("bytes follow the last directory entry.");

    std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    for (size_t i = 0; i < extents.size(); ++i) {
        const uint64_t next = i + 1 < extents.size() ? extents[i + 1].begin : directory.offset;
        if (extents[i].end > next) {
            source_.fail(extents[i].begin,
                         str("the member ", members_[extents[i].member].name, " overlaps ",
                             i + 1 < extents.size() ? members_[extents[i + 1].member].name
                                                    : std::string("the directory"),
                             "."));
        }
    }
    for (size_t i = 0; i < members_.size(); ++i) {
        if (!by_name_.emplace(members_[i].name, i).second) {
            source_.fail(members_[i].data_offset,
                         str("the member name ", members_[i].name, " must not appear twice."));
        }
    }
}

const ZipMember* ZipReader::find(std::string_view name) const {
    const auto it = by_name_.find(name);
    return it == by_name_.end() ? nullptr : &members_[it->second];
}

ByteSource ZipReader::open(std::string_view name, bool check_crc) const {
    const ZipMember* member = find(name);
    if (!member) throw FileError(str(source_.name(), ": the archive has no member ", name, "."));
    ByteSource data = source_.slice(str(source_.name(), " > ", member->name), member->data_offset,
                                    member->stored_size);
    if (member->method == ZipMethod::deflated) {
        data = ByteSource::own(data.name(), inflate(data, member->size, DeflateFormat::raw));
    }
    if (check_crc) {
        const uint32_t crc = crc32(data.bytes());
        if (crc != member->crc) {
            source_.fail(member->data_offset,
                         str(member->name, ": the content is damaged: its CRC must be ",
                             member->crc, ". Received: ", crc, "."));
        }
    }
    return data;
}

}  // namespace cornu::saving
