// Margins: how much to cut from or add to both ends of each spatial axis. A number stands for both
// ends of every axis; a list holds a number or a pair for each axis; of one axis, the pair itself.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "cornu/base/schema.h"

namespace cornu {

struct Margins {
    std::vector<std::vector<int64_t>> axes;      // one number or two for each axis; one entry for all

    Margins() = default;
    Margins(int value) : axes{{value}} {}
    Margins(int64_t value) : axes{{value}} {}
    Margins(std::initializer_list<int64_t> list) { for (const int64_t v : list) axes.push_back({v}); }
    Margins(std::initializer_list<std::pair<int64_t, int64_t>> list) { for (const auto& [a, b] : list) axes.push_back({a, b}); }

    // One pair per axis. Throws ValueError in Keras's words, naming `what`.
    CORNU_API std::vector<std::pair<int64_t, int64_t>> expand(int64_t count, const char* what) const;
};

template <> struct CORNU_API Codec<Margins> {
    static Json encode(const Margins& v);
    static void decode(const Json& j, Margins& v);
};

}  // namespace cornu
