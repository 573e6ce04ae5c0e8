// The elements of datasets: contiguous, compact and chunked (III.A.1, IV.A.2.i).
#include <algorithm>
#include <cstring>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"
#include "cornu/saving/hdf5.h"
#include "cornu/saving/hdf5_format.h"
#include "cornu/saving/inflate.h"

namespace cornu::saving {

using namespace hdf5;

namespace {

struct Chunk {
    uint64_t number;  // row-major among the chunks
    uint64_t address, size;
    uint32_t filter_mask;
};

struct Grid {
    std::vector<uint64_t> dims, chunk, counts;  // of elements, of elements, of chunks
    uint64_t chunks = 1, chunk_bytes = 0;
    uint64_t element = 0;
};

Grid make_grid(const Node& node, const ByteSource& source) {
    Grid grid;
    grid.element = grid.chunk_bytes = node.type.size;
    for (int64_t axis = 0; axis < node.space.shape.rank(); ++axis) {
        const uint64_t dim = static_cast<uint64_t>(node.space.shape[axis]);
        const uint64_t chunk = node.layout.chunk[static_cast<size_t>(axis)];
        const uint64_t count = dim / chunk + (dim % chunk != 0);
        grid.dims.push_back(dim);
        grid.chunk.push_back(chunk);
        grid.counts.push_back(count);
        if (multiply_overflows(grid.chunks, count, &grid.chunks) ||
            multiply_overflows(grid.chunk_bytes, chunk, &grid.chunk_bytes)) {
            source.fail(node.header, "the chunks are too large.");
        }
    }
    return grid;
}

std::vector<Chunk> read_btree_chunks(const Node& node, const Grid& grid, Budget& budget) {
    const ByteSource& source = budget.source();
    const size_t rank = grid.dims.size();
    const uint64_t key_size = 8 + 8 * (rank + 1);
    struct Item {
        uint64_t address;
        int above;
    };
    std::vector<Chunk> chunks;
    std::vector<Item> todo = {{node.layout.address, 256}};
    while (!todo.empty()) {
        const Item item = todo.back();
        todo.pop_back();
        Cursor head(source, item.address, 24);
        head.expect("TREE");
        if (head.u8() != 1) head.fail("a B-tree of chunks must be here.");
        const int level = head.u8();
        const uint64_t count = head.u16();
        if (item.above != 256 && level != item.above - 1)
            head.fail("the levels of a B-tree must descend by one.");
        const uint64_t size = count * (key_size + 8);
        budget.spend(24 + size, item.address);
        Cursor in(source, item.address + 24, size);
        for (uint64_t i = 0; i < count; ++i) {
            Chunk chunk{0, 0, in.u32(), in.u32()};
            bool inside = true;
            for (size_t axis = 0; axis < rank; ++axis) {
                const uint64_t begin = in.u64();
                inside = inside && begin < grid.dims[axis] && begin % grid.chunk[axis] == 0;
                chunk.number = chunk.number * grid.counts[axis] + begin / grid.chunk[axis];
            }
            in.skip(8);
            chunk.address = in.u64();
            if (level > 0) {
                todo.push_back({chunk.address, level});
            } else if (inside) {
                chunks.push_back(chunk);
            } else {
                in.fail("a chunk lies outside of the dataset.");
            }
        }
    }
    return chunks;
}

// Newer files: one chunk, chunks in a row, or their addresses in an array of one page.
std::vector<Chunk> read_indexed_chunks(const Node& node, const Grid& grid, Budget& budget) {
    const ByteSource& source = budget.source();
    const Layout& layout = node.layout;
    const bool filtered = !node.filters.empty();
    std::vector<Chunk> chunks;
    if (layout.index == Layout::Index::single) {
        if (grid.chunks != 1) source.fail(node.header, "the one chunk must cover the dataset.");
        chunks.push_back(
            {0, layout.address, filtered ? layout.size : grid.chunk_bytes, layout.filter_mask});
    } else if (layout.index == Layout::Index::implicit) {
        if (filtered) source.fail(node.header, "chunks without an index must have no filters.");
        uint64_t size;
        if (multiply_overflows(grid.chunks, grid.chunk_bytes, &size))
            source.fail(node.header, "the chunks are too large.");
        source.bytes(layout.address, size);
        for (uint64_t i = 0; i < grid.chunks; ++i) {
            chunks.push_back({i, layout.address + i * grid.chunk_bytes, grid.chunk_bytes, 0});
        }
    } else {
        budget.spend(28, layout.address);
        Cursor head(source, layout.address, 24);
        head.expect("FAHD");
        check_sum(source, layout.address, 24);
        head.skip(2);
        const uint64_t entry = head.u8();
        const int page_bits = head.u8();
        const uint64_t count = head.u64(), block = head.u64();
        const uint64_t size_width = entry - 12;
        if (entry < 8 || (filtered && (entry < 13 || size_width > 8)) || count != grid.chunks) {
            head.fail("the array of chunks does not fit the dataset.");
        }
        if (page_bits < 64 && count > uint64_t(1) << page_bits)
            head.fail("paged arrays of chunks are not read.");
        uint64_t size;
        if (multiply_overflows(count, entry, &size)) head.fail("the array of chunks is too large.");
        budget.spend(14, block);
        budget.spend(size, block);
        Cursor mark(source, block, 14);
        mark.expect("FADB");
        check_sum(source, block, 14 + size);
        Cursor in(source, block + 14, size);
        for (uint64_t i = 0; i < count; ++i) {
            Cursor fields = in.sub(entry);
            Chunk chunk{i, fields.u64(), grid.chunk_bytes, 0};
            if (filtered) {
                chunk.size = fields.uint(static_cast<int>(size_width));
                chunk.filter_mask = fields.u32();
            }
            if (chunk.address != undefined) chunks.push_back(chunk);
        }
    }
    return chunks;
}

std::vector<std::byte> unshuffle(std::span<const std::byte> bytes, size_t element) {
    std::vector<std::byte> out(bytes.size());
    const size_t count = bytes.size() / element;
    for (size_t k = 0; k < element; ++k) {
        for (size_t i = 0; i < count; ++i) out[i * element + k] = bytes[k * count + i];
    }
    std::copy(bytes.begin() + static_cast<ptrdiff_t>(count * element), bytes.end(),
              out.begin() + static_cast<ptrdiff_t>(count * element));
    return out;
}

// Undoes the filters, last first; without any, the bytes stay where they are.
ByteSource decode(const Node& node, const Chunk& chunk, const Grid& grid,
                  const ByteSource& source) {
    ByteSource data = source.slice(source.name(), chunk.address, chunk.size);
    for (size_t i = node.filters.size(); i-- > 0;) {
        if (chunk.filter_mask >> i & 1) continue;
        const Filter& filter = node.filters[i];
        if (filter.id == Filter::deflate) {
            try {
                data = ByteSource::own(source.name(),
                                       inflate(data, grid.chunk_bytes, DeflateFormat::zlib));
            } catch (const FileError& error) {
                source.fail(chunk.address, str("a chunk cannot be read: ", error.what()));
            }
        } else {
            data = ByteSource::own(source.name(), unshuffle(data.bytes(), filter.element_size));
        }
    }
    if (data.size() != grid.chunk_bytes) {
        source.fail(chunk.address, str("a chunk must have ", grid.chunk_bytes,
                                       " bytes. Received: ", data.size(), "."));
    }
    return data;
}

// Copies the part of a chunk that lies inside the dataset, row by row.
void place(const Grid& grid, uint64_t number, std::span<const std::byte> data,
           std::span<std::byte> out) {
    const size_t rank = grid.dims.size();
    std::vector<uint64_t> begin(rank), extent(rank), at(rank, 0);
    for (size_t axis = rank; axis-- > 0;) {
        begin[axis] = number % grid.counts[axis] * grid.chunk[axis];
        number /= grid.counts[axis];
        extent[axis] = std::min(grid.chunk[axis], grid.dims[axis] - begin[axis]);
    }
    const uint64_t row = extent[rank - 1] * grid.element;
    while (true) {
        uint64_t from = 0, to = 0;
        for (size_t axis = 0; axis < rank; ++axis) {
            from = from * grid.chunk[axis] + at[axis];
            to = to * grid.dims[axis] + begin[axis] + at[axis];
        }
        std::memcpy(out.data() + to * grid.element, data.data() + from * grid.element,
                    static_cast<size_t>(row));
        size_t axis = rank - 1;
        while (axis-- > 0 && ++at[axis] == extent[axis]) at[axis] = 0;
        if (axis == static_cast<size_t>(-1)) return;
    }
}

void reverse_each(std::span<std::byte> bytes, size_t width) {
    for (size_t i = 0; i + width <= bytes.size(); i += width) {
        std::reverse(bytes.begin() + static_cast<ptrdiff_t>(i),
                     bytes.begin() + static_cast<ptrdiff_t>(i + width));
    }
}

bool only_zero_and_one(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b <= std::byte(1); });
}

}  // namespace

const Shape& Hdf5Dataset::shape() const { return node().space.shape; }

DType Hdf5Dataset::dtype() const {
    const Node& node = this->node();
    const Type& type = node.type;
    if (node.space.null)
        tree_->source.fail(node.header, str(path(), " is a dataset without elements."));
    switch (type.kind) {
        case Type::Kind::plain:
            return type.dtype;
        case Type::Kind::fixed_string:
        case Type::Kind::var_string:
            return DType::string;
        case Type::Kind::opaque:
            if (has_attribute("dtype")) {
                const Json name = attribute("dtype");
                const auto dtype = name.is_string() ? find_dtype(name.as_string()) : std::nullopt;
                if (dtype && static_cast<uint64_t>(bits(*dtype)) == 8 * type.size) return *dtype;
            }
            tree_->source.fail(node.header,
                               str(path(), " holds raw elements of ", type.size,
                                   " bytes, and no attribute `dtype` says what they are."));
        case Type::Kind::other:
            break;
    }
    tree_->source.fail(node.header,
                       str(path(), " holds elements that are not read: ", type.what, "."));
}

uint64_t Hdf5Dataset::nbytes() const {
    if (dtype() == DType::string)
        throw FileError(
            str(tree_->source.name(), ": ", path(), " holds strings, which have no fixed size."));
    return node().space.elements * node().type.size;
}

const std::shared_ptr<const void>& Hdf5Dataset::owner() const { return tree_->source.owner(); }
const ByteSource& Hdf5Object::source() const { return tree_->source; }

std::optional<std::span<const std::byte>> Hdf5Dataset::view() const {
    const Node& node = this->node();
    const uint64_t size = nbytes();
    if (node.layout.kind != Layout::Kind::contiguous || node.type.big_endian) return std::nullopt;
    if (node.layout.address == undefined) return std::nullopt;
    const auto bytes = tree_->source.bytes(node.layout.address, size);
    const uint64_t alignment = std::min<uint64_t>(node.type.size, 8);
    if (reinterpret_cast<uintptr_t>(bytes.data()) % alignment != 0) return std::nullopt;
    // A bool of another value than these would be undefined behaviour.
    if (dtype() == DType::bool_ && !only_zero_and_one(bytes)) return std::nullopt;
    return bytes;
}

void Hdf5Dataset::read(std::span<std::byte> out) const {
    const Node& node = this->node();
    const uint64_t size = nbytes();
    if (out.size() != size) {
        throw ValueError(str("reading ", path(), " needs room for exactly ", size,
                             " bytes. Received: ", out.size(), "."));
    }
    if (size == 0) return;
    if (node.layout.address == undefined) {
        tree_->source.fail(node.header,
                           str(path(), " declares the shape ", shape(), " but stores nothing."));
    }
    if (node.layout.kind == Layout::Kind::contiguous) {
        const auto bytes = tree_->source.bytes(node.layout.address, size);
        std::memcpy(out.data(), bytes.data(), bytes.size());
    } else {
        read_chunks(out);
    }
    if (node.type.big_endian) {
        const DType type = dtype();
        reverse_each(out,
                     static_cast<size_t>(is_complex(type) ? node.type.size / 2 : node.type.size));
    }
    if (dtype() == DType::bool_) {
        for (std::byte& value : out) value = std::byte(value != std::byte(0));
    }
}

void Hdf5Dataset::read_chunks(std::span<std::byte> out) const {
    const Node& node = this->node();
    const ByteSource& source = tree_->source;
    const Grid grid = make_grid(node, source);
    // Chunks larger than the dataset would make little data cost much work.
    uint64_t work;
    constexpr uint64_t slack = uint64_t(1) << 20;
    if (multiply_overflows(grid.chunks, grid.chunk_bytes, &work) ||
        work > tree_->limits.max_inflated_bytes || work / 64 > out.size() + slack) {
        source.fail(node.header,
                    str(path(), " has chunks that are too large for its shape ", shape(), "."));
    }
    Budget budget(source);
    const std::vector<Chunk> chunks = node.layout.index == Layout::Index::btree1
                                          ? read_btree_chunks(node, grid, budget)
                                          : read_indexed_chunks(node, grid, budget);
    std::vector<bool> seen;
    if (chunks.size() == grid.chunks) seen.resize(chunks.size());
    for (const Chunk& chunk : chunks) {
        if (seen.empty() || seen[static_cast<size_t>(chunk.number)]) break;
        seen[static_cast<size_t>(chunk.number)] = true;
        place(grid, chunk.number, decode(node, chunk, grid, source).bytes(), out);
    }
    if (seen.empty() || std::find(seen.begin(), seen.end(), false) != seen.end()) {
        source.fail(node.header, str(path(), " must store each of its ", grid.chunks,
                                     " chunks once. Received: ", chunks.size(), "."));
    }
}

std::vector<std::string> Hdf5Dataset::strings() const {
    const Node& node = this->node();
    if (dtype() != DType::string)
        throw FileError(str(tree_->source.name(), ": ", path(),
                            " must hold strings. Received: ", dtype(), "."));
    if (node.space.elements == 0) return {};
    if (node.layout.kind != Layout::Kind::contiguous || node.layout.address == undefined) {
        tree_->source.fail(node.header, str(path(), " must store its strings in one piece."));
    }
    return read_strings(*tree_, node.type, node.layout.address, node.space.elements);
}

}  // namespace cornu::saving
