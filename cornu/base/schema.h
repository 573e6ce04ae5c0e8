// A config or an op's attributes, described once. `T::describe(Schema<T>&)` lists each field; reading
// and writing JSON, validation, equality, printing and reference docs all follow from that list.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cornu/base/api.h"
#include "cornu/base/error.h"
#include "cornu/base/json.h"

namespace cornu {

struct Unset;  // stands for the missing value of a Required member while a config is being read

// A member without a default: `.units = 64` compiles, leaving it out does not.
template <class T>
class Required {
public:
    template <class... Args>
        requires(sizeof...(Args) > 0 && requires(Args&&... args) { T{static_cast<Args&&>(args)...}; })
    Required(Args&&... args) : value_{static_cast<Args&&>(args)...} {}
    template <class Arg>
        requires(std::integral<Arg> && std::integral<T>)
    Required(Arg arg) : value_(static_cast<T>(arg)) {}
    operator const T&() const { return value_; }
    const T& get() const { return value_; }
    T& get() { return value_; }

private:
    friend struct Unset;
    struct Blank {};
    explicit Required(Blank) : value_() {}
    T value_;
};

struct Unset {
    template <class U> operator Required<U>() const { return Required<U>(typename Required<U>::Blank()); }
};

// How one C++ type is spelled in JSON. Rooms above specialise it for their handles.
template <class M> struct Codec;

// The type-erased form, one per member type.
struct CodecTable {
    Json (*encode)(const void* member);
    void (*decode)(const Json& json, void* member);
};
template <class M>
inline constexpr CodecTable codec_table = {
    [](const void* member) { return Codec<M>::encode(*static_cast<const M*>(member)); },
    [](const Json& json, void* member) { Codec<M>::decode(json, *static_cast<M*>(member)); }};

namespace detail {
// The member's name, read from the compiler's spelling of the pointer to it; a trailing underscore
// (a C++ keyword) is dropped.
template <auto Member>
constexpr std::string_view member_name() {
    std::string_view s = __PRETTY_FUNCTION__;
    const size_t begin = s.find("Member = ");
    s.remove_prefix(begin == s.npos ? 0 : begin + 9);
    s = s.substr(0, s.find_first_of(";]"));
    while (!s.empty() && (s.back() == ')' || s.back() == ' ')) s.remove_suffix(1);
    s = s.substr(s.rfind(':') + 1);
    return s.ends_with('_') ? s.substr(0, s.size() - 1) : s;
}
struct Probe { int class_; };
static_assert(member_name<&Probe::class_>() == "class", "unknown spelling of member pointers");

template <class> struct MemberOf;
template <class C, class M> struct MemberOf<M C::*> { using Class = C; using Type = M; };
template <class M> inline constexpr bool is_required = false;
template <class M> inline constexpr bool is_required<Required<M>> = true;
}  // namespace detail

struct Field {
    std::string name;
    std::string doc;
    bool required = false;
    bool hidden = false;  // not part of get_config
    bool omit_null = false;  // not written while it is null
    std::ptrdiff_t offset = 0;
    const CodecTable* codec = nullptr;
    std::vector<std::string> old_names;  // accepted when reading
    // Each returns what must hold ("must be a positive integer") or nothing when it does.
    std::vector<std::function<std::optional<std::string>(const Json&)>> rules;
};

// The fields of one type. Immutable once built.
class CORNU_API SchemaInfo {
public:
    const std::vector<Field>& fields() const { return fields_; }
    const Field* find(std::string_view name) const;

    Json to_json(const void* object, bool with_hidden = false) const;
    // Keys absent keep their defaults. Throws ValueError for an unknown key, a missing required one,
    // a value of the wrong type or against a rule; `what` names the owner, e.g. "layers.Dense".
    void from_json(const Json& json, void* object, std::string_view what) const;
    void validate(const void* object, std::string_view what) const;
    bool equal(const void* a, const void* b) const;

protected:
    std::vector<Field> fields_;
};

// Adds conditions to the field just named.
class CORNU_API FieldBuilder {
public:
    explicit FieldBuilder(Field& field) : field_(&field) {}
    FieldBuilder& positive();                       // number, or every number of a list; null passes
    FieldBuilder& non_negative();
    FieldBuilder& between(double low, double high); // inclusive
    FieldBuilder& one_of(std::initializer_list<const char*> words);
    FieldBuilder& non_empty();
    FieldBuilder& old_name(const char* name);
    FieldBuilder& key(const char* name);            // JSON key when it is not the member's name
    FieldBuilder& hidden();
    FieldBuilder& omit_null();
    FieldBuilder& rule(std::function<std::optional<std::string>(const Json&)> rule);

private:
    Field* field_;
};

template <class T>
class Schema : public SchemaInfo {
public:
    template <auto Member>
    FieldBuilder field(std::string doc = "") {
        using M = typename detail::MemberOf<decltype(Member)>::Type;
        alignas(T) static constexpr char storage[sizeof(T)] = {};
        const T* object = reinterpret_cast<const T*>(storage);
        Field& field = fields_.emplace_back();
        field.name = detail::member_name<Member>();
        field.doc = std::move(doc);
        field.required = detail::is_required<M>;
        field.offset = reinterpret_cast<const char*>(&(object->*Member)) - storage;
        field.codec = &codec_table<M>;
        return FieldBuilder(field);
    }
};

template <class T>
concept Described = requires(Schema<T>& s) { T::describe(s); };

template <Described T>
const SchemaInfo& schema_of() {
    static const Schema<T> schema = [] {
        Schema<T> s;
        T::describe(s);
        return s;
    }();
    return schema;
}

// A T with its defaults, required members (which come first) still unset.
template <class T>
T blank() {
    constexpr Unset unset{};
    if constexpr (requires { T{}; }) return T{};
    else if constexpr (requires { T{unset}; }) return T{unset};
    else if constexpr (requires { T{unset, unset}; }) return T{unset, unset};
    else return T{unset, unset, unset};
}

template <Described T>
Json to_json(const T& object) { return schema_of<T>().to_json(&object); }
template <Described T>
T from_json(const Json& json, std::string_view what) {
    T object = blank<T>();
    schema_of<T>().from_json(json, &object, what);
    return object;
}
template <Described T>
void validate(const T& object, std::string_view what) { schema_of<T>().validate(&object, what); }

// ---- codecs of the plain types ----
template <> struct CORNU_API Codec<bool> {
    static Json encode(bool v) { return v; }
    static void decode(const Json& j, bool& v) { v = j.as_bool(); }
};
template <std::integral I> struct Codec<I> {
    static Json encode(I v) { return static_cast<int64_t>(v); }
    static void decode(const Json& j, I& v) {
        const int64_t wide = j.as_int();
        v = static_cast<I>(wide);
        if (!std::in_range<I>(wide)) throw ValueError(str("must fit its integer type. Received: ", wide));
    }
};
template <std::floating_point F> struct Codec<F> {
    static Json encode(F v) { return static_cast<double>(v); }
    static void decode(const Json& j, F& v) { v = static_cast<F>(j.as_double()); }
};
template <> struct Codec<std::string> {
    static Json encode(const std::string& v) { return v; }
    static void decode(const Json& j, std::string& v) { v = j.as_string(); }
};
template <> struct Codec<Json> {
    static Json encode(const Json& v) { return v; }
    static void decode(const Json& j, Json& v) { v = j; }
};
template <class T> struct Codec<std::vector<T>> {
    static Json encode(const std::vector<T>& v) {
        Json out = Json::array();
        for (const T& item : v) out.push_back(Codec<T>::encode(item));
        return out;
    }
    static void decode(const Json& j, std::vector<T>& v) {
        v.clear();
        if (!j.is_array()) return Codec<T>::decode(j, v.emplace_back());  // one item stands for a list of it
        for (const Json& item : j.as_array()) {
            T value{};
            Codec<T>::decode(item, value);
            v.push_back(std::move(value));
        }
    }
};
template <class T> struct Codec<std::map<std::string, T>> {
    static Json encode(const std::map<std::string, T>& v) {
        Json out = Json::object();
        for (const auto& [key, item] : v) out.set(key, Codec<T>::encode(item));
        return out;
    }
    static void decode(const Json& j, std::map<std::string, T>& v) {
        v.clear();
        for (const auto& [key, item] : j.as_object()) Codec<T>::decode(item, v[key]);
    }
};
template <class T> struct Codec<std::optional<T>> {
    static Json encode(const std::optional<T>& v) { return v ? Codec<T>::encode(*v) : Json(); }
    static void decode(const Json& j, std::optional<T>& v) {
        if (j.is_null()) v.reset();
        else Codec<T>::decode(j, v.emplace());
    }
};
template <class T> struct Codec<Required<T>> {
    static Json encode(const Required<T>& v) { return Codec<T>::encode(v.get()); }
    static void decode(const Json& j, Required<T>& v) { Codec<T>::decode(j, v.get()); }
};

}  // namespace cornu
