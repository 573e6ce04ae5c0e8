#include "cornu/layers/reshaping/margins.h"

namespace cornu {

std::vector<std::pair<int64_t, int64_t>> Margins::expand(int64_t count, const char* what) const {
    const auto wrong = [&](const std::string& rule) { throw ValueError(str("`", what, "` ", rule, " Received: ", what, "=", Codec<Margins>::encode(*this))); };
    std::vector<std::vector<int64_t>> each = axes;
    if (each.size() == 1 && each[0].size() == 1) each.assign(static_cast<size_t>(count), each[0]);
    // One axis: a pair is its two ends.
    if (count == 1 && each.size() == 2 && each[0].size() == 1 && each[1].size() == 1) each = {{each[0][0], each[1][0]}};
    if (static_cast<int64_t>(each.size()) != count) wrong(str("should have ", count == 1 ? 2 : count, " elements."));
    std::vector<std::pair<int64_t, int64_t>> out;
    for (const auto& ends : each) {
        if (ends.empty() || ends.size() > 2) wrong("should hold a number or a pair for each axis.");
        out.emplace_back(ends.front(), ends.back());
        if (ends.front() < 0 || ends.back() < 0) wrong("cannot be negative.");
    }
    return out;
}

Json Codec<Margins>::encode(const Margins& v) {
    Json out = Json::array();
    for (const auto& ends : v.axes) out.push_back(ends.size() == 1 ? Json(ends[0]) : Codec<std::vector<int64_t>>::encode(ends));
    return out;
}

void Codec<Margins>::decode(const Json& j, Margins& v) {
    v.axes.clear();
    if (!j.is_array()) return v.axes.push_back({j.as_int()});
    for (const Json& item : j.as_array()) Codec<std::vector<int64_t>>::decode(item, v.axes.emplace_back());
}

}  // namespace cornu
