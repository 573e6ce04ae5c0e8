// What stands in the way of an engine is said, and the native one goes on. A program of its own:
// once open, an engine stays.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "cornu/layers/core/torch_script.h"
#include "cornu/ops/elementwise.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/temporary_folder.h"
#include "tests/integration/engines_for_tests.h"
#include "tests/messages.h"

using namespace cornu;

namespace {

// A variable of the environment while it lives.
class Environment {
public:
    Environment(const char* name, const std::string& value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        setenv(name, value.c_str(), 1);
    }
    ~Environment() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }

private:
    const char* name_;
    std::optional<std::string> old_;
};

// A library as a download that broke leaves it: cut off within what the loader maps.
void write_part(const std::filesystem::path& whole, const std::filesystem::path& part) {
    std::filesystem::copy_file(whole, part, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(part, 5000);
}

void check_native_goes_on() {
    CHECK((Tensor::full({2}, 1) + Tensor::full({2}, 2)).to_vector<float>() == std::vector<float>{3, 3});
}

}  // namespace

TEST_CASE("a plugin that is missing, garbage, cut off, another library or another version's is refused with its name, and native goes on") {
    const testing::TemporaryFolder folder;
    const Environment path("CORNU_ENGINE_PATH", folder.path);
    Context context;
    const Context::Use use(context);
    // A name nobody else has: xla's and torch's own plugins would be found after this one.
    const std::filesystem::path library = folder.path / "libcornu_mine.so";
    const auto refused = [&](const char* why) {
        CHECK_THROWS_WITH_AS(find_backend("mine"), doctest::Contains(why), BackendError);
        CHECK_THROWS_WITH_AS(find_backend("mine"), doctest::Contains(library.c_str()), BackendError);
        CHECK_THROWS_AS(config::set_backend("mine"), BackendError);
        CHECK(config::backend() == "native");
        check_native_goes_on();
    };
    refused("No such file");
    { std::ofstream(library) << "no library"; }
    refused("file too short");
    { std::ofstream(library) << std::string(100'000, 'x'); }
    refused("invalid ELF header");
    write_part(build_folder() / "libcornu_stub.so", library);
    refused("the file is cut off");
    const auto links_to = [&](const char* other) {
        std::filesystem::remove(library);
        std::filesystem::create_symlink(build_folder() / other, library);
    };
    links_to("libother_version.so");
    refused("was built for another version of Cornu");
    // What was wrong is forgotten once it is mended.
    links_to("libcornu_stub.so");
    CHECK(find_backend("mine") != nullptr);
    std::filesystem::create_symlink(build_folder() / "libcornu.so", folder.path / "libcornu_none.so");
    CHECK_THROWS_WITH_AS(find_backend("none"), doctest::Contains("libcornu_none.so: is no plugin of Cornu's"), BackendError);
}

TEST_CASE("engines that are not there say what to install") {
    for (const char* engine : {"xla", "torch"}) {
        if (std::filesystem::exists(build_folder() / str("libcornu_", engine, ".so"))) continue;
        CHECK_THROWS_WITH_AS(find_backend(engine), doctest::Contains(str("tools/engines ", engine).c_str()), BackendError);
    }
    check_native_goes_on();
}

TEST_CASE("without the torch engine a TorchScript layer says what to install") {
    // The engine's library is there, LibTorch is not: a folder that hides the real one.
    const testing::TemporaryFolder folder;
    const Environment path("CORNU_ENGINE_PATH", folder.path);
    std::filesystem::create_directories(folder.path / "torch/lib");
    std::filesystem::create_symlink(CORNU_SOURCE_DIR "/README.md", folder.path / "torch/lib/libtorch_cpu.so");
    const testing::Golden recorded(CORNU_SOURCE_DIR "/tests/golden/torch_modules.zip");
    const saving::ByteSource file = recorded.file(recorded.find("block")["module"]);
    const std::string why = message_of([&] { layers::TorchScript::from_bytes(std::string(file.text(0, file.size()))); });
    CHECK(says(why, "tools/engines torch"));
    check_native_goes_on();
}

TEST_CASE("a PJRT plugin that is missing or none is refused with its name, and native goes on") {
    if (!std::filesystem::exists(build_folder() / "libcornu_xla.so")) return;
    const auto refused = [](const std::string& plugin, const char* why) {
        const Environment variable("CORNU_PJRT_PLUGIN", plugin);
        CHECK_THROWS_WITH_AS(find_backend("xla"), doctest::Contains(why), BackendError);
        CHECK_THROWS_WITH_AS(find_backend("xla"), doctest::Contains(plugin.c_str()), BackendError);
    };
    refused("/nowhere/plugin.so", "cannot be opened");
    refused(CORNU_SOURCE_DIR "/README.md", "cannot be opened");
    refused(build_folder() / "libcornu_stub.so", "is no PJRT plugin");
    refused(build_folder() / "libother_version.so", "speaks version 99.1");
    const testing::TemporaryFolder folder;
    write_part(build_folder() / "libcornu_stub.so", folder.path / "plugin.so");
    refused(folder.path / "plugin.so", "the file is cut off");
    Context context;
    const Context::Use use(context);
    {
        const Environment variable("CORNU_PJRT_PLUGIN", "/nowhere/plugin.so");
        CHECK_THROWS_AS(config::set_backend("xla"), BackendError);
    }
    CHECK(config::backend() == "native");
    check_native_goes_on();
}

TEST_CASE("a LibTorch that is none is refused with its name, and native goes on") {
    if (!std::filesystem::exists(build_folder() / "libcornu_torch.so")) return;
    const testing::TemporaryFolder folder;
    int next = 0;
    const auto refused = [&](const std::filesystem::path& other, const char* why) {
        // A place of its own for each: the loader knows libraries by their path.
        const std::filesystem::path place = folder.path / std::to_string(next++), library = place / "torch/lib/libtorch_cpu.so";
        std::filesystem::create_directories(library.parent_path());
        std::filesystem::create_symlink(other, library);
        const Environment path("CORNU_ENGINE_PATH", place);
        CHECK_THROWS_WITH_AS(find_backend("torch"), doctest::Contains(why), BackendError);
        CHECK_THROWS_WITH_AS(find_backend("torch"), doctest::Contains("tools/engines torch"), BackendError);
    };
    refused(CORNU_SOURCE_DIR "/README.md", "cannot be opened");
    refused(build_folder() / "libcornu_stub.so", "does not say its version");
    refused(build_folder() / "libother_version.so", "is LibTorch 9.7");
    write_part(build_folder() / "libcornu_stub.so", folder.path / "part.so");
    refused(folder.path / "part.so", "the file is cut off");
    check_native_goes_on();
}
