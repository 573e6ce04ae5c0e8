// The tree of an HDF5 file (II, IV), read whole when the file is opened.
#include <algorithm>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"
#include "cornu/saving/hdf5.h"
#include "cornu/saving/hdf5_format.h"

namespace cornu::saving {

using namespace hdf5;

namespace {

uint64_t read_superblock(const ByteSource& source) {
    if (source.size() < signature.size() || source.text(0, signature.size()) != signature) {
        source.fail(0, "not an HDF5 file: its signature is missing.");
    }
    const uint8_t version = source.u8(8);
    Cursor in(source, 9, source.size() - 9);
    const auto check_widths = [&] {
        const uint8_t offsets = in.u8(), lengths = in.u8();
        if (offsets != 8 || lengths != 8) in.fail("addresses and lengths must have 8 bytes.");
    };
    uint64_t base, end, root;
    if (version <= 1) {
        in.skip(4);
        check_widths();
        in.skip(version == 0
                    ? 9
                    : 13);  // the B-trees' node sizes: nodes say themselves how full they are
        base = in.u64();
        in.skip(8);
        end = in.u64();
        in.skip(16);  // driver information; the name of the root
        root = in.u64();
    } else if (version <= 3) {
        check_widths();
        in.skip(1);
        base = in.u64();
        in.skip(8);
        end = in.u64();
        root = in.u64();
        check_sum(source, 0, in.offset());
    } else {
        source.fail(
            8, str("the version of the superblock must be 0 to 3. Received: ", int(version), "."));
    }
    if (base != 0) source.fail(8, "files with a user block are not read.");
    if (end > source.size()) {
        source.fail(source.size(), str("the file is cut short: it must have ", end,
                                       " bytes. Received: ", source.size(), "."));
    }
    return root;
}

class TreeReader {
public:
    TreeReader(ByteSource source, const LoadLimits& limits) : tree_(std::make_shared<Tree>()) {
        tree_->source = std::move(source);
        tree_->limits = limits;
    }

    std::shared_ptr<const Tree> read() {
        const ByteSource& source = tree_->source;
        Budget budget(source);
        Node root;
        root.header = read_superblock(source);
        tree_->nodes.push_back(std::move(root));
        // Breadth first, so that no nesting of the file becomes nesting of calls.
        for (size_t i = 0; i < tree_->nodes.size(); ++i) {
            std::vector<Link> links = read_node(budget, tree_->nodes[i]);
            add_children(static_cast<uint32_t>(i), links);
        }
        if (tree_->nodes[0].is_dataset)
            source.fail(tree_->nodes[0].header, "the root must be a group.");
        return tree_;
    }

private:
    std::vector<Link> read_node(Budget& budget, Node& node) {
        const ByteSource& source = tree_->source;
        std::vector<Link> links;
        bool is_group = false, has_type = false, has_space = false, has_layout = false;
        uint64_t seen = 0;
        for (const Message& message : read_header(budget, node.header)) {
            if (message.type != msg_attribute && message.type != msg_link && message.type < 64) {
                // Two dataspaces, say, would leave open which one holds.
                const uint64_t bit = uint64_t(1) << message.type;
                if (seen & bit && message.type <= msg_filters)
                    message.body.fail("a header message appears twice.");
                seen |= bit;
            }
            Cursor in = message.body;
            switch (message.type) {
                case msg_dataspace:
                    node.space = parse_space(in);
                    has_space = true;
                    break;
                case msg_datatype:
                    node.type = parse_type(in);
                    has_type = true;
                    break;
                case msg_layout:
                    node.layout = parse_layout(in);
                    has_layout = true;
                    break;
                case msg_filters:
                    node.filters = parse_filters(in);
                    break;
                case msg_attribute:
                    node.attributes.push_back(parse_attribute(in));
                    break;
                case msg_link:
                    links.push_back(parse_link(in));
                    is_group = true;
                    break;
                case msg_group_info:
                    is_group = true;
                    break;
                case msg_symbol_table:
                    read_symbol_table(budget, in, links);
                    is_group = true;
                    break;
                case msg_link_info: {
                    is_group = true;
                    in.skip(1);
                    if (in.u8() & 1) in.skip(8);
                    const uint64_t heap = in.u64(), index = in.u64();
                    if (heap == undefined) break;
                    for (const Cursor& link : read_dense(budget, heap, index, 5))
                        links.push_back(parse_link(link));
                    break;
                }
                case msg_attribute_info: {
                    in.skip(1);
                    if (in.u8() & 1) in.skip(2);
                    const uint64_t heap = in.u64(), index = in.u64();
                    if (heap == undefined) break;
                    for (const Cursor& body : read_dense(budget, heap, index, 8)) {
                        node.attributes.push_back(parse_attribute(body));
                    }
                    break;
                }
                default:
                    break;  // times, comments, fill values: nothing that is needed
            }
        }
        const bool is_dataset = has_type || has_space || has_layout;
        if (is_dataset == is_group)
            source.fail(node.header, "an object must be a group or a dataset.");
        if (is_dataset && !(has_type && has_space && has_layout)) {
            source.fail(node.header, "a dataset must have a type, a shape and a layout.");
        }
        node.is_dataset = is_dataset;
        if (is_dataset) check_dataset(node);
        check_attributes(node);
        return links;
    }

    void check_dataset(const Node& node) {
        const ByteSource& source = tree_->source;
        uint64_t size;
        if (multiply_overflows(node.space.elements, node.type.size, &size)) {
            source.fail(node.header, "the dataset has more bytes than 64 bits can count.");
        }
        if (node.layout.kind == Layout::Kind::chunked) {
            if (static_cast<int64_t>(node.layout.chunk.size()) != node.space.shape.rank()) {
                source.fail(node.header, "the chunks of a dataset must have its rank.");
            }
            return;
        }
        if (!node.filters.empty())
            source.fail(node.header, "only chunked datasets may have filters.");
        if (node.layout.kind != Layout::Kind::contiguous || node.layout.address == undefined)
            return;
        if (!source.holds(node.layout.address, node.layout.size)) {
            source.fail(node.header, "the data of a dataset reach beyond the end of the file.");
        }
        if (node.layout.size < size) {
            source.fail(node.header, str("the shape ", node.space.shape, " needs ", size,
                                         " bytes. Received: ", node.layout.size, " stored."));
        }
    }

    void check_attributes(Node& node) {
        std::vector<std::string_view> names;
        for (const Attribute& attribute : node.attributes) names.push_back(attribute.name);
        std::sort(names.begin(), names.end());
        const auto twice = std::adjacent_find(names.begin(), names.end());
        if (twice != names.end()) {
            tree_->source.fail(node.header,
                               str("the attribute ", *twice, " must not appear twice."));
        }
    }

    void add_children(uint32_t parent, std::vector<Link>& links) {
        const ByteSource& source = tree_->source;
        const uint64_t header = tree_->nodes[parent].header;
        const int depth = tree_->nodes[parent].depth + 1;
        if (!links.empty() && depth > tree_->limits.max_group_depth) {
            source.fail(header,
                        str("the groups are nested deeper than LoadLimits::max_group_depth, ",
                            tree_->limits.max_group_depth, "."));
        }
        if (links.size() > tree_->limits.max_objects -
                               std::min<uint64_t>(tree_->nodes.size(), tree_->limits.max_objects)) {
            source.fail(header, str("the file has more objects than LoadLimits::max_objects, ",
                                    tree_->limits.max_objects, "."));
        }
        std::sort(links.begin(), links.end(),
                  [](const Link& a, const Link& b) { return a.name < b.name; });
        for (size_t i = 0; i < links.size(); ++i) {
            if (links[i].name.empty() || links[i].name == "." ||
                links[i].name.find('/') != std::string::npos ||
                links[i].name.find('\0') != std::string::npos) {
                source.fail(header,
                            "the names in a group must not be empty, `.`, or hold a `/` or NUL.");
            }
            if (i > 0 && links[i].name == links[i - 1].name) {
                source.fail(header,
                            str("the name ", links[i].name, " must not appear twice in a group."));
            }
            Node node;
            node.name = std::move(links[i].name);
            node.parent = parent;
            node.depth = depth;
            node.header = links[i].header;
            tree_->nodes[parent].children.push_back(static_cast<uint32_t>(tree_->nodes.size()));
            tree_->nodes.push_back(std::move(node));
        }
    }

    std::shared_ptr<Tree> tree_;
};

}  // namespace

const Node& Hdf5Object::node() const { return tree_->nodes[node_]; }

std::string_view Hdf5Object::name() const { return node().name; }

std::string Hdf5Object::path() const {
    std::string path;
    for (uint32_t at = node_; at != 0; at = tree_->nodes[at].parent) {
        path = "/" + tree_->nodes[at].name + path;
    }
    return path.empty() ? "/" : path;
}

std::vector<std::string> Hdf5Object::attribute_names() const {
    std::vector<std::string> names;
    for (const Attribute& attribute : node().attributes) names.push_back(attribute.name);
    return names;
}

bool Hdf5Object::has_attribute(std::string_view name) const {
    const auto& all = node().attributes;
    return std::any_of(all.begin(), all.end(), [&](const Attribute& a) { return a.name == name; });
}

Json Hdf5Object::attribute(std::string_view name) const {
    for (const Attribute& attribute : node().attributes) {
        if (attribute.name == name) return attribute_json(*tree_, attribute);
    }
    throw FileError(str(tree_->source.name(), ": ", path(), " has no attribute ", name, "."));
}

Hdf5Group Hdf5Group::open(ByteSource source, const LoadLimits& limits) {
    return Hdf5Group(TreeReader(std::move(source), limits).read(), 0);
}

std::vector<std::string> Hdf5Group::names() const {
    std::vector<std::string> names;
    for (const uint32_t child : node().children) names.push_back(tree_->nodes[child].name);
    return names;
}

size_t Hdf5Group::size() const { return node().children.size(); }

std::optional<uint32_t> Hdf5Group::find(std::string_view path) const {
    uint32_t at = node_;
    while (true) {
        const size_t end = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, end);
        const auto& children = tree_->nodes[at].children;
        const auto it = std::lower_bound(
            children.begin(), children.end(), part,
            [&](uint32_t child, std::string_view name) { return tree_->nodes[child].name < name; });
        if (it == children.end() || tree_->nodes[*it].name != part) return std::nullopt;
        at = *it;
        if (end == path.size()) return at;
        path.remove_prefix(end + 1);
    }
}

bool Hdf5Group::contains(std::string_view path) const { return find(path).has_value(); }

bool Hdf5Group::contains_group(std::string_view path) const {
    const auto at = find(path);
    return at && !tree_->nodes[*at].is_dataset;
}

bool Hdf5Group::contains_dataset(std::string_view path) const {
    const auto at = find(path);
    return at && tree_->nodes[*at].is_dataset;
}

Hdf5Group Hdf5Group::group(std::string_view path) const {
    const auto at = find(path);
    if (!at || tree_->nodes[*at].is_dataset) {
        throw FileError(str(tree_->source.name(), ": ", this->path(), " must hold a group ", path,
                            ". Received: ", at ? "a dataset." : "nothing of this name."));
    }
    return Hdf5Group(tree_, *at);
}

Hdf5Dataset Hdf5Group::dataset(std::string_view path) const {
    const auto at = find(path);
    if (!at || !tree_->nodes[*at].is_dataset) {
        throw FileError(str(tree_->source.name(), ": ", this->path(), " must hold a dataset ", path,
                            ". Received: ", at ? "a group." : "nothing of this name."));
    }
    return Hdf5Dataset(tree_, *at);
}

}  // namespace cornu::saving
