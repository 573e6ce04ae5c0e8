#include "cornu/visualization/layered_layout.h"

#include <algorithm>
#include <numeric>

namespace cornu::visualization {

namespace {

// A box, or the place where a long arrow passes through a row.
struct Slot {
    double width = 0, height = 0, x = 0;
    size_t row = 0;
    std::vector<size_t> above = {}, below = {};
};

class Rows {
public:
    Rows(const std::vector<LayoutNode>& nodes, double gap) : gap_(gap) {
        for (const LayoutNode& node : nodes) {
            Slot slot{.width = node.width, .height = node.height};
            for (const size_t input : node.inputs) slot.row = std::max(slot.row, slots_[input].row + 1);
            slots_.push_back(slot);
        }
        for (size_t to = 0; to < nodes.size(); ++to)
            for (const size_t from : nodes[to].inputs) ways_.push_back(join(from, to));
        for (size_t i = 0; i < slots_.size(); ++i) {
            if (slots_[i].row >= rows_.size()) rows_.resize(slots_[i].row + 1);
            rows_[slots_[i].row].push_back(i);
        }
        for (int sweep = 0; sweep < 8; ++sweep) order(sweep % 2 == 0);
        for (const auto& row : rows_) place(row, [&](size_t) { return 0.0; });
        for (int sweep = 0; sweep < 12; ++sweep) straighten(sweep % 2 == 0);
    }
    const std::vector<Slot>& slots() const { return slots_; }
    const std::vector<std::vector<size_t>>& rows() const { return rows_; }
    const std::vector<std::vector<size_t>>& ways() const { return ways_; }   // by arrow: its slots

private:
    std::vector<size_t> join(size_t from, size_t to) {
        std::vector<size_t> way = {from};
        for (size_t row = slots_[from].row + 1; row < slots_[to].row; ++row) {
            slots_.push_back({.width = gap_, .row = row});
            way.push_back(slots_.size() - 1);
        }
        way.push_back(to);
        for (size_t i = 1; i < way.size(); ++i) {
            slots_[way[i - 1]].below.push_back(way[i]);
            slots_[way[i]].above.push_back(way[i - 1]);
        }
        return way;
    }
    template <class Position>
    double mean(const std::vector<size_t>& of, double usual, Position&& position) const {
        if (of.empty()) return usual;
        double sum = 0;
        for (const size_t i : of) sum += position(i);
        return sum / static_cast<double>(of.size());
    }
    // Each row in the order of the middles of what it is joined to: few arrows cross.
    void order(bool downwards) {
        std::vector<double> at(slots_.size());
        for (const auto& row : rows_)
            for (size_t i = 0; i < row.size(); ++i) at[row[i]] = static_cast<double>(i);
        for (size_t r = 0; r < rows_.size(); ++r) {
            auto& row = rows_[downwards ? r : rows_.size() - 1 - r];
            std::vector<double> wanted(slots_.size());
            for (const size_t i : row) wanted[i] = mean(downwards ? slots_[i].above : slots_[i].below, at[i], [&](size_t j) { return at[j]; });
            std::stable_sort(row.begin(), row.end(), [&](size_t a, size_t b) { return wanted[a] < wanted[b]; });
            for (size_t i = 0; i < row.size(); ++i) at[row[i]] = static_cast<double>(i);
        }
    }
    // As near to what is wanted as order and widths allow: pushed apart, then moved back as one.
    template <class Wanted>
    void place(const std::vector<size_t>& row, Wanted&& wanted) {
        double shift = 0, edge = 0;
        for (size_t i = 0; i < row.size(); ++i) {
            Slot& slot = slots_[row[i]];
            const double want = wanted(row[i]), least = edge + gap_ + slot.width / 2;
            slot.x = i == 0 ? want : std::max(want, least);
            shift += want - slot.x;
            edge = slot.x + slot.width / 2;
        }
        for (const size_t i : row) slots_[i].x += shift / static_cast<double>(row.size());
    }
    void straighten(bool downwards) {
        for (size_t r = 0; r < rows_.size(); ++r) {
            const auto& row = rows_[downwards ? r : rows_.size() - 1 - r];
            std::vector<double> wanted(slots_.size());
            for (const size_t i : row) wanted[i] = mean(downwards ? slots_[i].above : slots_[i].below, slots_[i].x, [&](size_t j) { return slots_[j].x; });
            place(row, [&](size_t i) { return wanted[i]; });
        }
    }

    double gap_;
    std::vector<Slot> slots_;
    std::vector<std::vector<size_t>> rows_, ways_;
};

}  // namespace

Layout lay_out(std::vector<LayoutNode>& nodes, double gap) {
    const Rows rows(nodes, gap);
    const std::vector<Slot>& slots = rows.slots();
    double left = 0, right = 0;
    for (size_t i = 0; i < slots.size(); ++i) {
        left = i == 0 ? slots[i].x - slots[i].width / 2 : std::min(left, slots[i].x - slots[i].width / 2);
        right = i == 0 ? slots[i].x + slots[i].width / 2 : std::max(right, slots[i].x + slots[i].width / 2);
    }
    std::vector<double> middle, half;
    double top = gap;
    for (const auto& row : rows.rows()) {
        double height = 0;
        for (const size_t i : row) height = std::max(height, slots[i].height);
        middle.push_back(top + height / 2);
        half.push_back(height / 2);
        top += height + 2 * gap;
    }
    const auto x = [&](size_t slot) { return slots[slot].x - left + gap; };
    for (size_t i = 0; i < nodes.size(); ++i) nodes[i].center = {x(i), middle[slots[i].row]};
    Layout out{.width = right - left + 2 * gap, .height = nodes.empty() ? 2 * gap : top - gap};
    for (const std::vector<size_t>& way : rows.ways()) {
        LayoutEdge edge{.from = way.front(), .to = way.back()};
        edge.points.push_back({x(edge.from), nodes[edge.from].center.y + nodes[edge.from].height / 2});
        for (size_t i = 1; i + 1 < way.size(); ++i) {  // straight through a row
            const size_t row = slots[way[i]].row;
            edge.points.push_back({x(way[i]), middle[row] - half[row]});
            edge.points.push_back({x(way[i]), middle[row] + half[row]});
        }
        edge.points.push_back({x(edge.to), nodes[edge.to].center.y - nodes[edge.to].height / 2});
        out.edges.push_back(std::move(edge));
    }
    return out;
}

}  // namespace cornu::visualization
