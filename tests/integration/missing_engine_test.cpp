// What stands in the way of an engine is said, and the native one goes on. A program of its own:
// once open, an engine stays.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "cornu/ops/elementwise.h"
#include "cornu/tensor/context.h"
#include "tests/integration/engines_for_tests.h"

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

}  // namespace

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
    Context context;
    const Context::Use use(context);
    {
        const Environment variable("CORNU_PJRT_PLUGIN", "/nowhere/plugin.so");
        CHECK_THROWS_AS(config::set_backend("xla"), BackendError);
    }
    CHECK(config::backend() == "native");
    CHECK((Tensor::full({2}, 1) + Tensor::full({2}, 2)).to_vector<float>() ==
          std::vector<float>{3, 3});
}

TEST_CASE("a LibTorch that is none is refused with its name, and native goes on") {
    if (!std::filesystem::exists(build_folder() / "libcornu_torch.so")) return;
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / str("cornu_torch_", getpid());
    const std::filesystem::path library = folder / "torch/lib/libtorch_cpu.so";
    std::filesystem::create_directories(library.parent_path());
    const Environment path("CORNU_ENGINE_PATH", folder);
    const auto refused = [&](const std::filesystem::path& other, const char* why) {
        std::filesystem::remove(library);
        std::filesystem::create_symlink(other, library);
        CHECK_THROWS_WITH_AS(find_backend("torch"), doctest::Contains(why), BackendError);
        CHECK_THROWS_WITH_AS(find_backend("torch"), doctest::Contains("tools/engines torch"), BackendError);
    };
    refused(CORNU_SOURCE_DIR "/README.md", "cannot be opened");
    refused(build_folder() / "libcornu_stub.so", "does not say its version");
    std::filesystem::remove_all(folder);
    CHECK((Tensor::full({2}, 1) + Tensor::full({2}, 2)).to_vector<float>() == std::vector<float>{3, 3});
}
