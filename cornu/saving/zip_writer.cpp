#include "cornu/base/checked.h"
#include "cornu/base/error.h"
#include "cornu/saving/inflate.h"
#include "cornu/saving/zip.h"
#include "cornu/saving/zip_format.h"

namespace cornu::saving {

using namespace zip;

namespace {

constexpr uint64_t alignment = 64;
constexpr uint64_t aligned_from = 4096;
constexpr uint16_t first_day = 1 << 5 | 1;   // 1980-01-01, the earliest that zip can say
constexpr uint32_t file_mode = 0600u << 16;  // as Python's zipfile for writestr

uint16_t version_needed(bool zip64) { return zip64 ? 45 : 20; }
uint64_t clamp32(uint64_t value) { return value < 0xffffffff ? value : 0xffffffff; }

}  // namespace

struct ZipWriter::Entry {
    std::string name;
    uint64_t size, stored_size, offset;
    uint32_t crc;
    uint16_t method, flags;
};

struct ZipWriter::MemberSink final : Sink {
    RandomSink* sink;
    uint64_t left;
    uint32_t crc = 0;
    using Sink::write;
    MemberSink(RandomSink* sink, uint64_t size) : sink(sink), left(size) {}
    void write(std::span<const std::byte> bytes) override {
        if (bytes.size() > left) {
            throw ValueError(str("a zip member must get exactly the announced bytes. Received: ",
                                 bytes.size() - left, " too many."));
        }
        sink->write(bytes);
        crc = crc32(bytes, crc);
        left -= bytes.size();
    }
};

ZipWriter::ZipWriter(RandomSink& sink) : sink_(&sink), base_(sink.size()) {}
ZipWriter::~ZipWriter() = default;

void ZipWriter::start(std::string_view name, uint64_t size, uint64_t stored_size, uint32_t crc,
                      ZipMethod method) {
    CORNU_CHECK(!finished_, "the archive is finished");
    if (open_) throw ValueError("end() must close a zip member before the next one begins.");
    if (const char* rule = bad_name(name, true)) {
        throw ValueError(str("the zip member name ", printable(name), " ", rule, "."));
    }
    if (!names_.emplace(std::string(name), entries_.size()).second) {
        throw ValueError(str("the zip member name ", name, " must not appear twice."));
    }
    bool ascii = true;
    for (const char c : name) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
    Entry entry{std::string(name),
                size,
                stored_size,
                sink_->size() - base_,
                crc,
                static_cast<uint16_t>(method),
                ascii ? uint16_t(0) : flag_utf8};

    const bool zip64 = size >= 0xffffffff || stored_size >= 0xffffffff;
    Fields extra;
    if (zip64) extra.u16(zip64_extra).u16(16).u64(size).u64(stored_size);
    if (stored_size >= aligned_from) {
        const uint64_t data = sink_->size() + local_header_size + name.size() + extra.size() + 6;
        const uint64_t padding = (alignment - data % alignment) % alignment;
        extra.u16(padding_extra).u16(2 + padding).u16(alignment).pad(padding);
    }
    Fields header;
    header.u32(local_signature).u16(version_needed(zip64)).u16(entry.flags).u16(entry.method);
    header.u16(0).u16(first_day).u32(crc);
    header.u32(zip64 ? 0xffffffff : stored_size).u32(zip64 ? 0xffffffff : size);
    header.u16(name.size()).u16(extra.size()).text(name);
    sink_->write(header.bytes());
    sink_->write(extra.bytes());
    entries_.push_back(std::move(entry));
}

void ZipWriter::add(std::string_view name, std::span<const std::byte> data, ZipMethod method) {
    const uint32_t crc = crc32(data);
    if (method == ZipMethod::stored) {
        start(name, data.size(), data.size(), crc, method);
        sink_->write(data);
        return;
    }
    const std::vector<std::byte> packed = deflate(data);
    start(name, data.size(), packed.size(), crc, method);
    sink_->write(packed);
}

void ZipWriter::add(std::string_view name, std::string_view text, ZipMethod method) {
    add(name, std::as_bytes(std::span(text.data(), text.size())), method);
}

Sink& ZipWriter::begin(std::string_view name, uint64_t size) {
    start(name, size, size, 0, ZipMethod::stored);
    open_ = std::make_unique<MemberSink>(sink_, size);
    return *open_;
}

void ZipWriter::end() {
    if (!open_) throw ValueError("end() must follow begin().");
    Entry& entry = entries_.back();
    if (open_->left != 0) {
        throw ValueError(str("the zip member ", entry.name,
                             " must get exactly the announced bytes. Received: ", open_->left,
                             " too few."));
    }
    entry.crc = open_->crc;
    open_.reset();
    sink_->overwrite(base_ + entry.offset + 14, Fields().u32(entry.crc).bytes());
}

void ZipWriter::finish() {
    CORNU_CHECK(!finished_, "the archive is finished");
    if (open_) throw ValueError("end() must close the last zip member.");
    const uint64_t directory = sink_->size() - base_;
    for (const Entry& entry : entries_) {
        Fields extra;
        if (entry.size >= 0xffffffff) extra.u64(entry.size);
        if (entry.stored_size >= 0xffffffff) extra.u64(entry.stored_size);
        if (entry.offset >= 0xffffffff) extra.u64(entry.offset);
        const bool zip64 = extra.size() > 0;
        Fields header;
        header.u32(central_signature)
            .u16(3 << 8 | version_needed(zip64))
            .u16(version_needed(zip64));
        header.u16(entry.flags).u16(entry.method).u16(0).u16(first_day).u32(entry.crc);
        header.u32(clamp32(entry.stored_size)).u32(clamp32(entry.size));
        header.u16(entry.name.size()).u16(zip64 ? extra.size() + 4 : 0).u16(0).u16(0).u16(0);
        header.u32(file_mode).u32(clamp32(entry.offset)).text(entry.name);
        if (zip64) header.u16(zip64_extra).u16(extra.size());
        sink_->write(header.bytes());
        sink_->write(extra.bytes());
    }
    const uint64_t end = sink_->size() - base_, size = end - directory, count = entries_.size();
    Fields tail;
    if (count >= 0xffff || size >= 0xffffffff || directory >= 0xffffffff) {
        tail.u32(end64_signature)
            .u64(end64_record_size - 12)
            .u16(3 << 8 | 45)
            .u16(45)
            .u32(0)
            .u32(0);
        tail.u64(count).u64(count).u64(size).u64(directory);
        tail.u32(locator_signature).u32(0).u64(end).u32(1);
    }
    const uint64_t count16 = count < 0xffff ? count : 0xffff;
    tail.u32(end_signature).u16(0).u16(0).u16(count16).u16(count16);
    tail.u32(clamp32(size)).u32(clamp32(directory)).u16(0);
    sink_->write(tail.bytes());
    finished_ = true;
}

}  // namespace cornu::saving
