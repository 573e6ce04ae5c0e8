// What needs no torch engine; the rest is in tests/integration/torch_module_test.cpp.
#include "cornu/layers/core/torch_script.h"

#include <doctest/doctest.h>

#include <fstream>

#include "cornu/layers/layers.h"
#include "cornu/layers/registry.h"
#include "cornu/testing/temporary_folder.h"
#include "tests/messages.h"
#include "tests/torch_modules.h"

using namespace cornu;
using layers::TorchScript;

namespace {

std::string said_of(std::string bytes) {
    return message_of([&] { TorchScript::from_bytes(std::move(bytes)); });
}

}  // namespace

TEST_CASE("files that are no TorchScript are refused in words of what they are") {
    CHECK(says(said_of(""), "there is nothing in it"));
    CHECK(says(said_of("#!/bin/sh"), "is no TorchScript archive"));
    CHECK(says(said_of(std::string("\x80\x02}q\x00.", 6)), "is a Python pickle"));
    CHECK(says(said_of(bytes_of(recorded_modules().find("refused")["pickle"])), "torch.jit.script(module).save"));
    const std::string module = bytes_of(recorded_modules().find("block")["module"]);
    CHECK(says(said_of(module.substr(0, module.size() / 2)), "its end is missing"));
    std::string exported = "PK\x03\x04";
    for (const Json& name : recorded_modules().find("refused")["names_of_exported"].as_array()) exported += name.as_string() + "\n";
    CHECK(says(said_of(exported + "PK\x05\x06"), "torch.export (.pt2)"));
}

TEST_CASE("errors name the file") {
    CHECK(says(message_of([] { TorchScript("/nowhere/module.pt"); }), "/nowhere/module.pt"));
    const testing::TemporaryFolder folder;
    CHECK(says(message_of([&] { TorchScript(folder.path); }), "cannot be opened"));
    const std::string path = folder.path / "text.pt";
    { std::ofstream(path) << "no module"; }
    CHECK(says(message_of([&] { layers::TorchModuleWrapper({.module = path}); }), path + ": the module is no TorchScript archive"));
    CHECK(says(message_of([] { layers::TorchModuleWrapper({.module = TorchScript()}); }), "a module must be given"));
}

TEST_CASE("a config's module is base64, and refused before anything is opened") {
    const auto read = [](const Json& module) {
        return message_of([&] {
            layers::deserialize(Json::object({{"module", "keras.layers"}, {"class_name", "TorchModuleWrapper"}, {"registered_name", Json()},
                                              {"config", Json::object({{"name", "t"}, {"module", module}})}}));
        });
    };
    for (const char* text : {"A", "AAA", "AA=A", "!!!!", "A===", "/etc/passwd"}) CHECK(says(read(text), "must be base64 text"));
    CHECK(says(read(Json()), "must be a TorchScript archive in base64"));
    CHECK(says(read("module.pt"), "must be base64 text"));   // no path is opened
    CHECK(says(read("gASVCgAAAAAAAACMAm9zlIwGc3lzdGVtlJOULg=="), "is a Python pickle"));
    CHECK(says(read("UEtjb25zdGFudHMucGtsUEsFBg=="), "opening it would run it: it is refused"));   // "PKconstants.pklPK\5\6"
}
