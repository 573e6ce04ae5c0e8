// A setting of each spatial axis: strides, window sizes, dilation rates. One number stands for all.
#pragma once

#include <initializer_list>
#include <vector>

#include "cornu/base/schema.h"

namespace cornu {

struct PerAxis {
    std::vector<int64_t> values;  // none: not given; one: for every axis
    bool list = false;            // written as a list even when it is of one

    PerAxis() = default;
    PerAxis(int value) : values{value} {}
    PerAxis(int64_t value) : values{value} {}
    PerAxis(std::initializer_list<int64_t> list) : values(list), list(true) {}
    PerAxis(std::vector<int64_t> list) : values(std::move(list)), list(true) {}

    bool given() const { return !values.empty(); }
    // One number per axis, all positive; throws ValueError naming `what`.
    std::vector<int64_t> expand(int64_t axes, const char* what) const {
        std::vector<int64_t> out = values;
        if (out.size() == 1) out.assign(static_cast<size_t>(axes), values[0]);
        bool valid = static_cast<int64_t>(out.size()) == axes;
        for (const int64_t v : out) valid = valid && v > 0;
        if (!valid) throw ValueError(str(what, " must be a positive integer, or one for each of the ", axes, " spatial axes. Received: ", Json(Codec<std::vector<int64_t>>::encode(values)).dump()));
        return out;
    }
    friend bool operator==(const PerAxis& a, const PerAxis& b) { return a.values == b.values; }
};

template <> struct Codec<PerAxis> {
    static Json encode(const PerAxis& v) {
        if (v.values.empty()) return {};
        return v.values.size() == 1 && !v.list ? Json(v.values[0]) : Codec<std::vector<int64_t>>::encode(v.values);
    }
    static void decode(const Json& j, PerAxis& v) {
        v.values.clear();
        v.list = j.is_array();
        if (!j.is_null()) Codec<std::vector<int64_t>>::decode(j, v.values);
    }
};

}  // namespace cornu
