// Models saved while the disk fills up or the process is killed; weights mapped and left uninitialised.
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cornu/layers/layers.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/file_editor.h"
#include "cornu/saving/files_for_tests.h"
#include "cornu/saving/keras_file.h"
#include "cornu/saving/weights_file.h"
#include "cornu/testing/near.h"

using namespace cornu;
using cornu::testing::difference;
using saving::test::TemporaryFolder;

namespace {

Model large_model() {
    const auto model = Sequential({layers::Input({.shape = {400}}), layers::Dense({.units = 300, .name = "first"}), layers::Dense({.units = 2, .name = "second"})});
    model.compile({.optimizer = "sgd", .loss = "mse"});
    return model;
}

std::vector<std::byte> content(const std::filesystem::path& path) { return saving::test::bytes_of(saving::ByteSource::open(path)); }

}  // namespace

TEST_CASE("a full disk or a kill while saving leaves the old model whole, in every format") {
    const TemporaryFolder folder;
    const Model model = large_model();
    for (const char* name : {"m.keras", "m.h5", "m.weights.h5", "m.weights.json", "m.safetensors", "e.weights.h5"}) {
        CAPTURE(name);
        const auto path = folder.path / name;
        const bool whole = std::string(name) == "m.keras" || std::string(name) == "m.h5";
        const auto save = [&] {
            if (name[0] == 'e') KerasFileEditor(folder.path / "m.weights.h5").save(path);
            else if (whole) model.save(path);
            else model.save_weights(path);
        };
        save();
        const auto before = content(path);
        for (int attempt = 0; attempt < 12; ++attempt) {
            const pid_t child = ::fork();
            REQUIRE(child >= 0);
            if (child == 0) {
                int code = 0;
                if (attempt < 6) {
                    ::signal(SIGXFSZ, SIG_IGN);
                    const rlimit size{static_cast<rlim_t>(before.size()) * static_cast<rlim_t>(attempt) / 6, RLIM_INFINITY};
                    ::setrlimit(RLIMIT_FSIZE, &size);
                    code = 1;
                    try {
                        save();
                    } catch (const FileError&) {
                        code = 0;
                    }
                } else {
                    for (;;) save();
                }
                ::_exit(code);
            }
            int status = 0;
            if (attempt >= 6) {
                ::usleep(static_cast<useconds_t>(300 + 1700 * (attempt - 6)));
                ::kill(child, SIGKILL);
            }
            ::waitpid(child, &status, 0);
            if (attempt < 6) {
                CHECK(WIFEXITED(status));
                CHECK(WEXITSTATUS(status) == 0);
                CHECK(content(path) == before);
            }
            if (whole) CHECK(difference(load_model(path).weights()[0].value(), model.weights()[0].value(), 0) == "");
            else CHECK_NOTHROW(saving::load_weights(model, path));
        }
    }
}

TEST_CASE("what a file lacks is initialised as without one; what it has is mapped and stays as it is") {
    const TemporaryFolder folder;
    const auto path = (folder.path / "m.keras").string();
    const Model model = large_model();
    model.save(path);
    const Model loaded = load_model(path);
    const Variable kernel = loaded.trainable_weights()[0];
    CHECK_FALSE(kernel.stored().buffer()->writable());   // the file itself
    CHECK(difference(kernel.value(), model.weights()[0].value(), 0) == "");

    // Training changes a copy.
    const auto before = content(path);
    loaded.train_on_batch(Tensor::full({2, 400}, 1), Tensor::full({2, 2}, 1));
    CHECK(difference(kernel.value(), model.weights()[0].value(), 0) != "");
    CHECK(content(path) == before);
    loaded.save(path);   // over the file that the weights were mapped from
    CHECK(difference(load_model(path).weights()[0].value(), kernel.value(), 0) == "");

    // Seeds are drawn in the same order whether values are computed or not.
    KerasFileEditor editor(path);
    editor.delete_weight("layers/dense", "0");
    editor.delete_weight("layers/dense_1", "0");
    editor.save(path);
    random::set_random_seed(5);
    const Model partly = load_model(path, {.strict = false});
    random::set_random_seed(5);
    const Model fresh = clone_model(model);
    for (const size_t i : {0, 2}) CHECK(difference(partly.weights()[i].value(), fresh.weights()[i].value(), 0) == "");
}

TEST_CASE("KerasFileEditor does what Keras's does") {
    const TemporaryFolder folder;
    const auto path = (folder.path / "m.keras").string(), weights = (folder.path / "e.weights.h5").string();
    const Model model = large_model();
    model.save(path);
    {
        const KerasFileEditor editor(path);
        CHECK(editor.compare(model).success());
        CHECK(editor.compare(model).match_count == 6);   // with the optimizer's step and rate
        CHECK(editor.summary().find("layers/dense_1  (second)") != std::string::npos);
    }
    const auto message = [&](const std::function<void(KerasFileEditor&)>& change) -> std::string {
        KerasFileEditor editor(path);
        try {
            change(editor);
        } catch (const ValueError& error) {
            return error.what();
        }
        return "";
    };
    CHECK(message([](auto& e) { e.rename_object("dense", "a/b"); }).find("leaf name") != std::string::npos);
    CHECK(message([](auto& e) { e.rename_object("layers/dense", "dense_1"); }).find("already") != std::string::npos);
    CHECK(message([](auto& e) { e.rename_object("nobody", "x"); }).find("does not appear") != std::string::npos);
    CHECK(message([](auto& e) { e.delete_object("layers/nobody"); }).find("does not appear") != std::string::npos);
    CHECK(message([](auto& e) { e.delete_weight("dense", "7"); }).find("not found") != std::string::npos);
    CHECK(message([](auto& e) { e.add_object("nowhere/dense", {}); }).find("does not appear") != std::string::npos);
    CHECK(message([](auto& e) { e.save("x.zip"); }).find(".weights.h5") != std::string::npos);

    KerasFileEditor editor(path);
    editor.rename_object("dense_1", "dense_7");
    editor.add_object("layers/dense_9", {{"0", Tensor::full({2, 2}, 3)}});
    editor.add_weights("dense_9", {{"1", Tensor::full({2}, 4)}});
    editor.delete_object("optimizer");
    editor.save(weights);
    const KerasFileEditor again(weights);
    CHECK(again.objects().contains("layers/dense_7"));
    CHECK_FALSE(again.objects().contains("optimizer"));
    CHECK(difference(again.objects().at("layers/dense_9").at("1").read(), Tensor::full({2}, 4), 0) == "");
    const KerasFileEditor::Comparison found = again.compare(model);
    CHECK(found.match_count == 2);
    CHECK(found.error_count == 2 + 2 + 2 + 2);   // dense_1 and the optimizer missing; dense_7 and dense_9 besides
    // Back to what it was, as a whole model again.
    KerasFileEditor back(path);
    back.rename_object("layers/dense", "x");
    back.save(path);
    KerasFileEditor undo(path);
    undo.rename_object("x", "dense");
    undo.save(path);
    CHECK(difference(load_model(path).weights()[0].value(), model.weights()[0].value(), 0) == "");
}
