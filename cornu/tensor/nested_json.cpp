#include "cornu/tensor/nested_json.h"

#include <algorithm>
#include <utility>

namespace cornu {

Json nested_json(const Tensor& x) {
    const Tensor host = x.to_host();
    const bool whole = is_integer(x.dtype());
    const std::vector<int64_t> integers = whole ? host.to_vector<int64_t>() : std::vector<int64_t>();
    const std::vector<double> reals = whole ? std::vector<double>() : host.to_vector<double>();
    size_t next = 0;
    const auto value = [&]() -> Json {
        const size_t at = next++;
        if (whole) return integers[at];
        return x.dtype() == DType::bool_ ? Json(reals[at] != 0) : Json(reals[at]);
    };
    const auto nested = [&](int64_t axis, const auto& self) -> Json {
        if (axis == x.rank()) return value();
        Json list = Json::array();
        for (int64_t i = 0; i < x.shape()[axis]; ++i) list.push_back(self(axis + 1, self));
        return list;
    };
    return nested(0, nested);
}

namespace {

// Nested lists of numbers, all of one length on each axis.
void collect_numbers(const Json& json, size_t axis, Shape& shape, std::vector<const Json*>& values) {
    if (!json.is_array()) {
        if (axis != static_cast<size_t>(shape.rank())) throw ValueError("a constant must be a regular nesting of lists.");
        if (!json.is_number() && !json.is_bool()) throw ValueError(str("a constant must hold numbers. Received: ", json.dump().substr(0, 200)));
        values.push_back(&json);
        return;
    }
    const auto size = static_cast<int64_t>(json.size());
    if (axis == static_cast<size_t>(shape.rank())) {
        if (!values.empty()) throw ValueError("a constant must be a regular nesting of lists.");
        shape.push_back(size);
    } else if (shape[static_cast<int64_t>(axis)] != size) {
        throw ValueError("a constant must be a regular nesting of lists.");
    }
    for (const Json& item : json.as_array()) collect_numbers(item, axis + 1, shape, values);
}

}  // namespace

Tensor tensor_from_json(const Json& json, std::optional<DType> dtype) {
    if (!dtype && json.is_bool()) return json.as_bool();
    if (!dtype && json.is_int()) return json.as_int();
    if (!dtype && json.is_double()) return json.as_double();
    Shape shape;
    std::vector<const Json*> values;
    collect_numbers(json, 0, shape, values);
    const bool logical = std::all_of(values.begin(), values.end(), [](const Json* v) { return v->is_bool(); });
    const bool integral = std::all_of(values.begin(), values.end(), [](const Json* v) { return v->is_bool() || v->is_int(); });
    const DType wanted = dtype.value_or(logical && !values.empty() ? DType::bool_ : integral ? DType::int32 : DType::float32);
    Tensor out = Tensor::uninitialized(shape, wanted);
    visit_dtype(wanted, [&](auto zero) {
        using T = decltype(zero);
        auto* to = static_cast<T*>(out.mutable_raw());
        for (size_t i = 0; i < values.size(); ++i) {
            const Json& v = *values[i];
            if constexpr (std::is_same_v<T, bool>) {
                to[i] = v.is_bool() ? v.as_bool() : v.as_double() != 0;
            } else if constexpr (std::is_integral_v<T>) {
                const int64_t whole = v.is_bool() ? v.as_bool() : v.as_int();
                if (!std::in_range<T>(whole)) throw ValueError(str("a constant of dtype ", name(wanted), " cannot hold ", whole, "."));
                to[i] = static_cast<T>(whole);
            } else {
                const double real = v.is_bool() ? v.as_bool() : v.as_double();
                if constexpr (std::is_arithmetic_v<T>) to[i] = static_cast<T>(real);
                else to[i] = T(static_cast<float>(real));
            }
        }
    });
    return out;
}

}  // namespace cornu
