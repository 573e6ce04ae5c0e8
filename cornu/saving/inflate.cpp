#include "cornu/saving/inflate.h"

#include <zlib.h>

#include <algorithm>

#include "cornu/base/error.h"

namespace cornu::saving {

namespace {

constexpr size_t step_bytes = 64 << 10;

struct Inflater {
    z_stream stream{};
    explicit Inflater(int window_bits) {
        if (::inflateInit2(&stream, window_bits) != Z_OK) throw std::bad_alloc();
    }
    ~Inflater() { ::inflateEnd(&stream); }
};

struct Deflater {
    z_stream stream{};
    Deflater() {
        if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                           Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    ~Deflater() { ::deflateEnd(&stream); }
};

// zlib counts in 32 bits, so input is fed in pieces.
void feed(z_stream& stream, std::span<const std::byte>& input) {
    if (stream.avail_in > 0 || input.empty()) return;
    const size_t count = std::min<size_t>(input.size(), 1 << 30);
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
    stream.avail_in = static_cast<uInt>(count);
    input = input.subspan(count);
}

}  // namespace

std::vector<std::byte> inflate(const ByteSource& source, uint64_t size, DeflateFormat format) {
    Inflater inflater(format == DeflateFormat::raw ? -MAX_WBITS : MAX_WBITS);
    z_stream& stream = inflater.stream;
    std::span<const std::byte> input = source.bytes();
    std::vector<std::byte> out;
    uint64_t done = 0;
    const auto consumed = [&] { return source.size() - input.size() - stream.avail_in; };
    for (;;) {
        feed(stream, input);
        // One byte more than declared is asked for, to notice a stream that goes on.
        const uint64_t room =
            std::min<uint64_t>(size + 1 - done, std::max<uint64_t>(done, step_bytes));
        if (out.size() < done + room) out.resize(static_cast<size_t>(done + room));
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
        stream.avail_out = static_cast<uInt>(std::min<uint64_t>(out.size() - done, 1 << 30));
        const uInt offered = stream.avail_out;
        const int code = ::inflate(&stream, Z_NO_FLUSH);
        done += offered - stream.avail_out;
        if (done > size) {
            source.fail(consumed(),
                        str("the compressed data yields more than the declared ", size, " bytes."));
        }
        if (code == Z_STREAM_END) break;
        if (code != Z_OK ||
            (offered == stream.avail_out && stream.avail_in == 0 && input.empty())) {
            source.fail(consumed(), str("the compressed data is damaged",
                                        stream.msg ? str(": ", stream.msg) : std::string(), "."));
        }
    }
    if (done != size) {
        source.fail(consumed(), str("the compressed data yields ", done,
                                    " bytes instead of the declared ", size, "."));
    }
    if (consumed() != source.size()) source.fail(consumed(), "bytes follow the compressed data.");
    out.resize(static_cast<size_t>(done));
    return out;
}

std::vector<std::byte> deflate(std::span<const std::byte> bytes) {
    Deflater deflater;
    z_stream& stream = deflater.stream;
    std::span<const std::byte> input = bytes;
    std::vector<std::byte> out;
    size_t done = 0;
    for (int code = Z_OK; code != Z_STREAM_END;) {
        feed(stream, input);
        out.resize(done + std::max(done, step_bytes));
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
        stream.avail_out = static_cast<uInt>(std::min<size_t>(out.size() - done, 1 << 30));
        const uInt offered = stream.avail_out;
        code = ::deflate(&stream, input.empty() ? Z_FINISH : Z_NO_FLUSH);
        CORNU_CHECK(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR, "deflate: ", code);
        done += offered - stream.avail_out;
    }
    out.resize(done);
    return out;
}

}  // namespace cornu::saving
