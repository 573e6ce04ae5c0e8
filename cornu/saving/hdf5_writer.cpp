#include "cornu/saving/hdf5_writer.h"

#include <algorithm>
#include <bit>
#include <map>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"
#include "cornu/saving/hdf5_encode.h"
#include "cornu/saving/hdf5_format.h"

namespace cornu::saving {

using namespace hdf5;

namespace {

constexpr uint64_t superblock_size = 96;
constexpr uint64_t leaf_k = 4, internal_k = 16;  // h5py's: half of the entries of a full node
constexpr uint64_t symbol_node_size = 8 + 2 * leaf_k * 40;
constexpr uint64_t tree_node_size = 24 + (2 * internal_k + 1) * 8 + 2 * internal_k * 8;
constexpr uint64_t heap_collection_bytes = 64 << 10;
constexpr uint64_t max_attribute_bytes = 64'000;

uint64_t round_up(uint64_t value, uint64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}
uint64_t divide_up(uint64_t value, uint64_t by) { return (value + by - 1) / by; }

}  // namespace

Hdf5Value Hdf5Value::boolean(bool value) {
    Hdf5Value out;
    out.kind_ = Kind::boolean;
    out.integer_ = value;
    return out;
}
Hdf5Value Hdf5Value::integer(int64_t value) {
    Hdf5Value out;
    out.integer_ = value;
    return out;
}
Hdf5Value Hdf5Value::real(double value) {
    Hdf5Value out;
    out.kind_ = Kind::real;
    out.real_ = value;
    return out;
}
Hdf5Value Hdf5Value::text(std::string value) {
    Hdf5Value out;
    out.kind_ = Kind::text;
    out.strings_.push_back(std::move(value));
    return out;
}
Hdf5Value Hdf5Value::texts(std::vector<std::string> values) {
    Hdf5Value out;
    out.kind_ = Kind::text;
    out.scalar_ = false;
    out.strings_ = std::move(values);
    return out;
}
Hdf5Value Hdf5Value::bytes(std::vector<std::string> values) {
    Hdf5Value out = texts(std::move(values));
    out.kind_ = Kind::bytes;
    return out;
}
Hdf5Value Hdf5Value::bytes(std::string value) {
    Hdf5Value out = text(std::move(value));
    out.kind_ = Kind::bytes;
    return out;
}

struct Hdf5Writer::Node {
    bool is_dataset = false;
    std::map<std::string, uint32_t, std::less<>>
        children;  // in the order of bytes, as files keep them
    std::vector<std::pair<std::string, Hdf5Value>> attributes;
    Shape shape;
    DType dtype = DType::float32;
    uint64_t nbytes = 0;
    Data data;
};

// Where everything goes, and the bytes of all but the data.
struct Hdf5Plan {
    using Node = Hdf5Writer::Node;
    struct Place {
        uint64_t header = 0, tree = 0, heap = 0, data = undefined;
    };
    struct Object {
        uint64_t collection = 0;
        uint16_t index = 0;
    };
    struct Collection {
        uint64_t address = 0, size = 0;
        std::vector<std::string_view> strings;
    };

    const std::vector<Node>& nodes;
    std::vector<Place> places;
    std::vector<Collection> collections;
    std::vector<Object> objects;  // one for each string of variable length, in the order of use
    size_t next_object = 0;
    uint64_t metadata_end = 0, end = 0;

    explicit Hdf5Plan(const std::vector<Node>& nodes) : nodes(nodes), places(nodes.size()) {
        uint64_t at = superblock_size;
        for (size_t i = 0; i < nodes.size(); ++i) {
            places[i].header = at;
            at += 16 + header_size(nodes[i]);
            if (nodes[i].is_dataset) continue;
            places[i].tree = at;
            at += tree_bytes(nodes[i]);
            places[i].heap = at;
            at += 32 + heap_bytes(nodes[i]);
        }
        place_strings(at);
        metadata_end = at;
        for (size_t i = 0; i < nodes.size(); ++i) {
            if (!nodes[i].is_dataset || nodes[i].nbytes == 0) continue;
            at = round_up(at, nodes[i].nbytes >= 4096 ? 64 : 8);
            places[i].data = at;
            at = checked_add(at, nodes[i].nbytes);
        }
        end = at;
    }

    // Sizes

    static uint64_t value_element(const Hdf5Value& value) {
        switch (value.kind_) {
            case Hdf5Value::Kind::boolean:
                return 1;
            case Hdf5Value::Kind::text:
                return 16;
            case Hdf5Value::Kind::bytes: {
                size_t longest = 1;
                for (const std::string& text : value.strings_)
                    longest = std::max(longest, text.size());
                return longest;
            }
            default:
                return 8;
        }
    }
    static uint64_t value_count(const Hdf5Value& value) {
        return value.scalar_ ? 1 : value.strings_.size();
    }
    static Fields value_type(const Hdf5Value& value) {
        switch (value.kind_) {
            case Hdf5Value::Kind::boolean:
                return encode_type(DType::bool_);
            case Hdf5Value::Kind::integer:
                return encode_type(DType::int64);
            case Hdf5Value::Kind::real:
                return encode_type(DType::float64);
            case Hdf5Value::Kind::text:
                return encode_variable_string();
            case Hdf5Value::Kind::bytes:
                break;
        }
        return encode_fixed_string(value_element(value));
    }
    static uint64_t attribute_size(const std::string& name, const Hdf5Value& value) {
        return 8 + round_up(name.size() + 1, 8) + round_up(value_type(value).size(), 8) +
               (value.scalar_ ? 8 : 16) + round_up(value_count(value) * value_element(value), 8);
    }
    static uint64_t header_size(const Node& node) {
        uint64_t size = 0;
        if (node.is_dataset) {
            size += 8 + encode_space(node.shape).size();
            size += 8 + round_up(encode_type(node.dtype).size(), 8);
            size += 8 + 8;   // fill value
            size += 8 + 24;  // layout
        } else {
            size += 8 + 16;  // symbol table
        }
        for (const auto& [name, value] : node.attributes) size += 8 + attribute_size(name, value);
        return size;
    }
    static uint64_t heap_bytes(const Node& node) {
        uint64_t size = 8;  // the empty name comes first
        for (const auto& [name, child] : node.children) size += round_up(name.size() + 1, 8);
        return size;
    }
    // Nodes of each level of a group's B-tree, the leaves' first; above the symbol nodes.
    static std::vector<uint64_t> tree_levels(const Node& node) {
        std::vector<uint64_t> levels;
        uint64_t below = divide_up(node.children.size(), 2 * leaf_k);
        do {
            below = std::max<uint64_t>(1, divide_up(below, 2 * internal_k));
            levels.push_back(below);
        } while (below > 1);
        return levels;
    }
    static uint64_t tree_bytes(const Node& node) {
        uint64_t count = 0;
        for (const uint64_t level : tree_levels(node)) count += level;
        return count * tree_node_size +
               divide_up(node.children.size(), 2 * leaf_k) * symbol_node_size;
    }

    void place_strings(uint64_t& at) {
        uint64_t used = 0;
        const auto close = [&] {
            if (collections.empty()) return;
            collections.back().size = std::max<uint64_t>(4096, used);  // the library's least size
            at = collections.back().address + collections.back().size;
        };
        for (const Node& node : nodes) {
            for (const auto& [name, value] : node.attributes) {
                if (value.kind_ != Hdf5Value::Kind::text) continue;
                for (const std::string& text : value.strings_) {
                    const uint64_t size = 16 + round_up(text.size(), 8);
                    if (collections.empty() || used + size > heap_collection_bytes) {
                        close();
                        collections.push_back({at, 0, {}});
                        used = 16;
                    }
                    used += size;
                    collections.back().strings.push_back(text);
                    objects.push_back({collections.back().address,
                                       static_cast<uint16_t>(collections.back().strings.size())});
                }
            }
        }
        close();
    }

    // Bytes

    Fields metadata() {
        Fields out;
        out.text(signature).u32(0).u8(0).u8(8).u8(8).u8(0).u16(leaf_k).u16(internal_k).u32(0);
        out.u64(0).u64(undefined).u64(end).u64(undefined);
        out.u64(0).u64(places[0].header).u32(1).u32(0).u64(places[0].tree).u64(places[0].heap);
        CORNU_CHECK(out.size() == superblock_size);
        next_object = 0;
        for (size_t i = 0; i < nodes.size(); ++i) {
            CORNU_CHECK(out.size() == places[i].header, "node ", i);
            put_header(out, i);
            if (!nodes[i].is_dataset) put_links(out, i);
        }
        for (const Collection& collection : collections) put_collection(out, collection);
        CORNU_CHECK(out.size() == metadata_end);
        return out;
    }

    static void put_message(Fields& out, uint16_t type, uint8_t flags, Fields body) {
        body.pad_to(8);
        out.u16(type).u16(body.size()).u8(flags).pad(3).append(body);
    }

    void put_header(Fields& out, size_t i) {
        const Node& node = nodes[i];
        const uint64_t messages = (node.is_dataset ? 4 : 1) + node.attributes.size();
        out.u8(1).u8(0).u16(messages).u32(1).u32(header_size(node)).u32(0);
        constexpr uint8_t constant = 1;
        if (node.is_dataset) {
            put_message(out, msg_dataspace, 0, encode_space(node.shape));
            put_message(out, msg_datatype, constant, encode_type(node.dtype));
            put_message(out, msg_fill, constant,
                        std::move(Fields().u8(2).u8(2).u8(2).u8(1).u32(0)));
            put_message(out, msg_layout, 0,
                        std::move(Fields().u8(3).u8(1).u64(places[i].data).u64(node.nbytes)));
        } else {
            put_message(out, msg_symbol_table, 0,
                        std::move(Fields().u64(places[i].tree).u64(places[i].heap)));
        }
        for (const auto& [name, value] : node.attributes) put_attribute(out, name, value);
    }

    void put_attribute(Fields& out, const std::string& name, const Hdf5Value& value) {
        const Fields type = value_type(value);
        Fields body;
        body.u8(1).u8(0).u16(name.size() + 1).u16(type.size()).u16(value.scalar_ ? 8 : 16);
        body.text(name).u8(0).pad_to(8).append(type).pad_to(8);
        body.append(encode_space(
            value.scalar_ ? Shape() : Shape{static_cast<int64_t>(value.strings_.size())}));
        switch (value.kind_) {
            case Hdf5Value::Kind::boolean:
                body.u8(static_cast<uint64_t>(value.integer_));
                break;
            case Hdf5Value::Kind::integer:
                body.u64(static_cast<uint64_t>(value.integer_));
                break;
            case Hdf5Value::Kind::real:
                body.u64(std::bit_cast<uint64_t>(value.real_));
                break;
            case Hdf5Value::Kind::text:
                for (const std::string& text : value.strings_) {
                    const Object object = objects[next_object++];
                    body.u32(text.size()).u64(object.collection).u32(object.index);
                }
                break;
            case Hdf5Value::Kind::bytes: {
                const uint64_t width = value_element(value);
                for (const std::string& text : value.strings_)
                    body.text(text).pad(width - text.size());
                break;
            }
        }
        put_message(out, msg_attribute, 0, std::move(body));
    }

    // B-tree, symbol nodes and names of a group. The key after a child is the child's last name.
    void put_links(Fields& out, size_t i) {
        const Node& node = nodes[i];
        std::vector<uint64_t> name_at;
        uint64_t at = 8;
        for (const auto& [name, child] : node.children) {
            name_at.push_back(at);
            at += round_up(name.size() + 1, 8);
        }
        const std::vector<uint64_t> levels = tree_levels(node);
        const uint64_t leaves = divide_up(node.children.size(), 2 * leaf_k);

        // Highest level first, so that the root stands where the header says.
        std::vector<uint64_t> level_at(levels.size());
        uint64_t address = places[i].tree;
        for (size_t level = levels.size(); level-- > 0;) {
            level_at[level] = address;
            address += levels[level] * tree_node_size;
        }
        const uint64_t symbols_at = address;
        uint64_t names_per_child = 2 * leaf_k;
        std::vector<uint64_t> spans;  // names under one child of each level
        for (size_t level = 0; level < levels.size(); ++level) {
            spans.push_back(names_per_child);
            names_per_child *= 2 * internal_k;
        }
        for (size_t level = levels.size(); level-- > 0;) {
            const uint64_t below = level == 0 ? leaves : levels[level - 1];
            const uint64_t below_at = level == 0 ? symbols_at : level_at[level - 1];
            const uint64_t below_size = level == 0 ? symbol_node_size : tree_node_size;
            for (uint64_t k = 0; k < levels[level]; ++k) {
                const uint64_t first = k * 2 * internal_k;
                const uint64_t count = std::min(below - std::min(below, first), 2 * internal_k);
                Fields body;
                const auto sibling = [&](bool there, uint64_t number) {
                    return there ? level_at[level] + number * tree_node_size : undefined;
                };
                body.text("TREE").u8(0).u8(level).u16(count);
                body.u64(sibling(k > 0, k - 1)).u64(sibling(k + 1 < levels[level], k + 1));
                const auto last_name = [&](uint64_t child) {
                    return name_at[std::min<uint64_t>((child + 1) * spans[level], name_at.size()) -
                                   1];
                };
                body.u64(first == 0 ? 0 : last_name(first - 1));
                for (uint64_t c = first; c < first + count; ++c) {
                    body.u64(below_at + c * below_size).u64(last_name(c));
                }
                body.pad(tree_node_size - body.size());
                out.append(body);
            }
        }
        auto child = node.children.begin();
        for (uint64_t k = 0, number = 0; k < leaves; ++k) {
            const uint64_t count =
                std::min<uint64_t>(node.children.size() - k * 2 * leaf_k, 2 * leaf_k);
            Fields body;
            body.text("SNOD").u8(1).u8(0).u16(count);
            for (uint64_t c = 0; c < count; ++c, ++child, ++number) {
                const Place& place = places[child->second];
                const bool group = !nodes[child->second].is_dataset;
                body.u64(name_at[number]).u64(place.header).u32(group ? 1 : 0).u32(0);
                body.u64(group ? place.tree : 0).u64(group ? place.heap : 0);
            }
            body.pad(symbol_node_size - body.size());
            out.append(body);
        }
        constexpr uint64_t no_free_block = 1;
        CORNU_CHECK(out.size() == places[i].heap);
        out.text("HEAP")
            .u32(0)
            .u64(heap_bytes(node))
            .u64(no_free_block)
            .u64(places[i].heap + 32)
            .pad(8);
        for (const auto& [name, index] : node.children) out.text(name).u8(0).pad_to(8);
    }

    static void put_collection(Fields& out, const Collection& collection) {
        CORNU_CHECK(out.size() == collection.address);
        out.text("GCOL").u8(1).pad(3).u64(collection.size);
        uint64_t used = 16;
        for (size_t k = 0; k < collection.strings.size(); ++k) {
            const std::string_view text = collection.strings[k];
            out.u16(k + 1).u16(0).u32(0).u64(text.size()).text(text).pad_to(8);
            used += 16 + round_up(text.size(), 8);
        }
        // What is left is one free object, whose size counts its own head.
        const uint64_t left = collection.size - used;
        if (left >= 16) {
            out.u16(0).u16(0).u32(0).u64(left).pad(left - 16);
        } else {
            out.pad(left);
        }
    }
};

Hdf5Writer::Hdf5Writer() : nodes_(1) {}
Hdf5Writer::~Hdf5Writer() = default;
Hdf5Writer::Hdf5Writer(Hdf5Writer&&) noexcept = default;
Hdf5Writer& Hdf5Writer::operator=(Hdf5Writer&&) noexcept = default;

namespace {

// Takes the first component off `path`.
std::string_view take_part(std::string_view& path) {
    const size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    path = end == path.npos ? std::string_view() : path.substr(end + 1);
    return part;
}

}  // namespace

uint32_t Hdf5Writer::make(std::string_view path, bool leaf_is_dataset) {
    const std::string_view whole = path;
    const auto refuse = [&](const char* rule) {
        throw ValueError(str("an HDF5 path must ", rule, ". Received: \"", whole, "\"."));
    };
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.ends_with('/')) refuse("not end in a `/`");
    uint32_t at = 0;
    while (!path.empty()) {
        const std::string_view part = take_part(path);
        const bool leaf = path.empty();
        if (part.empty() || part == "." || part.find('\0') != part.npos)
            refuse("have no component that is empty, `.`, or holds NUL");
        if (nodes_[at].is_dataset) refuse("not lead through a dataset");
        const auto it = nodes_[at].children.find(part);
        if (it != nodes_[at].children.end()) {
            at = it->second;
            if (leaf && (leaf_is_dataset || nodes_[at].is_dataset)) refuse("be new");
            continue;
        }
        const uint32_t made = static_cast<uint32_t>(nodes_.size());
        nodes_[at].children.emplace(part, made);
        nodes_.emplace_back();
        nodes_[made].is_dataset = leaf && leaf_is_dataset;
        at = made;
    }
    return at;
}

uint32_t Hdf5Writer::find(std::string_view path) const {
    const std::string_view whole = path;
    if (path.starts_with('/')) path.remove_prefix(1);
    uint32_t at = 0;
    while (!path.empty()) {
        const auto it = nodes_[at].children.find(take_part(path));
        if (it == nodes_[at].children.end()) {
            throw ValueError(
                str("an attribute needs an HDF5 path that exists. Received: \"", whole, "\"."));
        }
        at = it->second;
    }
    return at;
}

void Hdf5Writer::group(std::string_view path) { make(path, false); }

void Hdf5Writer::dataset(std::string_view path, const Shape& shape, DType dtype, Data data) {
    if (dtype == DType::string || dtype == DType::int4) {
        throw ValueError(str("an HDF5 dataset must have elements of whole bytes. Received: ", dtype,
                             " for \"", path, "\"."));
    }
    if (!shape.is_static() || shape.rank() > max_rank) {
        throw ValueError(str("an HDF5 dataset must have a known shape of rank ", max_rank,
                             " at most. Received: ", shape, " for \"", path, "\"."));
    }
    const uint64_t nbytes = static_cast<uint64_t>(bytes_for(dtype, shape.size()));
    if (path.empty() || path == "/") throw ValueError("the root of an HDF5 file must be a group.");
    Node& node = nodes_[make(path, true)];
    node.shape = shape;
    node.dtype = dtype;
    node.nbytes = nbytes;
    node.data = std::move(data);
    // HDF5's float types would not come back from h5py as NumPy's extra ones.
    if (dtype == DType::bfloat16 || dtype == DType::float8_e4m3fn || dtype == DType::float8_e5m2) {
        node.attributes.emplace_back("dtype", Hdf5Value::text(std::string(name(dtype))));
    }
}

void Hdf5Writer::dataset(std::string_view path, const Shape& shape, DType dtype,
                         std::span<const std::byte> data) {
    dataset(path, shape, dtype, [data](Sink& sink) { sink.write(data); });
}

void Hdf5Writer::attribute(std::string_view path, std::string_view name, Hdf5Value value) {
    Node& node = nodes_[find(path)];
    if (name.empty() || name.find('\0') != name.npos)
        throw ValueError("the name of an HDF5 attribute must not be empty or hold NUL.");
    for (const auto& [existing, old] : node.attributes) {
        if (existing == name)
            throw ValueError(
                str("the HDF5 attribute ", name, " of \"", path, "\" must not be set twice."));
    }
    const uint64_t size = Hdf5Plan::attribute_size(std::string(name), value);
    if (size > max_attribute_bytes) {
        throw ValueError(str("the HDF5 attribute ", name, " of \"", path, "\" must have at most ",
                             max_attribute_bytes, " bytes. Received: ", size, "."));
    }
    if (node.attributes.size() >= 65'000)
        throw ValueError("an HDF5 object must have at most 65,000 attributes.");
    node.attributes.emplace_back(name, std::move(value));
}

uint64_t Hdf5Writer::size() const { return Hdf5Plan(nodes_).end; }

void Hdf5Writer::write(Sink& sink) const {
    // Counts what a data function writes, so that a short one cannot shift everything after it.
    struct Counted final : Sink {
        Sink* sink;
        uint64_t count = 0;
        using Sink::write;
        explicit Counted(Sink* sink) : sink(sink) {}
        void write(std::span<const std::byte> bytes) override {
            sink->write(bytes);
            count += bytes.size();
        }
    };
    Hdf5Plan plan(nodes_);
    Counted out(&sink);
    out.write(plan.metadata().bytes());
    for (size_t i = 0; i < nodes_.size(); ++i) {
        if (plan.places[i].data == undefined) continue;
        out.pad(plan.places[i].data - out.count);
        nodes_[i].data(out);
        if (out.count != plan.places[i].data + nodes_[i].nbytes) {
            throw ValueError(str("an HDF5 dataset of shape ", nodes_[i].shape, " must get ",
                                 nodes_[i].nbytes,
                                 " bytes. Received: ", out.count - plan.places[i].data, "."));
        }
    }
    CORNU_CHECK(out.count == plan.end);
}

}  // namespace cornu::saving
