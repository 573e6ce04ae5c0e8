// The shape of a tensor: its dimensions, outermost first; -1 is a dimension not known yet (`None`).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cornu/base/api.h"

namespace cornu {

inline constexpr int64_t None = -1;

class CORNU_API Shape {
public:
    Shape() = default;
    Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
    explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}
    template <class It> Shape(It first, It last) : dims_(first, last) {}

    int64_t rank() const { return static_cast<int64_t>(dims_.size()); }
    bool empty() const { return dims_.empty(); }             // a scalar's shape
    int64_t operator[](int64_t axis) const { return dims_[static_cast<size_t>(axis)]; }
    int64_t& operator[](int64_t axis) { return dims_[static_cast<size_t>(axis)]; }
    int64_t dim(int64_t axis) const;                         // negative counts from the end; checked
    int64_t front() const { return dim(0); }
    int64_t back() const { return dim(-1); }
    auto begin() const { return dims_.begin(); }
    auto end() const { return dims_.end(); }
    auto begin() { return dims_.begin(); }
    auto end() { return dims_.end(); }
    void push_back(int64_t dim) { dims_.push_back(dim); }
    void insert(int64_t axis, int64_t dim) { dims_.insert(dims_.begin() + axis, dim); }
    void erase(int64_t axis) { dims_.erase(dims_.begin() + axis); }
    const std::vector<int64_t>& dims() const { return dims_; }

    bool is_static() const;                                  // no unknown dimension
    int64_t size() const;                                    // product; throws if unknown or over 2^63
    Shape without_front() const { return dims_.empty() ? Shape() : Shape(dims_.begin() + 1, dims_.end()); }
    Shape with_front(int64_t dim) const;                     // {dim, *this…}
    std::string to_string() const;                           // "(None, 64)", "(3,)", "()"

    friend bool operator==(const Shape&, const Shape&) = default;

private:
    std::vector<int64_t> dims_;
};

CORNU_API std::ostream& operator<<(std::ostream& out, const Shape& shape);

// A shape that may be left out of a config: unlike std::optional it reads from `.shape = {28, 28, 1}`.
class OptionalShape : public std::optional<Shape> {
public:
    OptionalShape() = default;
    OptionalShape(std::nullopt_t) {}
    OptionalShape(std::initializer_list<int64_t> dims) : optional(Shape(dims)) {}
    OptionalShape(Shape shape) : optional(std::move(shape)) {}
    OptionalShape(std::optional<Shape> shape) : optional(std::move(shape)) {}
};

// `axis` in [-rank, rank) as a non-negative index; throws ValueError naming `what`.
CORNU_API int64_t normalize_axis(int64_t axis, int64_t rank, const char* what = "axis");
// Sorted, unique, non-negative axes; an empty `axes` means all of them.
CORNU_API std::vector<int64_t> normalize_axes(const std::vector<int64_t>& axes, int64_t rank);
// NumPy broadcasting, unknown dimensions included; nullopt when the shapes don't fit.
CORNU_API std::optional<Shape> broadcast_shapes(const Shape& a, const Shape& b);
// Row-major strides in elements.
CORNU_API std::vector<int64_t> strides_of(const Shape& shape);

}  // namespace cornu
