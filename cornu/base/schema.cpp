#include "cornu/base/schema.h"

namespace cornu {

namespace {

const void* member(const Field& field, const void* object) {
    return static_cast<const char*>(object) + field.offset;
}

// Applies `test` to a number or to every number of a (nested) list; null passes.
bool all_numbers(const Json& json, const std::function<bool(double)>& test) {
    if (json.is_null()) return true;
    if (json.is_number()) return test(json.as_double());
    if (!json.is_array()) return false;
    for (const Json& item : json.as_array())
        if (!all_numbers(item, test)) return false;
    return true;
}

FieldBuilder& number_rule(FieldBuilder& field, std::string message, std::function<bool(double)> test) {
    return field.rule([message = std::move(message), test = std::move(test)](const Json& value) {
        return all_numbers(value, test) ? std::nullopt : std::optional(message);
    });
}

std::string owner(std::string_view what) { return what.empty() ? "" : str("[", what, "] "); }

}  // namespace

const Field* SchemaInfo::find(std::string_view name) const {
    for (const Field& field : fields_) {
        if (field.name == name) return &field;
        for (const std::string& old : field.old_names)
            if (old == name) return &field;
    }
    return nullptr;
}

Json SchemaInfo::to_json(const void* object, bool with_hidden) const {
    Json out = Json::object();
    for (const Field& field : fields_) {
        if (field.hidden && !with_hidden) continue;
        Json value = field.codec->encode(member(field, object));
        if (!field.omit_null || !value.is_null()) out.set(field.name, std::move(value));
    }
    return out;
}

void SchemaInfo::from_json(const Json& json, void* object, std::string_view what) const {
    if (!json.is_object())
        throw ValueError(str(owner(what), "the config must be an object. Received: ", json));
    std::vector<const Field*> seen;
    for (const auto& [key, value] : json.as_object()) {
        const Field* field = find(key);
        if (!field) {
            std::string known;
            for (const Field& f : fields_) known += (known.empty() ? "" : ", ") + f.name;
            throw ValueError(str(owner(what), "unknown argument \"", key, "\". Known: ", known, "."));
        }
        try {
            field->codec->decode(value, static_cast<char*>(object) + field->offset);
        } catch (const ValueError& error) {
            throw ValueError(str(owner(what), key, ": ", error.what()));
        }
        seen.push_back(field);
    }
    for (const Field& field : fields_)
        if (field.required && std::find(seen.begin(), seen.end(), &field) == seen.end())
            throw ValueError(str(owner(what), "the argument \"", field.name, "\" is required."));
    validate(object, what);
}

void SchemaInfo::validate(const void* object, std::string_view what) const {
    for (const Field& field : fields_) {
        if (field.rules.empty()) continue;
        const Json value = field.codec->encode(member(field, object));
        for (const auto& rule : field.rules)
            if (const auto broken = rule(value))
                throw ValueError(str(owner(what), field.name, " ", *broken, ". Received: ", field.name,
                                     "=", value));
    }
}

bool SchemaInfo::equal(const void* a, const void* b) const {
    for (const Field& field : fields_)
        if (!(field.codec->encode(member(field, a)) == field.codec->encode(member(field, b)))) return false;
    return true;
}

FieldBuilder& FieldBuilder::rule(std::function<std::optional<std::string>(const Json&)> rule) {
    field_->rules.push_back(std::move(rule));
    return *this;
}
FieldBuilder& FieldBuilder::positive() {
    return number_rule(*this, "must be positive", [](double v) { return v > 0; });
}
FieldBuilder& FieldBuilder::non_negative() {
    return number_rule(*this, "must not be negative", [](double v) { return v >= 0; });
}
FieldBuilder& FieldBuilder::between(double low, double high) {
    return number_rule(*this, str("must lie in [", low, ", ", high, "]"),
                       [=](double v) { return v >= low && v <= high; });
}
FieldBuilder& FieldBuilder::one_of(std::initializer_list<const char*> words) {
    std::vector<std::string> allowed(words.begin(), words.end());
    return rule([allowed](const Json& value) -> std::optional<std::string> {
        if (value.is_null()) return std::nullopt;
        std::string list;
        for (const std::string& word : allowed) {
            if (value.is_string() && value.as_string() == word) return std::nullopt;
            list += (list.empty() ? "\"" : ", \"") + word + "\"";
        }
        return "must be one of " + list;
    });
}
FieldBuilder& FieldBuilder::non_empty() {
    return rule([](const Json& value) -> std::optional<std::string> {
        const bool empty = value.is_string() ? value.as_string().empty() : value.size() == 0;
        return empty ? std::optional<std::string>("must not be empty") : std::nullopt;
    });
}
FieldBuilder& FieldBuilder::old_name(const char* name) { return field_->old_names.push_back(name), *this; }
FieldBuilder& FieldBuilder::key(const char* name) { return field_->name = name, *this; }
FieldBuilder& FieldBuilder::hidden() { return field_->hidden = true, *this; }
FieldBuilder& FieldBuilder::omit_null() { return field_->omit_null = true, *this; }

}  // namespace cornu
