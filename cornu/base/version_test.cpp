#include "cornu/base/version.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <regex>

using namespace cornu;

TEST_CASE("the version is the one that CMakeLists.txt states") {
    std::ifstream file(CORNU_SOURCE_DIR "/CMakeLists.txt");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::smatch match;
    REQUIRE(std::regex_search(text, match, std::regex("project\\(cornu VERSION ([0-9.]+)")));
    CHECK(version() == match[1].str());
}

TEST_CASE("build type and compiler are named") {
    CHECK_FALSE(build_type().empty());
    CHECK(compiler().find("++ 1") != std::string_view::npos);
}
