#include "cornu/tensor/shape.h"

#include <algorithm>
#include <ostream>

#include "cornu/base/checked.h"

namespace cornu {

int64_t Shape::dim(int64_t axis) const { return (*this)[normalize_axis(axis, rank())]; }

bool Shape::is_static() const {
    return std::all_of(begin(), end(), [](int64_t dim) { return dim >= 0; });
}

int64_t Shape::size() const {
    int64_t product = 1;
    bool empty = false, too_large = false;
    for (const int64_t dim : dims_) {
        if (dim < 0) {
            throw ShapeError(
                str("the size of a shape with unknown dimensions is not known. Received: shape=",
                    *this));
        }
        empty |= dim == 0;
        too_large = too_large || multiply_overflows(product, dim, &product);
    }
    if (empty) return 0;  // whatever the others multiply to
    if (too_large)
        throw ShapeError(str("a shape must have less than 2^63 elements. Received: shape=", *this));
    return product;
}

Shape Shape::with_front(int64_t dim) const {
    std::vector<int64_t> dims;
    dims.reserve(dims_.size() + 1);
    dims.push_back(dim);
    dims.insert(dims.end(), dims_.begin(), dims_.end());
    return Shape(std::move(dims));
}

std::string Shape::to_string() const {
    std::string out = "(";
    for (size_t i = 0; i < dims_.size(); ++i) {
        if (i > 0) out += ", ";
        out += dims_[i] == None ? "None" : std::to_string(dims_[i]);
    }
    return out + (dims_.size() == 1 ? ",)" : ")");
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.to_string(); }

int64_t normalize_axis(int64_t axis, int64_t rank, const char* what) {
    if (axis < -rank || axis >= rank) {
        throw ValueError(str(what, " must be in [", -rank, ", ", rank, ") for rank ", rank,
                             ". Received: ", what, "=", axis));
    }
    return axis < 0 ? axis + rank : axis;
}

std::vector<int64_t> normalize_axes(const std::vector<int64_t>& axes, int64_t rank) {
    std::vector<int64_t> out;
    if (axes.empty()) {
        for (int64_t axis = 0; axis < rank; ++axis) out.push_back(axis);
        return out;
    }
    for (const int64_t axis : axes) out.push_back(normalize_axis(axis, rank));
    std::sort(out.begin(), out.end());
    if (std::adjacent_find(out.begin(), out.end()) != out.end()) {
        std::string listed;
        for (const int64_t axis : axes)
            listed += (listed.empty() ? "" : ", ") + std::to_string(axis);
        throw ValueError(
            str("each axis must be named once. Received: axes=[", listed, "] for rank ", rank));
    }
    return out;
}

std::optional<Shape> broadcast_shapes(const Shape& a, const Shape& b) {
    const int64_t rank = std::max(a.rank(), b.rank());
    std::vector<int64_t> dims(static_cast<size_t>(rank));
    for (int64_t i = 0; i < rank; ++i) {
        const int64_t in_a = i - (rank - a.rank()), in_b = i - (rank - b.rank());
        const int64_t x = in_a < 0 ? 1 : a[in_a];
        const int64_t y = in_b < 0 ? 1 : b[in_b];
        int64_t& out = dims[static_cast<size_t>(i)];
        // Beside a known dimension other than 1, an unknown one must turn out to be 1 or the same.
        if (x == 1 || (x == None && y != 1))
            out = y;
        else if (y == 1 || y == None || y == x)
            out = x;
        else
            return std::nullopt;
    }
    return Shape(std::move(dims));
}

std::vector<int64_t> strides_of(const Shape& shape) {
    std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
    int64_t stride = 1;
    for (int64_t i = shape.rank() - 1; i >= 0; --i) {
        if (shape[i] < 0)
            throw ShapeError(str("strides need a known shape. Received: shape=", shape));
        strides[static_cast<size_t>(i)] = stride;
        // An empty dimension counts as 1, as in NumPy, so that no stride is 0.
        if (i > 0) stride = checked_multiply(stride, std::max<int64_t>(shape[i], 1));
    }
    return strides;
}

}  // namespace cornu
