// Object headers and the messages in them (IV.A).
#include <algorithm>
#include <bit>
#include <limits>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"
#include "cornu/saving/hdf5_format.h"

namespace cornu::saving::hdf5 {

namespace {

constexpr uint8_t flag_shared = 1 << 1;

struct Block {
    uint64_t offset, size;
};

// Reads the messages of one block; continuations join `blocks`.
void read_block(Cursor in, int version, bool creation_order, std::vector<Message>& out,
                std::vector<Block>& blocks) {
    const uint64_t prefix = version == 1 ? 8 : creation_order ? 6 : 4;
    while (in.remaining() >= prefix) {  // a gap smaller than a prefix may end a version 2 block
        const uint64_t type = version == 1 ? in.u16() : in.u8();
        const uint64_t size = in.u16();
        const uint8_t flags = in.u8();
        in.skip(prefix - (version == 1 ? 5 : 4));
        Cursor body = in.sub(size);
        if (type == msg_nil) continue;
        if (type > 0xff) body.fail("unknown kind of header message.");
        if (type == msg_continuation) {
            const uint64_t offset = body.u64();
            blocks.push_back({offset, body.u64()});
            continue;
        }
        out.push_back({static_cast<uint8_t>(type), flags, body});
    }
}

// Integers and floats: the classes that other types are built from.
Type parse_atomic(uint32_t head, uint64_t size, Cursor& in) {
    Type type;
    type.size = size;
    const uint32_t kind = head & 15, bits = head >> 8;
    const uint16_t bit_offset = in.u16(), precision = in.u16();
    type.big_endian = (bits & 1) != 0;
    const auto plain = [&](DType dtype) {
        type.kind = Type::Kind::plain;
        type.dtype = dtype;
    };
    if (kind == 0) {
        const bool is_signed = (bits & 8) != 0;
        if (bit_offset == 0 && precision == 8 * size && std::has_single_bit(size) && size <= 8) {
            constexpr DType of_unsigned[] = {DType::uint8, DType::uint16, DType::uint32,
                                             DType::uint64};
            constexpr DType of_signed[] = {DType::int8, DType::int16, DType::int32, DType::int64};
            const int log = std::countr_zero(size);
            plain(is_signed ? of_signed[log] : of_unsigned[log]);
        } else {
            type.what = str(precision, "-bit integers in ", size, " bytes");
        }
        return type;
    }
    const uint8_t exponent_at = in.u8(), exponent = in.u8(), mantissa_at = in.u8(),
                  mantissa = in.u8();
    const uint32_t bias = in.u32();
    type.what = str("floats of ", precision, " bits with ", int(exponent), " for the exponent");
    const uint8_t sign_at = static_cast<uint8_t>(bits >> 8);
    if (bit_offset != 0 || precision != 8 * size || mantissa_at != 0 || exponent_at != mantissa ||
        uint64_t(exponent) + mantissa + 1 != precision || sign_at + 1 != precision ||
        (bits & 0x40) != 0 || bias != (uint64_t(1) << (exponent & 31)) / 2 - 1) {
        return type;
    }
    if (size == 8 && exponent == 11) plain(DType::float64);
    if (size == 4 && exponent == 8) plain(DType::float32);
    if (size == 2 && exponent == 5) plain(DType::float16);
    if (size == 2 && exponent == 8) plain(DType::bfloat16);
    if (size == 1 && exponent == 4) plain(DType::float8_e4m3fn);
    if (size == 1 && exponent == 5) plain(DType::float8_e5m2);
    return type;
}

// A NUL-ended name, padded to a multiple of 8 before version 3.
std::string_view padded_name(Cursor& in, uint32_t version) {
    const std::string_view rest = in.source().text(in.offset(), in.remaining());
    const size_t length = rest.find('\0');
    if (length == rest.npos) in.fail("a name must end in NUL.");
    in.skip(version < 3 ? (length + 8) / 8 * 8 : length + 1);
    return rest.substr(0, length);
}

// h5py's complex numbers: two floats called r and i.
Type parse_compound(uint32_t head, uint64_t size, Cursor& in) {
    Type type;
    type.size = size;
    type.what = "compound elements other than complex numbers";
    const uint32_t version = head >> 4 & 15, members = head >> 8 & 0xffff;
    if (members != 2 || (size != 8 && size != 16)) return type;
    Type part;
    for (uint32_t i = 0; i < 2; ++i) {
        const std::string_view name = padded_name(in, version);
        const uint64_t offset = version < 3 ? in.u32() : in.u8();
        if (version == 1) in.skip(28);
        const uint32_t part_head = in.u32();
        const uint64_t part_size = in.u32();
        if (name != (i == 0 ? "r" : "i") || offset != i * size / 2 || part_size != size / 2)
            return type;
        if ((part_head & 15) != 1) return type;
        const Type previous = part;
        part = parse_atomic(part_head, part_size, in);
        if (part.kind != Type::Kind::plain || (i == 1 && part.big_endian != previous.big_endian))
            return type;
    }
    type.kind = Type::Kind::plain;
    type.dtype = size == 8 ? DType::complex64 : DType::complex128;
    type.big_endian = part.big_endian;
    return type;
}

// h5py's booleans: an enumeration of bytes FALSE = 0, TRUE = 1.
Type parse_enum(uint32_t head, uint64_t size, Cursor& in) {
    Type type;
    type.size = size;
    type.what = "enumerations other than booleans";
    const uint32_t version = head >> 4 & 15, members = head >> 8 & 0xffff;
    const uint32_t base_head = in.u32();
    const uint64_t base_size = in.u32();
    if (members != 2 || size != 1 || base_size != 1 || (base_head & 15) != 0) return type;
    parse_atomic(base_head, base_size, in);
    if (padded_name(in, version) != "FALSE" || padded_name(in, version) != "TRUE") return type;
    if (in.u8() != 0 || in.u8() != 1) return type;
    type.kind = Type::Kind::plain;
    type.dtype = DType::bool_;
    return type;
}

void refuse_shared(const Message& message) {
    if (message.flags & flag_shared)
        message.body.fail("messages shared between objects are not read.");
}

}  // namespace

std::vector<Message> read_header(Budget& budget, uint64_t address) {
    const ByteSource& source = budget.source();
    std::vector<Message> messages;
    std::vector<Block> blocks;
    bool creation_order = false;
    int version = 1;
    if (source.holds(address, 4) && source.text(address, 4) == "OHDR") {
        version = 2;
        Cursor in(source, address, source.size() - address);
        in.skip(4);
        if (in.u8() != 2) in.fail("the version of the object header must be 2.");
        const uint8_t flags = in.u8();
        if (flags & 0x20) in.skip(16);  // times
        if (flags & 0x10) in.skip(4);   // when attributes become dense
        creation_order = (flags & 4) != 0;
        const uint64_t size = in.uint(1 << (flags & 3));
        budget.spend(in.offset() - address, address);
        budget.spend(size, address);
        const Cursor block = in.sub(size);
        check_sum(source, address, in.offset() - address);
        read_block(block, 2, creation_order, messages, blocks);
    } else {
        Cursor in(source, address, 16);
        if (in.u8() != 1) source.fail(address, "an object header of version 1 or 2 must be here.");
        in.skip(7);
        const uint64_t size = in.u32();
        budget.spend(16, address);
        budget.spend(size, address);
        read_block(Cursor(source, address + 16, size), 1, false, messages, blocks);
    }
    for (size_t i = 0; i < blocks.size(); ++i) {
        const Block block = blocks[i];
        budget.spend(block.size, block.offset);
        if (block.size < 8) source.fail(block.offset, "a header continuation is too short.");
        if (version == 1) {
            read_block(Cursor(source, block.offset, block.size), 1, false, messages, blocks);
        } else {
            Cursor in(source, block.offset, block.size - 4);
            in.expect("OCHK");
            check_sum(source, block.offset, block.size - 4);
            read_block(in, 2, creation_order, messages, blocks);
        }
    }
    for (const Message& message : messages) {
        if (message.type == msg_external) message.body.fail("data in external files are not read.");
        if (message.type == msg_datatype || message.type == msg_dataspace ||
            message.type == msg_layout || message.type == msg_filters ||
            message.type == msg_attribute) {
            refuse_shared(message);
        }
    }
    return messages;
}

Type parse_type(Cursor in) {
    const uint32_t head = in.u32();
    const uint64_t size = in.u32();
    const uint32_t kind = head & 15, version = head >> 4 & 15, bits = head >> 8;
    if (version < 1 || version > 5)
        in.fail(str("the version of a datatype must be 1 to 5. Received: ", version, "."));
    if (size == 0) in.fail("the size of an element must not be 0.");
    Type type;
    type.size = size;
    switch (kind) {
        case 0:
        case 1:
            return parse_atomic(head, size, in);
        case 3:
            type.kind = Type::Kind::fixed_string;
            type.padding = bits & 15;
            return type;
        case 5:
            type.kind = Type::Kind::opaque;
            return type;
        case 6:
            return parse_compound(head, size, in);
        case 8:
            return parse_enum(head, size, in);
        case 9:
            if ((bits & 15) == 1 && size == 16) {
                type.kind = Type::Kind::var_string;
            } else {
                type.what = "sequences of variable length";
            }
            return type;
        default:
            break;
    }
    constexpr const char* names[] = {"",           "", "times",  "",
                                     "bit fields", "", "",       "references",
                                     "",           "", "arrays", "native complex numbers"};
    type.what =
        kind < std::size(names) ? std::string(names[kind]) : str("elements of class ", kind);
    return type;
}

Space parse_space(Cursor in) {
    const uint8_t version = in.u8();
    if (version != 1 && version != 2)
        in.fail(str("the version of a dataspace must be 1 or 2. Received: ", int(version), "."));
    const uint8_t rank = in.u8(), flags = in.u8(), kind = in.u8();
    if (version == 1) in.skip(4);
    Space space;
    space.null = version == 2 && kind == 2;
    if (rank > max_rank)
        in.fail(str("the rank must be at most ", max_rank, ". Received: ", int(rank), "."));
    if (version == 1 && (flags & 2)) in.fail("permuted dimensions are not read.");
    if (version == 2 && kind > 2) in.fail("unknown kind of dataspace.");
    uint64_t elements = space.null ? 0 : 1;
    bool zero = false;
    std::vector<int64_t> dims;
    for (int i = 0; i < rank; ++i) {
        const uint64_t dim = in.u64();
        // A zero among huge dimensions must not hide them: strides are products too.
        zero = zero || dim == 0;
        if (dim > uint64_t(std::numeric_limits<int64_t>::max()) ||
            multiply_overflows(elements, std::max<uint64_t>(dim, 1), &elements) ||
            elements > uint64_t(std::numeric_limits<int64_t>::max())) {
            in.fail("the shape has more elements than 64 bits can count.");
        }
        dims.push_back(static_cast<int64_t>(dim));
    }
    space.shape = Shape(std::move(dims));
    space.elements = zero ? 0 : elements;
    return space;
}

Layout parse_layout(Cursor in) {
    const uint8_t version = in.u8();
    if (version < 3 || version > 5)
        in.fail(str("the version of a data layout must be 3 to 5. Received: ", int(version), "."));
    const uint8_t kind = in.u8();
    Layout layout;
    if (kind == 0) {
        layout.kind = Layout::Kind::contiguous;
        layout.size = in.u16();
        layout.address = in.offset();
        in.skip(layout.size);
    } else if (kind == 1) {
        layout.kind = Layout::Kind::contiguous;
        layout.address = in.u64();
        layout.size = in.u64();
    } else if (kind == 2) {
        layout.kind = Layout::Kind::chunked;
        const uint8_t flags = version == 3 ? 0 : in.u8();
        const uint8_t rank = in.u8();  // one more than the dataset's: the element's bytes
        if (rank < 2 || rank > max_rank + 1)
            in.fail(str("the rank of a chunk must be 1 to ", max_rank, "."));
        if (version == 3) layout.address = in.u64();
        const int width = version == 3 ? 4 : in.u8();
        if (width < 1 || width > 8) in.fail("the dimensions of a chunk must have 1 to 8 bytes.");
        for (int i = 0; i < rank; ++i) {
            layout.chunk.push_back(in.uint(width));
            if (layout.chunk.back() == 0) in.fail("the dimensions of a chunk must not be 0.");
        }
        layout.chunk.pop_back();
        if (version == 3) return layout;
        const uint8_t index = in.u8();
        if (index == 1) {
            if (flags & 2) {
                layout.size = in.u64();
                layout.filter_mask = in.u32();
            }
        } else if (index == 3) {
            in.skip(1);
        } else if (index != 2) {
            in.fail(
                str("chunks indexed by an extensible array or a version 2 B-tree are not read."));
        }
        layout.index = static_cast<Layout::Index>(index);
        layout.address = in.u64();
    } else if (kind == 3) {
        in.fail("virtual datasets are not read.");
    } else {
        in.fail(str("unknown data layout ", int(kind), "."));
    }
    return layout;
}

std::vector<Filter> parse_filters(Cursor in) {
    const uint8_t version = in.u8(), count = in.u8();
    if (version != 1 && version != 2) in.fail("the version of a filter pipeline must be 1 or 2.");
    if (count > 32) in.fail("a filter pipeline must have at most 32 filters.");
    if (version == 1) in.skip(6);
    std::vector<Filter> filters;
    for (int i = 0; i < count; ++i) {
        Filter filter;
        filter.id = in.u16();
        uint64_t name_size = version == 1 || filter.id >= 256 ? in.u16() : 0;
        if (version == 1) name_size = (name_size + 7) / 8 * 8;
        in.skip(2);
        const uint16_t values = in.u16();
        in.skip(name_size);
        for (int k = 0; k < values; ++k) {
            const uint32_t value = in.u32();
            if (k == 0) filter.element_size = value;
        }
        if (version == 1 && values % 2 == 1) in.skip(4);
        if (filter.id != Filter::deflate && filter.id != Filter::shuffle) {
            in.fail(
                str("the filters must be deflate (1) and shuffle (2). Received: ", filter.id, "."));
        }
        if (filter.id == Filter::shuffle && (values < 1 || filter.element_size == 0)) {
            in.fail("the shuffle filter must know the size of an element.");
        }
        filters.push_back(filter);
    }
    return filters;
}

Attribute parse_attribute(Cursor in) {
    const uint8_t version = in.u8();
    if (version < 1 || version > 3)
        in.fail(str("the version of an attribute must be 1 to 3. Received: ", int(version), "."));
    const uint8_t flags = in.u8();
    if (version > 1 && flags != 0) in.fail("attributes of a shared type are not read.");
    const uint16_t name_size = in.u16(), type_size = in.u16(), space_size = in.u16();
    if (version == 3) in.skip(1);  // character set of the name
    const auto padded = [&](uint64_t size) { return version == 1 ? (size + 7) / 8 * 8 : size; };
    Attribute attribute;
    std::string_view name = in.text(padded(name_size));
    name = name.substr(0, std::min<size_t>(name.find('\0'), name_size));
    attribute.name = name;
    attribute.type = parse_type(in.sub(padded(type_size)));
    attribute.space = parse_space(in.sub(padded(space_size)));
    attribute.offset = in.offset();
    uint64_t size;
    if (multiply_overflows(attribute.space.elements, attribute.type.size, &size) ||
        size > in.remaining()) {
        in.fail(str("the attribute ", attribute.name, " has more elements than bytes."));
    }
    return attribute;
}

Link parse_link(Cursor in) {
    if (in.u8() != 1) in.fail("the version of a link must be 1.");
    const uint8_t flags = in.u8();
    const uint8_t kind = flags & 8 ? in.u8() : 0;
    if (flags & 4) in.skip(8);   // creation order
    if (flags & 16) in.skip(1);  // character set
    const uint64_t name_size = in.uint(1 << (flags & 3));
    Link link;
    link.name = in.text(name_size);
    if (kind == 1) in.fail("soft links are not followed.");
    if (kind != 0) in.fail("external links are not followed.");
    link.header = in.u64();
    return link;
}

}  // namespace cornu::saving::hdf5
