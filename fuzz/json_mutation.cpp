#include "fuzz/json_mutation.h"

#include <cstring>
#include <random>
#include <vector>

#include "cornu/base/error.h"
#include "cornu/base/json.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace cornu::fuzz {

namespace {

using Random = std::minstd_rand;

void collect(Json& json, std::vector<Json*>& all) {
    all.push_back(&json);
    if (json.is_array())
        for (Json& item : json.as_array()) collect(item, all);
    if (json.is_object())
        for (auto& [key, item] : json.as_object()) collect(item, all);
}

Json interesting(Random& random) {
    static const Json values[] = {nullptr, true, false, 0, 1, -1, 2, 3, 7, 255, 65536, int64_t(1) << 31, int64_t(1) << 40, INT64_MAX, INT64_MIN, 0.5, -1.5, 1e300, 1e-300,
                                  "", "a", "relu", "same", "valid", "causal", "channels_first", "float16", "int4", "string", "mixed_bfloat16", "\u00e4", Json::array(), Json::object(),
                                  Json::array({0}), Json::array({nullptr}), Json::array({1, 1}), Json::array({nullptr, 0, 4}), Json::array({int64_t(1) << 40, int64_t(1) << 40})};
    return values[random() % std::size(values)];
}

void change(Json& root, Random& random) {
    std::vector<Json*> all;
    collect(root, all);
    Json& at = *all[random() % all.size()];
    switch (random() % 6) {
        case 0:
            at = interesting(random);
            break;
        case 1:
            at = Json(*all[random() % all.size()]);
            break;
        case 2:
            if (at.is_int()) at = static_cast<int64_t>(static_cast<uint64_t>(at.as_int()) + random() % 7 - 3);   // wraps
            else if (at.is_double()) at = -at.as_double();
            else at = interesting(random);
            break;
        case 3:
            if (at.is_array() && at.size() > 0) at.as_array().erase(at.as_array().begin() + static_cast<ptrdiff_t>(random() % at.size()));
            else if (at.is_object() && at.size() > 0) at.as_object().erase(at.as_object().begin() + static_cast<ptrdiff_t>(random() % at.size()));
            break;
        case 4:
            if (at.is_array() && at.size() > 0) at.push_back(Json(at[random() % at.size()]));
            else if (at.is_object() && at.size() > 1) std::swap(at.as_object()[random() % at.size()].second, at.as_object()[random() % at.size()].second);
            break;
        default:
            if (at.is_object() && at.size() > 0) at.as_object()[random() % at.size()].second = interesting(random);
            else at = interesting(random);
    }
}

}  // namespace

size_t mutate_json(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
    Random random(seed + 1);
    if (random() % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
    try {
        Json json = Json::parse({reinterpret_cast<const char*>(data), size});
        for (size_t i = random() % 3 + 1; i-- > 0;) change(json, random);
        const std::string text = json.dump();
        if (text.size() > max_size) return size;
        std::memcpy(data, text.data(), text.size());
        return text.size();
    } catch (const ValueError&) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
}

}  // namespace cornu::fuzz
