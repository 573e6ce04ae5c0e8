// Every op of the catalogue on every engine that is here. What an engine cannot do stands in
// unsupported_ENGINE.txt, checked both ways.
#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include "cornu/backend/backend.h"
#include "cornu/ops/catalogue.h"
#include "cornu/testing/check_op.h"

using namespace cornu;

namespace {

std::set<std::string> read_unsupported(const std::string& engine) {
    std::ifstream file(str(CORNU_SOURCE_DIR, "/cornu/backend/conformance/unsupported_", engine, ".txt"));
    std::set<std::string> lines;
    for (std::string line; std::getline(file, line);)
        if (!line.empty() && line[0] != '#') lines.insert(line);
    return lines;
}

void check_engine(const std::string& engine) {
    const auto backend = find_backend(engine);
    const std::set<std::string> listed = read_unsupported(engine);
    std::set<std::string> found;
    int checks = 0;
    for (const Op* op : all_ops()) {
        if (testing::samples_of(*op).empty()) continue;
        INFO(std::string(op->name));
        const testing::OpReport report = testing::check_op(*op, *backend);
        checks += report.checks;
        for (const std::string& failure : report.failures) CHECK_MESSAGE(false, failure);
        for (const DType dtype : report.unsupported) found.insert(str(op->name, " ", dtype));
    }
    CHECK(checks > 10000);
    for (const std::string& line : found) CHECK_MESSAGE(listed.count(line), "not supported, but not listed: ", line);
    for (const std::string& line : listed) CHECK_MESSAGE(found.count(line), "listed as unsupported, but works or is gone: ", line);
}

}  // namespace

TEST_CASE("the native engine does what the catalogue says") { check_engine("native"); }

// Control flow takes graphs, which are tested by autodiff_test.cpp.
TEST_CASE("every op has samples") {
    const std::set<std::string> tested_elsewhere{"while_loop", "cond", "scan"};
    for (const Op* op : all_ops()) {
        INFO(std::string(op->name));
        CHECK(testing::samples_of(*op).empty() == (tested_elsewhere.count(op->name) == 1));
    }
}
