// The tables that the real Keras prints.
#include <doctest/doctest.h>

#include <fstream>

#include "cornu/models/model_config.h"
#include "tests/golden.h"

using namespace cornu;

TEST_CASE("summary prints Keras's table") {
    std::ifstream in(golden_path("summaries.json"));
    REQUIRE(in);
    const Json cases = Json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
    CHECK(cases.size() > 8);
    for (const Json& row : cases.as_array()) {
        CAPTURE(row["name"].as_string());
        CAPTURE(row["options"].dump());
        const ObjectSharing sharing;
        const Model model(std::dynamic_pointer_cast<CustomModel>(deserialize_operation(row["model"])));
        if (const Json& compiled = row["model"]["compile_config"]; compiled.size() > 0) {
            model.compile(read_compile_config(compiled));
            model.optimizer().build(model.trainable_variables());
        }
        // Recorded on a terminal of 200 columns.
        SummaryOptions options{.line_length = 0};
        const Json& given = row["options"];
        if (given.contains("line_length")) options.line_length = given["line_length"].as_int();
        options.expand_nested = given.contains("expand_nested");
        options.show_trainable = given.contains("show_trainable");
        ::setenv("COLUMNS", "200", 1);
        CHECK(model.summary(options) == row["text"].as_string());
    }
}
