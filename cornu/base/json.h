// JSON as configs and files use it. Objects keep the order in which keys were written. Parsing is
// bounded (depth, size, duplicate keys refused) and never recurses on the input.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cornu/base/api.h"

namespace cornu {

class CORNU_API Json {
public:
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;  // in order; small, so looked up by a scan

    Json() = default;  // null
    Json(std::nullptr_t) {}
    Json(bool value) : value_(value) {}
    template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
    Json(T value) : value_(static_cast<int64_t>(value)) {}
    Json(double value) : value_(value) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    Json(Object value) : value_(std::move(value)) {}
    static Json array(std::initializer_list<Json> items = {}) { return Json(Array(items)); }
    static Json object(std::initializer_list<Member> members = {}) { return Json(Object(members)); }

    bool is_null() const { return value_.index() == 0; }
    bool is_bool() const { return std::holds_alternative<bool>(value_); }
    bool is_int() const { return std::holds_alternative<int64_t>(value_); }
    bool is_double() const { return std::holds_alternative<double>(value_); }
    bool is_number() const { return is_int() || is_double(); }
    bool is_string() const { return std::holds_alternative<std::string>(value_); }
    bool is_array() const { return std::holds_alternative<Array>(value_); }
    bool is_object() const { return std::holds_alternative<Object>(value_); }

    // Each throws ValueError saying what was expected and what is there.
    bool as_bool() const;
    int64_t as_int() const;      // a double with an integral value serves
    double as_double() const;    // an integer serves
    const std::string& as_string() const;
    const Array& as_array() const;
    const Object& as_object() const;
    Array& as_array();
    Object& as_object();

    size_t size() const;                                    // of an array or object; 0 otherwise
    const Json* find(std::string_view key) const;           // nullptr when absent or no object
    Json* find(std::string_view key);
    const Json& operator[](std::string_view key) const;     // throws when absent
    const Json& operator[](size_t index) const;             // throws when out of range
    const Json& get(std::string_view key) const;            // null when absent
    Json& set(std::string_view key, Json value);            // inserts or replaces; makes null an object
    void push_back(Json value);                             // makes null an array
    bool contains(std::string_view key) const { return find(key) != nullptr; }

    // `indent` < 0: one line, `, ` and `: ` between, as Python's json.dumps writes.
    std::string dump(int indent = -1) const;

    struct Limits {
        size_t max_bytes = 64u << 20;
        int max_depth = 100;
        size_t max_values = 4u << 20;
    };
    // NaN, Infinity and -Infinity are read and written as Python does; an integer beyond int64
    // becomes a double. Throws ValueError with the offset.
    static Json parse(std::string_view text, const Limits& limits);
    static Json parse(std::string_view text) { return parse(text, Limits()); }

    // Objects by keys, whatever their order; 1 equals 1.0.
    friend bool operator==(const Json& a, const Json& b);

private:
    std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value_;
};

CORNU_API std::ostream& operator<<(std::ostream& out, const Json& json);

}  // namespace cornu
