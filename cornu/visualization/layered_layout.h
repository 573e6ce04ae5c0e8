// Places for boxes joined by arrows that all point down: rows by the longest way from the top, few
// crossings, short arrows.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace cornu::visualization {

struct Point {
    double x, y;
};

struct LayoutNode {
    double width, height;
    std::vector<size_t> inputs = {};         // boxes that come before in the list
    Point center = {};                       // what the layout finds
};

struct LayoutEdge {
    size_t from, to;
    std::vector<Point> points;               // from the lower rim of one box to the upper rim of the other
};

struct Layout {
    double width, height;
    std::vector<LayoutEdge> edges;
};

// Sets the centers. `gap`: between boxes beside each other; rows lie twice as far apart.
Layout lay_out(std::vector<LayoutNode>& nodes, double gap);

}  // namespace cornu::visualization
