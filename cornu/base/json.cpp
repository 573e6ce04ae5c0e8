#include "cornu/base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cornu/base/error.h"

namespace cornu {

namespace {

const Json null_json;

// What a message shows of a value: never more than a line of it.
std::string shown(const Json& json) {
    constexpr size_t most = 80;
    if (json.is_array()) return str("an array of ", json.size());
    if (json.is_object()) return str("an object of ", json.size());
    if (json.is_string())
        return json.as_string().size() > most ? "a long string" : "\"" + json.as_string() + "\"";
    return json.dump();
}

[[noreturn]] void wrong_kind(const char* expected, const Json& received) {
    throw ValueError(str("JSON: expected ", expected, ". Received: ", shown(received)));
}

// Reads one UTF-8 character at `at` and moves past it; refuses what is not well-formed.
uint32_t next_code_point(std::string_view text, size_t& at) {
    const auto byte = [&](size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const uint32_t first = byte(at);
    const int more = first < 0x80                    ? 0
                     : first >= 0xc2 && first < 0xe0 ? 1
                     : first >= 0xe0 && first < 0xf0 ? 2
                     : first >= 0xf0 && first < 0xf5 ? 3
                                                     : -1;
    uint32_t code = more <= 0 ? first : first & (0x3fu >> more);
    bool good = more >= 0;
    for (int i = 1; good && i <= more; ++i) {
        const uint32_t next = byte(at + static_cast<size_t>(i));
        good = (next & 0xc0) == 0x80;
        code = code << 6 | (next & 0x3f);
    }
    constexpr uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    good = good && code >= least[more] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    if (!good)
        throw ValueError(
            str("JSON: a string must be UTF-8. Received: byte ", first, " at offset ", at));
    at += static_cast<size_t>(more) + 1;
    return code;
}

void append_unicode(std::string& out, uint32_t unit) {
    constexpr char digits[] = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[unit >> shift & 15];
}

// As json.dumps with its default ensure_ascii=True.
void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (size_t at = 0; at < text.size();) {
        const uint32_t code = next_code_point(text, at);
        switch (code) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\b':
                out += "\\b";
                break;
            default:
                if (code >= ' ' && code <= '~') {
                    out += static_cast<char>(code);
                } else if (code < 0x10000) {
                    append_unicode(out, code);
                } else {
                    append_unicode(out, 0xd800 + ((code - 0x10000) >> 10));
                    append_unicode(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
                }
        }
    }
    out += '"';
}

// As Python's repr: the shortest digits that read back the same, 1e16 and 1e-05 with an exponent.
void append_double(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
        return;
    }
    if (std::isinf(value)) {
        out += value < 0 ? "-Infinity" : "Infinity";
        return;
    }
    char buffer[32];
    const char* end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
    std::string_view text(buffer, static_cast<size_t>(end - buffer));
    const size_t e = text.find('e');
    int exponent = 0;
    const char* digits_of_exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(digits_of_exponent, end, exponent);
    if (exponent < -4 || exponent >= 16) {
        out += text;
        return;
    }
    text = text.substr(0, e);
    if (text.front() == '-') {
        out += '-';
        text.remove_prefix(1);
    }
    std::string digits;
    for (const char c : text)
        if (c != '.') digits += c;
    if (exponent < 0) {
        out += "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
        return;
    }
    const size_t whole = static_cast<size_t>(exponent) + 1;
    if (digits.size() < whole + 1) digits.append(whole + 1 - digits.size(), '0');
    out += digits.insert(whole, 1, '.');
}

struct Writer {
    std::string out;
    int indent;

    void line(int depth) {
        if (indent < 0) return;
        out += '\n';
        out.append(static_cast<size_t>(indent) * static_cast<size_t>(depth), ' ');
    }

    template <class Items, class WriteItem>
    void items(const Items& items, const char* brackets, int depth, WriteItem&& write_item) {
        out += brackets[0];
        bool first = true;
        for (const auto& item : items) {
            if (!first) out += indent < 0 ? ", " : ",";
            first = false;
            line(depth + 1);
            write_item(item);
        }
        if (!first) line(depth);
        out += brackets[1];
    }

    void write(const Json& json, int depth) {
        if (json.is_null())
            out += "null";
        else if (json.is_bool())
            out += json.as_bool() ? "true" : "false";
        else if (json.is_int())
            out += std::to_string(json.as_int());
        else if (json.is_double())
            append_double(out, json.as_double());
        else if (json.is_string())
            append_string(out, json.as_string());
        else if (json.is_array())
            items(json.as_array(), "[]", depth, [&](const Json& item) { write(item, depth + 1); });
        else
            items(json.as_object(), "{}", depth, [&](const Json::Member& member) {
                append_string(out, member.first);
                out += ": ";
                write(member.second, depth + 1);
            });
    }
};

// Python's three extra numbers, by their place among the document's numbers.
using Specials = std::vector<std::pair<size_t, double>>;

// The parser knows no NaN, so each is replaced by a number of the same length and noted; a copy is
// made only of a document that has one. What is no well-formed number is left for the parser.
Specials replace_specials(std::string_view text, std::string& copy) {
    constexpr std::pair<std::string_view, double> words[] = {
        {"NaN", std::numeric_limits<double>::quiet_NaN()},
        {"Infinity", std::numeric_limits<double>::infinity()},
        {"-Infinity", -std::numeric_limits<double>::infinity()}};
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto in_word = [&](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
               c == '+' || c == '-' || c == '_';
    };
    Specials specials;
    size_t numbers = 0;
    for (size_t at = 0; at < text.size();) {
        if (text[at] == '"') {
            for (++at; at < text.size() && text[at] != '"'; ++at)
                if (text[at] == '\\') ++at;
            ++at;
            continue;
        }
        if (!in_word(text[at])) {
            ++at;
            continue;
        }
        const size_t start = at;
        while (at < text.size() && in_word(text[at])) ++at;
        const std::string_view word = text.substr(start, at - start);
        for (const auto& [spelling, value] : words) {
            if (word != spelling) continue;
            if (copy.empty()) copy = text;
            std::fill_n(copy.begin() + static_cast<ptrdiff_t>(start), word.size(), '1');
            specials.emplace_back(numbers, value);
        }
        if (is_digit(word[0]) || word[0] == '-' || word == "NaN" || word == "Infinity") ++numbers;
    }
    return specials;
}

class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
    Builder(const Json::Limits& limits, Specials specials)
        : limits_(limits), specials_(std::move(specials)) {}

    bool null() override { return add(Json()); }
    bool boolean(bool value) override { return add(Json(value)); }
    bool number_integer(number_integer_t value) override { return add_number(Json(value)); }
    bool number_unsigned(number_unsigned_t value) override {
        constexpr uint64_t most = std::numeric_limits<int64_t>::max();
        return add_number(value <= most ? Json(value) : Json(static_cast<double>(value)));
    }
    bool number_float(number_float_t value, const string_t&) override {
        return add_number(Json(value));
    }
    bool string(string_t& value) override { return add(Json(std::move(value))); }
    bool binary(binary_t&) override { return false; }
    bool key(string_t& value) override {
        open_.back()->as_object().emplace_back(std::move(value), Json());
        return true;
    }
    bool start_object(size_t) override { return open(Json(Json::Object())); }
    bool start_array(size_t) override { return open(Json(Json::Array())); }
    bool end_array() override {
        open_.pop_back();
        return true;
    }
    bool end_object() override {
        std::vector<std::string_view> keys;
        for (const Json::Member& member : open_.back()->as_object()) keys.push_back(member.first);
        std::sort(keys.begin(), keys.end());
        const auto twice = std::adjacent_find(keys.begin(), keys.end());
        if (twice != keys.end()) {
            throw ValueError(str("JSON: the keys of an object must differ. Received: ",
                                 shown(Json(*twice)), " twice"));
        }
        return end_array();
    }
    bool parse_error(size_t position, const std::string&,
                     const nlohmann::json::exception& error) override {
        // Without the library's own prefix, and printable whatever bytes the document holds.
        std::string detail = error.what();
        for (const char* end : {"] ", ": "})
            if (const size_t at = detail.find(end); at != std::string::npos)
                detail.erase(0, at + 2);
        if (detail.size() > 300) detail.resize(300);
        for (char& c : detail)
            if (c < ' ' || c > '~') c = '?';
        throw ValueError(str("JSON: not well-formed at offset ", position == 0 ? 0 : position - 1,
                             ": ", detail));
    }

    Json root;

private:
    Json* place(Json value) {
        if (++values_ > limits_.max_values) {
            throw ValueError(
                str("JSON: a document may hold at most ", limits_.max_values, " values"));
        }
        if (open_.empty()) {
            root = std::move(value);
            return &root;
        }
        Json& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.as_array().back();
        }
        Json& slot = parent.as_object().back().second;
        slot = std::move(value);
        return &slot;
    }
    bool add(Json value) {
        place(std::move(value));
        return true;
    }
    bool add_number(Json value) {
        if (next_special_ < specials_.size() && specials_[next_special_].first == numbers_) {
            value = Json(specials_[next_special_++].second);
        }
        ++numbers_;
        return add(std::move(value));
    }
    bool open(Json value) {
        if (open_.size() >= static_cast<size_t>(limits_.max_depth)) {
            throw ValueError(
                str("JSON: arrays and objects may be nested at most ", limits_.max_depth, " deep"));
        }
        // A parent does not grow while its child is open, so the pointer stays good.
        open_.push_back(place(std::move(value)));
        return true;
    }

    const Json::Limits& limits_;
    Specials specials_;
    size_t next_special_ = 0, numbers_ = 0, values_ = 0;
    std::vector<Json*> open_;
};

}  // namespace

bool Json::as_bool() const {
    if (const bool* value = std::get_if<bool>(&value_)) return *value;
    wrong_kind("true or false", *this);
}

int64_t Json::as_int() const {
    if (const int64_t* value = std::get_if<int64_t>(&value_)) return *value;
    if (const double* value = std::get_if<double>(&value_)) {
        constexpr double limit = 9223372036854775808.0;
        if (*value >= -limit && *value < limit && *value == std::trunc(*value))
            return static_cast<int64_t>(*value);
    }
    wrong_kind("an integer", *this);
}

double Json::as_double() const {
    if (const double* value = std::get_if<double>(&value_)) return *value;
    if (const int64_t* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
    wrong_kind("a number", *this);
}

const std::string& Json::as_string() const {
    if (const auto* value = std::get_if<std::string>(&value_)) return *value;
    wrong_kind("a string", *this);
}

const Json::Array& Json::as_array() const {
    if (const auto* value = std::get_if<Array>(&value_)) return *value;
    wrong_kind("an array", *this);
}

const Json::Object& Json::as_object() const {
    if (const auto* value = std::get_if<Object>(&value_)) return *value;
    wrong_kind("an object", *this);
}

Json::Array& Json::as_array() { return const_cast<Array&>(std::as_const(*this).as_array()); }
Json::Object& Json::as_object() { return const_cast<Object&>(std::as_const(*this).as_object()); }

size_t Json::size() const {
    if (is_array()) return as_array().size();
    return is_object() ? as_object().size() : 0;
}

const Json* Json::find(std::string_view key) const {
    if (!is_object()) return nullptr;
    for (const Member& member : as_object())
        if (member.first == key) return &member.second;
    return nullptr;
}

Json* Json::find(std::string_view key) { return const_cast<Json*>(std::as_const(*this).find(key)); }

const Json& Json::operator[](std::string_view key) const {
    if (const Json* value = find(key)) return *value;
    if (!is_object()) wrong_kind("an object", *this);
    std::string keys;
    for (const Member& member : as_object()) {
        if (keys.size() > 200) {
            keys += ", …";
            break;
        }
        keys += (keys.empty() ? "" : ", ") + member.first;
    }
    throw ValueError(str("JSON: the key \"", key, "\" is missing. Received: keys [", keys, "]"));
}

const Json& Json::operator[](size_t index) const {
    const Array& items = as_array();
    if (index < items.size()) return items[index];
    throw ValueError(str("JSON: an index must be below the array's size, ", items.size(),
                         ". Received: ", index));
}

const Json& Json::get(std::string_view key) const {
    const Json* value = find(key);
    return value ? *value : null_json;
}

Json& Json::set(std::string_view key, Json value) {
    if (is_null()) value_ = Object();
    if (Json* existing = find(key)) return *existing = std::move(value);
    return as_object().emplace_back(std::string(key), std::move(value)).second;
}

void Json::push_back(Json value) {
    if (is_null()) value_ = Array();
    as_array().push_back(std::move(value));
}

std::string Json::dump(int indent) const {
    Writer writer{{}, indent};
    writer.write(*this, 0);
    return std::move(writer.out);
}

Json Json::parse(std::string_view text, const Limits& limits) {
    if (text.size() > limits.max_bytes) {
        throw ValueError(str("JSON: a document may have at most ", limits.max_bytes,
                             " bytes. Received: ", text.size()));
    }
    // The parser would take a zero byte for the end and leave the rest unread.
    if (const size_t at = text.find('\0'); at != text.npos) {
        throw ValueError(str("JSON: not well-formed at offset ", at, ": a zero byte"));
    }
    std::string copy;
    Builder builder(limits, replace_specials(text, copy));
    if (!copy.empty()) text = copy;
    nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
    return std::move(builder.root);
}

CORNU_API bool operator==(const Json& a, const Json& b) {
    if (a.is_object() && b.is_object()) {
        const auto sorted = [](const Json& json) {
            std::vector<const Json::Member*> members;
            for (const Json::Member& member : json.as_object()) members.push_back(&member);
            std::sort(members.begin(), members.end(),
                      [](auto* x, auto* y) { return x->first < y->first; });
            return members;
        };
        return a.size() == b.size() &&
               std::ranges::equal(sorted(a), sorted(b), [](auto* x, auto* y) { return *x == *y; });
    }
    if (a.is_number() && b.is_number() && a.is_int() != b.is_int())
        return a.as_double() == b.as_double();
    return a.value_ == b.value_;
}

std::ostream& operator<<(std::ostream& out, const Json& json) { return out << json.dump(); }

}  // namespace cornu
