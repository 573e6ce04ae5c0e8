#include "cornu/random/mersenne_twister.h"

#include <doctest/doctest.h>

#include <bit>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "cornu/base/error.h"
#include "cornu/base/json.h"
#include "tests/golden.h"

using namespace cornu;
using cornu::random::NumpyRandom;
using cornu::random::PythonRandom;

namespace {

Json golden() {
    std::ifstream in(golden_path("mersenne.json"));
    REQUIRE(in);
    return Json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

uint64_t hex(const Json& text) { return std::stoull(text.as_string(), nullptr, 16); }

bool same(double value, const Json& recorded) {
    return std::bit_cast<uint64_t>(value) == hex(recorded);
}

std::vector<int> twenty() {
    std::vector<int> items(20);
    for (int i = 0; i < 20; ++i) items[size_t(i)] = i;
    return items;
}

void check_items(const std::vector<int>& items, const Json& recorded) {
    REQUIRE(recorded.size() == items.size());
    for (size_t i = 0; i < items.size(); ++i) CHECK(items[i] == recorded[i].as_int());
}

}  // namespace

TEST_CASE("Python's random, bit for bit") {
    const Json recorded = golden()["python"];
    REQUIRE(recorded.size() == 11);
    for (const Json& all : recorded.as_array()) {
        CAPTURE(all["seed"].as_int());
        PythonRandom rng(all["seed"].as_int());
        for (const Json& one : all["getrandbits"].as_array()) {
            CHECK(rng.getrandbits(static_cast<int>(one[0].as_int())) == hex(one[1]));
        }
        for (const Json& one : all["randint"].as_array()) {
            CHECK(rng.randint(one[0].as_int(), one[1].as_int()) == one[2].as_int());
        }
        for (const Json& one : all["random"].as_array()) CHECK(same(rng.random(), one));
        for (const Json& one : all["uniform"].as_array()) CHECK(same(rng.uniform(-3.7, 11.3), one));
        std::vector<int> items = twenty();
        rng.shuffle(std::span<int>(items));
        check_items(items, all["shuffle"]);
        for (int i = 0; i < 2000; ++i) rng.getrandbits(32);
        CHECK(rng.getrandbits(64) == hex(all["later"]));
    }
}

TEST_CASE("NumPy's RandomState, bit for bit") {
    const Json recorded = golden()["numpy"];
    REQUIRE(recorded.size() == 6);
    for (const Json& all : recorded.as_array()) {
        CAPTURE(all["seed"].as_int());
        NumpyRandom rng(static_cast<uint32_t>(all["seed"].as_int()));
        for (const Json& one : all["randint"].as_array()) {
            CHECK(rng.randint(one[0].as_int(), one[1].as_int()) == one[2].as_int());
        }
        for (const Json& one : all["random_sample"].as_array())
            CHECK(same(rng.random_sample(), one));
        for (const Json& one : all["uniform"].as_array()) CHECK(same(rng.uniform(-3.7, 11.3), one));
        const std::vector<int64_t> order = rng.permutation(50);
        check_items(std::vector<int>(order.begin(), order.end()), all["permutation"]);
        std::vector<int> items = twenty();
        rng.shuffle(std::span<int>(items));
        check_items(items, all["shuffle"]);
        for (int i = 0; i < 2000; ++i) rng.randint(0, int64_t(1) << 32);
        CHECK(same(rng.random_sample(), all["later"]));
    }
}

TEST_CASE("draws out of their rule") {
    PythonRandom python(0);
    CHECK_THROWS_WITH_AS(python.getrandbits(65),
                         "getrandbits: bits must be in [0, 64]. Received: bits=65", ValueError);
    CHECK_THROWS_AS(python.getrandbits(-1), ValueError);
    CHECK_THROWS_AS(python.randint(2, 1), ValueError);
    CHECK_THROWS_AS(python.randint(INT64_MIN, INT64_MAX), ValueError);
    CHECK(python.randbelow(0) == 0);
    NumpyRandom numpy(0);
    CHECK_THROWS_AS(numpy.randint(1, 1), ValueError);
    CHECK_THROWS_AS(numpy.uniform(0, std::numeric_limits<double>::infinity()), ValueError);
    CHECK_THROWS_AS(numpy.permutation(-1), ValueError);
    CHECK(numpy.permutation(0).empty());
    CHECK(numpy.permutation(1) == std::vector<int64_t>{0});
}
