#include "cornu/training/logs.h"

#include "cornu/base/error.h"

namespace cornu {

namespace {
template <class Items>
[[noreturn]] void unknown(const std::string& name, const Items& items) {
    std::string known;
    for (const auto& item : items) known += (known.empty() ? "" : ", ") + item.first;
    throw ValueError(str("there is no figure of this name. Known: ", known.empty() ? "none" : known, ". Received: \"", name, "\""));
}
}  // namespace

void Logs::set(const std::string& name, Tensor value) {
    for (auto& item : items_)
        if (item.first == name) {
            item.second = std::move(value);
            return;
        }
    items_.emplace_back(name, std::move(value));
}

bool Logs::contains(const std::string& name) const {
    return std::any_of(items_.begin(), items_.end(), [&](const auto& item) { return item.first == name; });
}

const Tensor& Logs::tensor(const std::string& name) const {
    for (const auto& item : items_)
        if (item.first == name) return item.second;
    unknown(name, items_);
}

double Logs::operator[](const std::string& name) const { return tensor(name).item<double>(); }

Logs Logs::sorted() const {
    Logs out = *this;
    std::stable_sort(out.items_.begin(), out.items_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return out;
}

const std::vector<double>& History::operator[](const std::string& name) const {
    for (const auto& item : history)
        if (item.first == name) return item.second;
    unknown(name, history);
}

bool History::contains(const std::string& name) const {
    return std::any_of(history.begin(), history.end(), [&](const auto& item) { return item.first == name; });
}

void History::append(int64_t at, const Logs& logs) {
    epoch.push_back(at);
    for (const auto& [name, value] : logs) {
        const auto same = [&key = name](const auto& item) { return item.first == key; };
        auto found = std::find_if(history.begin(), history.end(), same);
        if (found == history.end()) found = history.insert(history.end(), {name, {}});
        found->second.push_back(value.to_vector<double>().at(0));
    }
}

}  // namespace cornu
