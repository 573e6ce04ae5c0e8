// JSON spelling of dtypes and shapes, as in Keras's configs.
#pragma once

#include "cornu/base/schema.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu {

template <> struct Codec<DType> {
    static Json encode(DType v) { return name(v); }
    static void decode(const Json& j, DType& v) { v = parse_dtype(j.as_string()); }
};
template <> struct Codec<Shape> {  // null stands for an unknown dimension
    static Json encode(const Shape& v) {
        Json out = Json::array();
        for (const int64_t dim : v) out.push_back(dim < 0 ? Json() : Json(dim));
        return out;
    }
    static void decode(const Json& j, Shape& v) {
        v = Shape();
        if (j.is_int()) return v.push_back(j.as_int());
        for (const Json& dim : j.as_array()) v.push_back(dim.is_null() ? None : dim.as_int());
    }
};
template <> struct Codec<OptionalShape> : Codec<std::optional<Shape>> {
    static void decode(const Json& j, OptionalShape& v) { Codec<std::optional<Shape>>::decode(j, v); }
};
template <> struct Codec<OptionalDType> : Codec<std::optional<DType>> {
    static void decode(const Json& j, OptionalDType& v) { Codec<std::optional<DType>>::decode(j, v); }
};

}  // namespace cornu
