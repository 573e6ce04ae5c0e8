#include "cornu/training/callbacks/event_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "cornu/base/error.h"

namespace cornu::callbacks {

namespace {

constexpr size_t buffer_bytes = 64 << 10;
constexpr int data_scalar = 1, data_tensor = 2, data_blobs = 3;   // SummaryMetadata.DataClass
constexpr int type_float = 1, type_double = 2, type_string = 7;   // DataType

constexpr std::array<uint32_t, 256> make_crc_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
        table[i] = crc;
    }
    return table;
}
constexpr std::array<uint32_t, 256> crc_table = make_crc_table();

void append_little(std::string& out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i);
}
void append_big(std::string& out, uint32_t value) {
    for (int i = 3; i >= 0; --i) out += static_cast<char>(value >> 8 * i);
}

double seconds_now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

ProtoMessage shape_of(std::initializer_list<int64_t> dims) {
    ProtoMessage shape;
    for (const int64_t dim : dims) shape.message(2, ProtoMessage().integer(1, static_cast<uint64_t>(dim)));
    return shape;
}
ProtoMessage strings_tensor(const ProtoMessage& shape, const std::vector<std::string>& values) {
    ProtoMessage tensor;
    tensor.integer(1, type_string).message(2, shape);
    for (const std::string& value : values) tensor.bytes(8, value);
    return tensor;
}

}  // namespace

std::string host_name() {
    char host[256] = "localhost";
    (void)::gethostname(host, sizeof host - 1);
    return host;
}

uint32_t masked_crc32c(std::string_view bytes) {
    uint32_t crc = ~uint32_t{0};
    for (const char c : bytes) crc = crc >> 8 ^ crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
    return std::rotr(~crc, 15) + 0xA282EAD8u;
}

// ---- protocol buffers ----

void ProtoMessage::varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
}
void ProtoMessage::key(int field, int wire_type) { varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire_type)); }

ProtoMessage& ProtoMessage::integer(int field, uint64_t value) {
    key(field, 0);
    varint(value);
    return *this;
}
ProtoMessage& ProtoMessage::real(int field, double value) {
    key(field, 1);
    append_little(bytes_, std::bit_cast<uint64_t>(value), 8);
    return *this;
}
ProtoMessage& ProtoMessage::bytes(int field, std::string_view value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
}
ProtoMessage& ProtoMessage::packed(int field, std::span<const float> values) {
    key(field, 2);
    varint(values.size() * 4);
    for (const float value : values) append_little(bytes_, std::bit_cast<uint32_t>(value), 4);
    return *this;
}

// ---- what is shown ----

std::vector<double> histogram_buckets(std::span<const double> values) {
    constexpr size_t count = 30;
    std::vector<double> finite, out;
    for (const double value : values)
        if (std::isfinite(value)) finite.push_back(value);
    if (finite.empty()) return std::vector<double>(3 * count, 0.0);
    const auto [least, most] = std::minmax_element(finite.begin(), finite.end());
    const double low = *least, range = *most - low, width = range / count;
    if (range == 0) {  // one value: all in the last bucket, none of which has a width
        for (size_t i = 0; i < count; ++i) out.insert(out.end(), {low, low, i + 1 < count ? 0.0 : static_cast<double>(finite.size())});
        return out;
    }
    std::vector<double> counts(count, 0.0);
    for (const double value : finite) ++counts[std::min(static_cast<size_t>((value - low) / width), count - 1)];
    for (size_t i = 0; i < count; ++i) {
        const double right = i + 1 < count ? low + static_cast<double>(i + 1) * width : *most;
        out.insert(out.end(), {low + static_cast<double>(i) * width, right, counts[i]});
    }
    return out;
}

std::string encode_png(std::span<const uint8_t> pixels, int64_t height, int64_t width, int64_t channels) {
    CORNU_CHECK(static_cast<int64_t>(pixels.size()) == height * width * channels);
    std::string out = "\x89PNG\r\n\x1a\n";
    const auto chunk = [&](std::string_view type, const std::string& data) {
        append_big(out, static_cast<uint32_t>(data.size()));
        const std::string body = std::string(type) + data;
        out += body;
        append_big(out, static_cast<uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
    };
    std::string header;
    append_big(header, static_cast<uint32_t>(width));
    append_big(header, static_cast<uint32_t>(height));
    header += {8, static_cast<char>(channels == 1 ? 0 : channels == 3 ? 2 : 6), 0, 0, 0};
    chunk("IHDR", header);
    std::string rows;
    const int64_t stride = width * channels;
    for (int64_t y = 0; y < height; ++y) {
        rows += '\0';  // no filter
        rows.append(reinterpret_cast<const char*>(pixels.data() + y * stride), static_cast<size_t>(stride));
    }
    uLongf size = ::compressBound(rows.size());
    std::string packed(size, '\0');
    CORNU_CHECK(::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size()) == Z_OK);
    packed.resize(size);
    chunk("IDAT", packed);
    chunk("IEND", "");
    return out;
}

// ---- the file ----

EventFile::~EventFile() {
    try {
        flush();
    } catch (const Error&) {  // said already, or nobody is left to hear it
    }
    if (fd_ >= 0) ::close(fd_);
}

void EventFile::open() {
    std::error_code failed;
    std::filesystem::create_directories(folder_, failed);
    if (failed) throw FileError(str("[callbacks.TensorBoard] the folder ", folder_, " cannot be made: ", failed.message()));
    static std::atomic<int> files{0};  // several within a second
    path_ = str(folder_, "/events.out.tfevents.", static_cast<int64_t>(seconds_now()), ".", host_name(), ".", ::getpid(), ".", files++, ".v2");
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd_ < 0) throw FileError(str("[callbacks.TensorBoard] the file ", path_, " cannot be written: ", std::strerror(errno)));
    record(ProtoMessage().real(1, seconds_now()).bytes(3, "brain.Event:2"));
}

void EventFile::record(const ProtoMessage& event) {
    const std::string& data = event.str();
    std::string length;
    append_little(length, data.size(), 8);
    buffer_ += length;
    append_little(buffer_, masked_crc32c(length), 4);
    buffer_ += data;
    append_little(buffer_, masked_crc32c(data), 4);
    if (buffer_.size() >= buffer_bytes) flush();
}

void EventFile::flush() {
    const std::string pending = std::exchange(buffer_, {});
    for (size_t at = 0; at < pending.size();) {
        const ssize_t count = ::write(fd_, pending.data() + at, pending.size() - at);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw FileError(str("[callbacks.TensorBoard] the file ", path_, " cannot be written: ", std::strerror(errno)));
        at += static_cast<size_t>(count);
    }
}

void EventFile::summary(const std::string& tag, std::string_view plugin, std::string_view content, int data_class, const ProtoMessage& tensor, int64_t step) {
    if (fd_ < 0) open();
    ProtoMessage plugin_data, metadata, value;
    plugin_data.bytes(1, plugin);
    if (!content.empty()) plugin_data.bytes(2, content);
    metadata.message(1, plugin_data);
    if (data_class) metadata.integer(4, static_cast<uint64_t>(data_class));
    value.bytes(1, tag).message(8, tensor).message(9, metadata);
    record(ProtoMessage().real(1, seconds_now()).integer(2, static_cast<uint64_t>(step)).message(5, ProtoMessage().message(1, value)));
}

void EventFile::scalar(const std::string& tag, double value, int64_t step) {
    const float narrow = static_cast<float>(value);
    summary(tag, "scalars", "", data_scalar, ProtoMessage().integer(1, type_float).message(2, shape_of({})).packed(5, {&narrow, 1}), step);
}

void EventFile::histogram(const std::string& tag, std::span<const double> values, int64_t step) {
    const std::vector<double> buckets = histogram_buckets(values);
    std::string content;
    for (const double x : buckets) append_little(content, std::bit_cast<uint64_t>(x), 8);
    ProtoMessage tensor;
    tensor.integer(1, type_double).message(2, shape_of({static_cast<int64_t>(buckets.size() / 3), 3})).bytes(4, content);
    summary(tag, "histograms", "", data_tensor, tensor, step);
}

void EventFile::images(const std::string& tag, const std::vector<std::string>& pngs, int64_t height, int64_t width, int64_t step) {
    std::vector<std::string> values = {str(width), str(height)};
    values.insert(values.end(), pngs.begin(), pngs.end());
    summary(tag, "images", "", data_blobs, strings_tensor(shape_of({static_cast<int64_t>(values.size())}), values), step);
}

void EventFile::keras_model(const std::string& tag, const std::string& json, int64_t step) {
    summary(tag, "graph_keras_model", "1", 0, strings_tensor(shape_of({}), {json}), step);
}

}  // namespace cornu::callbacks
