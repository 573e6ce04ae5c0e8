#include "cornu/saving/npy.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"
#include "cornu/saving/utf8.h"

namespace cornu::saving {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr uint64_t max_header = 64 << 10;
constexpr int max_rank = 64;  // NumPy's

struct Header {
    std::string descr;
    bool fortran = false;
    std::vector<int64_t> dims;
    uint64_t data = 0;
};

// The header is a Python dict of three known keys, in any order.
class HeaderParser {
public:
    explicit HeaderParser(Cursor in)
        : in_(in), text_(in.source().text(in.offset(), in.remaining())) {}

    Header parse() {
        Header header;
        bool descr = false, fortran = false, shape = false;
        expect('{');
        while (!accept('}')) {
            const std::string key = string();
            expect(':');
            if (key == "descr" && !descr) {
                skip_space();
                if (peek() == '[') fail("structured arrays are not read.");
                header.descr = string();
                descr = true;
            } else if (key == "fortran_order" && !fortran) {
                header.fortran = boolean();
                fortran = true;
            } else if (key == "shape" && !shape) {
                header.dims = tuple();
                shape = true;
            } else {
                fail("the keys must be descr, fortran_order and shape, each once.");
            }
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skip_space();
        if (at_ != text_.size()) fail("text follows the dict.");
        if (!descr || !fortran || !shape)
            fail("the keys descr, fortran_order and shape must all be there.");
        return header;
    }

private:
    [[noreturn]] void fail(std::string_view message) const {
        in_.source().fail(in_.offset() + at_, str("the npy header: ", message));
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (peek() == ' ' || peek() == '\n') ++at_;
    }
    bool accept(char c) {
        skip_space();
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) fail(str("`", c, "` must be here."));
    }
    std::string string() {
        skip_space();
        const char quote = peek();
        if (quote != '\'' && quote != '"') fail("a string must be here.");
        const size_t end = text_.find(quote, at_ + 1);
        if (end == text_.npos) fail("a string must end.");
        std::string out(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return out;
    }
    bool boolean() {
        skip_space();
        for (const bool value : {true, false}) {
            const std::string_view word = value ? "True" : "False";
            if (text_.substr(at_, word.size()) == word) {
                at_ += word.size();
                return value;
            }
        }
        fail("True or False must be here.");
    }
    int64_t integer() {
        skip_space();
        int64_t value = 0;
        const size_t begin = at_;
        for (; peek() >= '0' && peek() <= '9'; ++at_) {
            if (multiply_overflows(value, int64_t(10), &value) ||
                add_overflows(value, int64_t(peek() - '0'), &value)) {
                fail("a dimension must fit 63 bits.");
            }
        }
        if (at_ == begin) fail("a dimension must be here.");
        if (peek() == 'L') ++at_;  // Python 2's long integers
        return value;
    }
    std::vector<int64_t> tuple() {
        std::vector<int64_t> dims;
        expect('(');
        while (!accept(')')) {
            if (dims.size() == max_rank) fail("the rank must be at most 64.");
            dims.push_back(integer());
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
        return dims;
    }

    Cursor in_;
    std::string_view text_;
    size_t at_ = 0;
};

struct Element {
    char kind = 0;  // NumPy's letter
    uint64_t size = 0;
    bool big_endian = false;
    DType dtype = DType::string;
};

Element parse_descr(const ByteSource& source, uint64_t at, const std::string& descr) {
    const auto fail = [&](const char* rule) {
        source.fail(at, str("the npy header: ", rule, " Received: descr '", descr, "'."));
    };
    Element out;
    std::string_view text = descr;
    if (!text.empty() && std::string_view("<>|=").find(text[0]) != text.npos) {
        out.big_endian = text[0] == '>';
        text.remove_prefix(1);
    }
    if (text.empty()) fail("the descr must name a type.");
    out.kind = text[0];
    if (out.kind == 'O')
        fail("object arrays are Python pickles, which may run code; they are not read.");
    uint64_t count = 0;
    for (const char c : text.substr(1)) {
        if (c < '0' || c > '9' || count > 100'000'000)
            fail("the descr must be a letter and a size.");
        count = count * 10 + static_cast<uint64_t>(c - '0');
    }
    if (count == 0) fail("the size of an element must not be 0.");
    out.size = out.kind == 'U' ? 4 * count : count;
    const auto pick = [&](std::initializer_list<std::pair<uint64_t, DType>> table) {
        for (const auto& [size, dtype] : table) {
            if (size == out.size) {
                out.dtype = dtype;
                return;
            }
        }
        fail("the type must be one that Cornu has.");
    };
    switch (out.kind) {
        case 'b':
            pick({{1, DType::bool_}});
            break;
        case 'u':
            pick({{1, DType::uint8}, {2, DType::uint16}, {4, DType::uint32}, {8, DType::uint64}});
            break;
        case 'i':
            pick({{1, DType::int8}, {2, DType::int16}, {4, DType::int32}, {8, DType::int64}});
            break;
        case 'f':
            pick({{1, DType::float8_e5m2},
                  {2, DType::float16},
                  {4, DType::float32},
                  {8, DType::float64}});
            break;
        case 'c':
            pick({{8, DType::complex64}, {16, DType::complex128}});
            break;
        case 'V':
            pick({{2, DType::bfloat16}});
            break;
        case 'S':
        case 'U':
            break;
        default:
            fail("the type must be one that Cornu has.");
    }
    return out;
}

std::vector<uint32_t> code_points(const std::string& text) {
    std::vector<uint32_t> out;
    for (size_t at = 0; at < text.size();) {
        uint32_t code;
        if (!next_code_point(text, at, code))
            throw ValueError("a string in an npy array must be valid UTF-8.");
        out.push_back(code);
    }
    return out;
}

std::string decode_string(const ByteSource& source, uint64_t at, const Element& element) {
    if (element.kind == 'S') {
        std::string_view text = source.text(at, element.size);
        while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
        return std::string(text);
    }
    std::string out;
    uint64_t zeros = 0;  // only those at the end are padding
    for (uint64_t i = 0; i < element.size; i += 4) {
        uint32_t code = source.u32(at + i);
        if (element.big_endian) code = __builtin_bswap32(code);
        if (!is_code_point(code)) source.fail(at + i, "a character must be a Unicode one.");
        if (code == 0) {
            ++zeros;
            continue;
        }
        out.append(static_cast<size_t>(zeros), '\0');
        zeros = 0;
        append_utf8(out, code);
    }
    return out;
}

// Calls visit(from, to) for every element: its number in Fortran order and in C order.
template <class Visit>
void each_transposed(const std::vector<int64_t>& dims, uint64_t count, Visit visit) {
    std::vector<uint64_t> strides(dims.size(), 1), at(dims.size(), 0);
    for (size_t axis = dims.size(); axis-- > 1;)
        strides[axis - 1] = strides[axis] * static_cast<uint64_t>(dims[axis]);
    uint64_t to = 0;
    for (uint64_t from = 0; from < count; ++from) {
        visit(from, to);
        for (size_t axis = 0; axis < dims.size(); ++axis) {  // the first axis runs fastest
            to += strides[axis];
            if (++at[axis] < static_cast<uint64_t>(dims[axis])) break;
            to -= strides[axis] * at[axis];
            at[axis] = 0;
        }
    }
}

std::string make_header(const std::string& descr, const Shape& shape) {
    std::string text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
    for (int64_t axis = 0; axis < shape.rank(); ++axis)
        text += str(axis ? " " : "", shape[axis],
                    axis + 1 < shape.rank() || shape.rank() == 1 ? "," : "");
    text += "), }";
    const size_t used = magic.size() + 4 + text.size() + 1;
    text.append((64 - used % 64) % 64, ' ');
    return text + '\n';
}

std::string descr_of(DType dtype) {
    if (dtype == DType::int4 || dtype == DType::string || dtype == DType::float8_e4m3fn) {
        throw ValueError(
            str("an npy array must be of a type that NumPy names. Received: ", dtype, "."));
    }
    const int size = bits(dtype) / 8;
    const char kind = dtype == DType::bool_      ? 'b'
                      : dtype == DType::bfloat16 ? 'V'
                      : is_complex(dtype)        ? 'c'
                      : is_float(dtype)          ? 'f'
                      : is_unsigned_int(dtype)   ? 'u'
                                                 : 'i';
    const bool has_order = size > 1 || dtype == DType::float8_e5m2;
    return str(has_order ? "<" : "|", kind, size);
}

std::vector<std::byte> npy_head(const std::string& descr, const Shape& shape) {
    const std::string text = make_header(descr, shape);
    if (text.size() > 0xffff) throw ValueError("the npy header is too long.");
    Fields head;
    head.text(magic).u8(1).u8(0).u16(text.size()).text(text);
    return {head.bytes().begin(), head.bytes().end()};
}

std::vector<std::byte> npy_strings(const Shape& shape, std::span<const std::string> strings) {
    if (!shape.is_static() || shape.size() != static_cast<int64_t>(strings.size())) {
        throw ValueError(str(
            "the shape ", shape,
            " must have as many elements as there are strings. Received: ", strings.size(), "."));
    }
    size_t longest = 1;
    for (const std::string& text : strings) longest = std::max(longest, code_points(text).size());
    std::vector<std::byte> out = npy_head(str("<U", longest), shape);
    Fields body;
    for (const std::string& text : strings) {
        const std::vector<uint32_t> codes = code_points(text);
        for (const uint32_t code : codes) body.u32(code);
        body.pad(4 * (longest - codes.size()));
    }
    out.insert(out.end(), body.bytes().begin(), body.bytes().end());
    return out;
}

void check_size(const Shape& shape, DType dtype, size_t bytes) {
    if (!shape.is_static() || static_cast<uint64_t>(bytes_for(dtype, shape.size())) != bytes) {
        throw ValueError(str("an array of shape ", shape, " and dtype ", dtype,
                             " must have its number of bytes. Received: ", bytes, "."));
    }
}

}  // namespace

NpyArray read_npy(const ByteSource& source, const LoadLimits& limits) {
    Cursor in(source, 0, source.size());
    if (source.size() < magic.size() || in.text(magic.size()) != magic)
        source.fail(0, "not an npy array: its signature is missing.");
    const uint8_t version = in.u8();
    in.skip(1);
    if (version < 1 || version > 3)
        source.fail(6, str("the npy version must be 1, 2 or 3. Received: ", int(version), "."));
    const uint64_t header_size = version == 1 ? in.u16() : in.u32();
    if (header_size > max_header)
        source.fail(8, str("the npy header must have at most ", max_header,
                           " bytes. Received: ", header_size, "."));
    const uint64_t header_at = in.offset();
    const Header header = HeaderParser(in.sub(header_size)).parse();
    const Element element = parse_descr(source, header_at, header.descr);

    // A zero among huge dimensions must not hide them: strides are products too.
    uint64_t count = 1, size = 0;
    bool zero = false, too_large = false;
    for (const int64_t dim : header.dims) {
        zero = zero || dim == 0;
        too_large =
            too_large ||
            multiply_overflows(count, static_cast<uint64_t>(std::max<int64_t>(dim, 1)), &count);
    }
    too_large = too_large || count > uint64_t(std::numeric_limits<int64_t>::max());
    if (zero) count = 0;
    too_large = too_large || multiply_overflows(count, element.size, &size);
    if (too_large || size != in.remaining()) {
        in.fail(str("the shape ", Shape(header.dims), " needs ",
                    too_large ? "more bytes than 64 bits can count" : str(size, " bytes"),
                    " here. Received: ", in.remaining(), "."));
    }
    NpyArray array;
    array.shape = Shape(header.dims);
    array.dtype = element.dtype;
    const uint64_t data = in.offset();
    const bool transpose = header.fortran && header.dims.size() > 1;
    if (element.dtype == DType::string) {
        if (count > limits.max_inflated_bytes / sizeof(std::string))
            in.fail("the strings exceed LoadLimits::max_inflated_bytes.");
        array.strings.resize(static_cast<size_t>(count));
        const auto put = [&](uint64_t from, uint64_t to) {
            array.strings[static_cast<size_t>(to)] =
                decode_string(source, data + from * element.size, element);
        };
        if (transpose) {
            each_transposed(header.dims, count, put);
        } else {
            for (uint64_t i = 0; i < count; ++i) put(i, i);
        }
        return array;
    }

    const auto bytes = source.bytes(data, size);
    const bool is_bool = element.dtype == DType::bool_;
    const bool clean = !is_bool || std::all_of(bytes.begin(), bytes.end(),
                                               [](std::byte b) { return b <= std::byte(1); });
    const bool aligned =
        reinterpret_cast<uintptr_t>(bytes.data()) % std::min<uint64_t>(element.size, 8) == 0;
    if (!transpose && !element.big_endian && clean && aligned) {
        array.bytes = bytes;
        array.owner = source.owner();
        return array;
    }
    auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
    const size_t width = static_cast<size_t>(element.size);
    if (transpose) {
        each_transposed(header.dims, count, [&](uint64_t from, uint64_t to) {
            std::memcpy(copy->data() + to * width, bytes.data() + from * width, width);
        });
    }
    if (element.big_endian) {
        const size_t part = is_complex(element.dtype) ? width / 2 : width;
        for (auto it = copy->begin(); it != copy->end(); it += static_cast<ptrdiff_t>(part))
            std::reverse(it, it + static_cast<ptrdiff_t>(part));
    }
    if (is_bool) {
        for (std::byte& value : *copy) value = std::byte(value != std::byte(0));
    }
    array.bytes = *copy;
    array.owner = std::move(copy);
    return array;
}

void write_npy(Sink& sink, const Shape& shape, DType dtype, std::span<const std::byte> bytes) {
    const std::string descr = descr_of(dtype);
    check_size(shape, dtype, bytes.size());
    sink.write(npy_head(descr, shape));
    sink.write(bytes);
}

void write_npy(Sink& sink, const Shape& shape, std::span<const std::string> strings) {
    sink.write(npy_strings(shape, strings));
}

NpzReader::NpzReader(ByteSource source, const LoadLimits& limits)
    : limits_(limits), zip_(std::move(source), limits) {}

std::vector<std::string> NpzReader::names() const {
    std::vector<std::string> names;
    for (const ZipMember& member : zip_.members()) {
        if (member.name.ends_with(".npy"))
            names.push_back(member.name.substr(0, member.name.size() - 4));
    }
    return names;
}

bool NpzReader::contains(std::string_view name) const { return zip_.contains(str(name, ".npy")); }

NpyArray NpzReader::read(std::string_view name) const {
    return read_npy(zip_.open(str(name, ".npy")), limits_);
}

void NpzWriter::add(std::string_view name, const Shape& shape, DType dtype,
                    std::span<const std::byte> bytes) {
    const std::string descr = descr_of(dtype);
    check_size(shape, dtype, bytes.size());
    const std::vector<std::byte> head = npy_head(descr, shape);
    Sink& sink = zip_.begin(str(name, ".npy"), head.size() + bytes.size());
    sink.write(head);
    sink.write(bytes);
    zip_.end();
}

void NpzWriter::add(std::string_view name, const Shape& shape,
                    std::span<const std::string> strings) {
    zip_.add(str(name, ".npy"), npy_strings(shape, strings));
}

}  // namespace cornu::saving
