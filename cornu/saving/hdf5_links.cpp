// How groups name their children: symbol tables (III.A-D) and, in newer files, messages kept in a
// fractal heap (III.G) that a version 2 B-tree (III.A.2) indexes.
#include <algorithm>
#include <bit>

#include "cornu/base/checked.h"
#include "cornu/base/error.h"
#include "cornu/saving/hdf5_format.h"

namespace cornu::saving::hdf5 {

namespace {

constexpr int max_tree_depth = 64;

struct LocalHeap {
    uint64_t address, size;
};

LocalHeap read_local_heap(Budget& budget, uint64_t address) {
    budget.spend(32, address);
    Cursor in(budget.source(), address, 32);
    in.expect("HEAP");
    in.skip(4);
    LocalHeap heap;
    heap.size = in.u64();
    in.skip(8);
    heap.address = in.u64();
    budget.source().bytes(heap.address, heap.size);
    return heap;
}

std::string_view heap_name(Budget& budget, const LocalHeap& heap, uint64_t offset) {
    const ByteSource& source = budget.source();
    if (offset >= heap.size) source.fail(heap.address, "a name lies outside of its heap.");
    const std::string_view rest = source.text(heap.address + offset, heap.size - offset);
    const size_t length = rest.find('\0');
    if (length == rest.npos) source.fail(heap.address + offset, "a name must end in NUL.");
    budget.spend(length, heap.address + offset);
    return rest.substr(0, length);
}

void read_symbol_node(Budget& budget, const LocalHeap& heap, uint64_t address,
                      std::vector<Link>& out) {
    const ByteSource& source = budget.source();
    Cursor head(source, address, 8);
    head.expect("SNOD");
    head.skip(2);
    const uint64_t count = head.u16();
    budget.spend(8 + 40 * count, address);
    Cursor in(source, address + 8, 40 * count);
    for (uint64_t i = 0; i < count; ++i) {
        const uint64_t name = in.u64(), header = in.u64();
        if (in.u32() == 2) in.fail("soft links are not followed.");
        in.skip(20);
        out.push_back({std::string(heap_name(budget, heap, name)), header});
    }
}

// The smallest number of bytes that can hold `value`.
int width_of(uint64_t value) {
    return std::max(1, (static_cast<int>(std::bit_width(value)) + 7) / 8);
}

class FractalHeap {
public:
    FractalHeap(Budget& budget, uint64_t address) : budget_(&budget) {
        const ByteSource& source = budget.source();
        Cursor in(source, address, source.size() - std::min(address, source.size()));
        in.expect("FRHP");
        if (in.u8() != 0) in.fail("the version of a fractal heap must be 0.");
        id_size_ = in.u16();
        if (in.u16() != 0) in.fail("filtered fractal heaps are not read.");
        in.skip(1);
        const uint64_t max_managed = in.u32();
        in.skip(12 * 8);
        width_ = in.u16();
        start_block_ = in.u64();
        max_direct_ = in.u64();
        max_bits_ = in.u16();
        in.skip(2);
        root_ = in.u64();
        root_rows_ = in.u16();
        budget.spend(in.offset() - address, address);
        check_sum(source, address, in.offset() - address);
        if (width_ == 0 || !std::has_single_bit(width_) || !std::has_single_bit(start_block_) ||
            !std::has_single_bit(max_direct_) || max_direct_ < start_block_ || max_bits_ == 0 ||
            max_bits_ > 63 || max_direct_ > (uint64_t(1) << max_bits_)) {
            source.fail(address, "the block sizes of a fractal heap make no sense.");
        }
        offset_width_ = (max_bits_ + 7) / 8;
        length_width_ = std::min((std::countr_zero(max_direct_) + 7) / 8, width_of(max_managed));
    }

    uint16_t id_size() const { return id_size_; }

    // The object that a heap ID names.
    Cursor object(Cursor id) const {
        const ByteSource& source = budget_->source();
        const uint64_t at = id.offset();
        const uint8_t head = id.u8();
        if (head >> 6 != 0) source.fail(at, "the version of a heap ID must be 0.");
        const int kind = head >> 4 & 3;
        if (kind == 2) {  // the object lies in the ID itself
            uint64_t size = (head & 15) + 1;
            if (id_size_ > 17) size = (uint64_t(head & 15) << 8 | id.u8()) + 1;
            budget_->spend(size, at);
            return id.sub(size);
        }
        if (kind != 0) source.fail(at, "huge objects of a fractal heap are not read.");
        const uint64_t offset = id.uint(offset_width_), size = id.uint(length_width_);
        const auto [block, begin, block_size] = find_block(offset);
        const uint64_t within = offset - begin;
        if (within > block_size || size > block_size - within) {
            source.fail(at, "an object reaches beyond its heap block.");
        }
        uint64_t address;
        if (add_overflows(block, within, &address)) source.fail(at, "an address is too large.");
        budget_->spend(size, address);
        return Cursor(source, address, size);
    }

private:
    struct Block {
        uint64_t address, begin, size;  // begin: its offset in the heap's own space
    };

    uint64_t row_size(int row) const { return row < 2 ? start_block_ : start_block_ << (row - 1); }

    // Goes down the doubling table; each indirect block covers less than the one above.
    Block find_block(uint64_t offset) const {
        const ByteSource& source = budget_->source();
        uint64_t address = root_, begin = 0;
        int rows = root_rows_;
        // A lone direct block may have grown beyond the first size.
        if (rows == 0) return checked({address, 0, max_direct_});
        for (int depth = 0; depth < max_tree_depth; ++depth) {
            source.bytes(address, 5);
            if (source.text(address, 4) != "FHIB")
                source.fail(address, "an indirect heap block must be here.");
            const uint64_t children = address + 13 + static_cast<uint64_t>(offset_width_);
            uint64_t row_begin = begin;
            bool down = false;
            for (int row = 0; row < rows; ++row) {
                if (std::bit_width(start_block_) + std::max(0, row - 1) > 63) break;
                const uint64_t size = row_size(row);
                uint64_t row_bytes, row_end;
                if (multiply_overflows(size, uint64_t(width_), &row_bytes) ||
                    add_overflows(row_begin, row_bytes, &row_end)) {
                    break;
                }
                if (offset >= row_end) {
                    row_begin = row_end;
                    continue;
                }
                const uint64_t column = (offset - row_begin) / size;
                const uint64_t child = source.u64(children + 8 * (uint64_t(row) * width_ + column));
                const uint64_t child_begin = row_begin + column * size;
                if (size <= max_direct_) return checked({child, child_begin, size});
                // An indirect child of `size` bytes has as many rows as it takes to cover them.
                rows = std::bit_width(size) - std::bit_width(start_block_ * width_) + 1;
                if (rows < 1)
                    source.fail(address, "the block sizes of a fractal heap make no sense.");
                address = child;
                begin = child_begin;
                down = true;
                break;
            }
            if (!down) break;
        }
        source.fail(root_, "an object lies outside of its fractal heap.");
    }

    Block checked(Block block) const {
        const ByteSource& source = budget_->source();
        source.bytes(block.address, 5);
        if (source.text(block.address, 4) != "FHDB")
            source.fail(block.address, "a direct heap block must be here.");
        return block;
    }

    Budget* budget_;
    uint16_t id_size_ = 0, width_ = 0, max_bits_ = 0, root_rows_ = 0;
    uint64_t start_block_ = 0, max_direct_ = 0, root_ = undefined;
    int offset_width_ = 0, length_width_ = 0;
};

struct TreeNode {
    uint64_t address, records;
    int depth;
};

}  // namespace

void read_symbol_table(Budget& budget, Cursor message, std::vector<Link>& out) {
    const ByteSource& source = budget.source();
    const uint64_t root = message.u64();
    const LocalHeap heap = read_local_heap(budget, message.u64());
    struct Item {
        uint64_t address;
        int above;  // the level of the node above
    };
    std::vector<Item> todo = {{root, 256}};
    while (!todo.empty()) {
        const Item item = todo.back();
        todo.pop_back();
        Cursor head(source, item.address, 24);
        head.expect("TREE");
        if (head.u8() != 0) head.fail("a B-tree of group nodes must be here.");
        const int level = head.u8();
        const uint64_t count = head.u16();
        if (item.above != 256 && level != item.above - 1)
            head.fail("the levels of a B-tree must descend by one.");
        budget.spend(24 + 16 * count, item.address);
        Cursor in(source, item.address + 24, 16 * count);
        std::vector<Item> children;
        for (uint64_t i = 0; i < count; ++i) {
            in.skip(8);  // the key: the last name before this child
            const uint64_t child = in.u64();
            if (level == 0) {
                read_symbol_node(budget, heap, child, out);
            } else {
                children.push_back({child, level});
            }
        }
        todo.insert(todo.end(), children.rbegin(), children.rend());
    }
}

std::vector<Cursor> read_dense(Budget& budget, uint64_t heap_address, uint64_t index,
                               uint8_t record_type) {
    const ByteSource& source = budget.source();
    const FractalHeap heap(budget, heap_address);
    budget.spend(38, index);
    Cursor in(source, index, 38);
    in.expect("BTHD");
    check_sum(source, index, 34);
    if (in.u8() != 0) in.fail("the version of a B-tree must be 0.");
    if (in.u8() != record_type)
        in.fail(str("the B-tree must hold records of type ", int(record_type), "."));
    const uint64_t node_size = in.u32(), record_size = in.u16();
    const int depth = in.u16();
    in.skip(2);
    const uint64_t root = in.u64();
    const uint64_t root_records = in.u16();
    // The record is `hash, ID` for links and `ID, flags, order, hash` for attributes.
    const uint64_t id_at = record_type == 5 ? 4 : 0;
    if (record_size < id_at + heap.id_size() || node_size < 10 + record_size ||
        depth > max_tree_depth) {
        in.fail("the sizes of a B-tree make no sense.");
    }
    // How wide a child's counts are follows from how many records fit below (III.A.2).
    std::vector<uint64_t> capacity = {(node_size - 10) / record_size};
    std::vector<int> total_width = {0};
    const int count_width = width_of(capacity[0]);
    uint64_t below = capacity[0];
    for (int level = 1; level <= depth; ++level) {
        const uint64_t pointer = 8 + uint64_t(count_width) + uint64_t(total_width.back());
        if (node_size < 10 + pointer) in.fail("the sizes of a B-tree make no sense.");
        capacity.push_back((node_size - 10 - pointer) / (record_size + pointer));
        uint64_t total;
        if (multiply_overflows(capacity.back() + 1, below, &total) ||
            add_overflows(total, capacity.back(), &total)) {
            total = ~uint64_t(0);
        }
        below = total;
        total_width.push_back(width_of(below));
    }

    std::vector<Cursor> objects;
    std::vector<TreeNode> todo;
    if (root != undefined) todo.push_back({root, root_records, depth});
    while (!todo.empty()) {
        const TreeNode node = todo.back();
        todo.pop_back();
        const size_t level = static_cast<size_t>(node.depth);
        if (node.records > capacity[level])
            source.fail(node.address, "a B-tree node has more records than fit.");
        const uint64_t pointer =
            node.depth == 0 ? 0 : 8 + uint64_t(count_width) + uint64_t(total_width[level - 1]);
        const uint64_t size =
            6 + node.records * record_size + (node.depth ? (node.records + 1) * pointer : 0);
        budget.spend(size, node.address);
        Cursor body(source, node.address, size);
        body.expect(node.depth == 0 ? "BTLF" : "BTIN");
        check_sum(source, node.address, size);
        body.skip(2);
        for (uint64_t i = 0; i < node.records; ++i) {
            Cursor record = body.sub(record_size);
            record.skip(id_at);
            objects.push_back(heap.object(record.sub(heap.id_size())));
        }
        for (uint64_t i = 0; node.depth > 0 && i <= node.records; ++i) {
            const uint64_t child = body.u64();
            const uint64_t records = body.uint(count_width);
            if (total_width[level - 1] > 0)
                body.skip(static_cast<uint64_t>(total_width[level - 1]));
            todo.push_back({child, records, node.depth - 1});
        }
    }
    return objects;
}

}  // namespace cornu::saving::hdf5
