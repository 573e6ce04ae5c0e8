// What a parsed HDF5 file is made of, inside the reader. "III.C" and the like are sections of the
// HDF5 File Format Specification, version 3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cornu/base/json.h"
#include "cornu/saving/byte_source.h"
#include "cornu/saving/load_limits.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::saving::hdf5 {

inline constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
inline constexpr uint64_t undefined = ~uint64_t(0);  // the address of what does not exist
inline constexpr int max_rank = 32;

enum MessageType : uint8_t {
    msg_nil = 0x00,
    msg_dataspace = 0x01,
    msg_link_info = 0x02,
    msg_datatype = 0x03,
    msg_fill_old = 0x04,
    msg_fill = 0x05,
    msg_link = 0x06,
    msg_external = 0x07,
    msg_layout = 0x08,
    msg_group_info = 0x0a,
    msg_filters = 0x0b,
    msg_attribute = 0x0c,
    msg_shared_table = 0x0f,
    msg_continuation = 0x10,
    msg_symbol_table = 0x11,
    msg_attribute_info = 0x15,
};

// A true file never has two structures share a byte, so all that is parsed adds up to no more than
// the file. Counting it down ends every cycle, and every amplification by overlap, with an error.
class Budget {
public:
    explicit Budget(const ByteSource& source) : source_(&source), left_(source.size()) {}
    void spend(uint64_t bytes, uint64_t offset) {
        if (bytes > left_) {
            source_->fail(offset, "the structures of the file overlap or form a cycle.");
        }
        left_ -= bytes;
    }
    const ByteSource& source() const { return *source_; }

private:
    const ByteSource* source_;
    uint64_t left_;
};

struct Type {
    enum class Kind : uint8_t { other, plain, fixed_string, var_string, opaque };
    Kind kind = Kind::other;
    DType dtype = DType::string;  // of plain
    bool big_endian = false;
    uint8_t padding = 0;  // of fixed strings: 0 ends at NUL, 1 NULs, 2 spaces at the end
    uint64_t size = 0;    // bytes of one element in the file
    std::string what;     // of other: what it is, for messages
};

struct Space {
    bool null = false;
    Shape shape;
    uint64_t elements = 0;
};

struct Attribute {
    std::string name;
    Type type;
    Space space;
    uint64_t offset = 0;  // of the data, whose bytes are known to be in the file
};

struct Filter {
    enum Id : uint16_t { deflate = 1, shuffle = 2 };
    uint16_t id = 0;
    uint32_t element_size = 0;  // of shuffle
};

struct Layout {
    enum class Kind : uint8_t { none, contiguous, chunked };  // compact is contiguous in the header
    enum class Index : uint8_t { single = 1, implicit = 2, fixed_array = 3, btree1 = 100 };
    Kind kind = Kind::none;
    uint64_t address = undefined;
    uint64_t size = 0;            // of contiguous and single
    std::vector<uint64_t> chunk;  // its shape
    Index index = Index::btree1;
    uint32_t filter_mask = 0;  // of single
};

struct Node {
    std::string name;
    uint32_t parent = 0;
    int depth = 0;
    uint64_t header = 0;  // address of the object header
    bool is_dataset = false;
    std::vector<uint32_t> children;  // sorted by name
    std::vector<Attribute> attributes;
    Type type;
    Space space;
    Layout layout;
    std::vector<Filter> filters;
};

struct Tree {
    ByteSource source;
    LoadLimits limits;
    std::vector<Node> nodes;  // the root first
};

struct Message {
    uint8_t type;
    uint8_t flags;
    Cursor body;
};

struct Link {
    std::string name;
    uint64_t header;
};

// hdf5_checksum.cpp
// The four bytes after [offset, offset + size) must be its checksum.
void check_sum(const ByteSource& source, uint64_t offset, uint64_t size);

// hdf5_messages.cpp
std::vector<Message> read_header(Budget& budget, uint64_t address);
Type parse_type(Cursor in);
Space parse_space(Cursor in);
Layout parse_layout(Cursor in);
std::vector<Filter> parse_filters(Cursor in);
Attribute parse_attribute(Cursor in);
Link parse_link(Cursor in);

// hdf5_links.cpp
void read_symbol_table(Budget& budget, Cursor message, std::vector<Link>& out);
std::vector<Cursor> read_dense(Budget& budget, uint64_t heap, uint64_t index, uint8_t record_type);

// hdf5_strings.cpp
std::vector<std::string> read_strings(const Tree& tree, const Type& type, uint64_t offset,
                                      uint64_t count);
Json attribute_json(const Tree& tree, const Attribute& attribute);

}  // namespace cornu::saving::hdf5
