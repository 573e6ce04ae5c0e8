// Every way in which loading a model has hurt somebody: refused by load_model, told by inspect.
#include <doctest/doctest.h>

#include "cornu/saving/files_for_tests.h"
#include "cornu/saving/inspect.h"
#include "cornu/saving/keras_file.h"
#include "fuzz/hostile_files.h"

using namespace cornu;
using namespace cornu::saving;

TEST_CASE("files that exploited Keras are refused, and inspect says why") {
    const test::TemporaryFolder folder;
    for (const test::HostileFile& file : test::hostile_files([](const std::string& name) { return ByteSource::open(test::golden(name)); })) {
        CAPTURE(file.name);
        std::string message;
        try {
            load_model(ByteSource::own(file.name, file.bytes));
        } catch (const Error& error) {
            message = error.what();
        }
        CAPTURE(message);
        CHECK(message.empty() == file.refusal.empty());
        CHECK(message.find(file.refusal) != std::string::npos);

        const auto path = folder.path / (file.name + "." + file.extension);
        std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(file.bytes.data()), static_cast<std::streamsize>(file.bytes.size()));
        const std::string suspicious = inspect(path)["suspicious"].dump();
        CAPTURE(suspicious);
        const std::string escaped = Json(file.suspicion).dump();
        CHECK(suspicious.find(escaped.substr(1, escaped.size() - 2)) != std::string::npos);
    }
}

TEST_CASE("nothing is suspicious about what Keras writes") {
    for (const char* name : {"mlp.keras", "bfloat16.weights.h5", "arrays.npz", "float32.npy"}) {
        CAPTURE(name);
        const Json found = inspect(test::golden(name));
        CHECK(found["suspicious"].dump() == "[]");
        CHECK(inspection_text(found).find("nothing suspicious") != std::string::npos);
    }
    const Json mlp = inspect(test::golden("mlp.keras"));
    CHECK(mlp["format"] == Json("keras"));
    CHECK(mlp["members"].size() == 3);
    CHECK(mlp["report"]["unexpected"].size() == 0);
    bool dense = false;
    for (const Json& layer : mlp["layers"].as_array()) dense = dense || layer["class_name"] == Json("Dense");
    CHECK(dense);
    CHECK(mlp["weights"][0]["path"] == Json("layers/dense/vars/0"));
    CHECK_THROWS_AS(inspect(test::golden("expected.json")), FileError);
}
