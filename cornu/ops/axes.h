// The `axis` argument of reductions: one axis, several, or all (Keras's None).
#pragma once

#include <initializer_list>
#include <vector>

#include "cornu/base/schema.h"
#include "cornu/tensor/shape.h"

namespace cornu {

struct Axes {
    enum class Kind : uint8_t { all, one, list } kind = Kind::all;
    std::vector<int64_t> axes;

    Axes() = default;
    Axes(std::nullopt_t) {}
    Axes(int axis) : kind(Kind::one), axes{axis} {}
    Axes(int64_t axis) : kind(Kind::one), axes{axis} {}
    Axes(std::initializer_list<int64_t> list) : kind(Kind::list), axes(list) {}
    Axes(std::vector<int64_t> list) : kind(Kind::list), axes(std::move(list)) {}

    // Sorted, non-negative, unique.
    std::vector<int64_t> resolve(int64_t rank) const {
        if (kind == Kind::list && axes.empty()) return {};
        return normalize_axes(axes, rank);
    }
};

template <> struct Codec<Axes> {
    static Json encode(const Axes& v) {
        if (v.kind == Axes::Kind::all) return {};
        return v.kind == Axes::Kind::one ? Json(v.axes[0]) : Codec<std::vector<int64_t>>::encode(v.axes);
    }
    static void decode(const Json& j, Axes& v) {
        if (j.is_null()) v = {};
        else if (j.is_array()) {
            v = Axes(std::vector<int64_t>());
            Codec<std::vector<int64_t>>::decode(j, v.axes);
        } else v = Axes(j.as_int());
    }
};

}  // namespace cornu
