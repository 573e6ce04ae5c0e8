#include "cornu/backend/profile.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "cornu/backend/jit.h"
#include "cornu/base/error.h"
#include "cornu/base/json.h"
#include "cornu/base/scope.h"
#include "cornu/ops/ops.h"
#include "cornu/testing/temporary_folder.h"

using namespace cornu;

namespace {

std::vector<std::string> names(const Profile& profile) {
    std::vector<std::string> out;
    for (const Profile::Call& call : profile.calls()) out.push_back(call.label->op + (call.label->layer.empty() ? "" : " in " + call.label->layer));
    return out;
}
bool has(const std::vector<std::string>& all, const std::string& one) { return std::find(all.begin(), all.end(), one) != all.end(); }

auto two_layers() {
    return jit([](const Tensor& x, const Tensor& w) {
        const Scope model("model", "m");
        const Tensor y = [&] {
            const Scope layer("layers.Dense", "first");
            return ops::matmul(x, w);
        }();
        const Scope layer("layers.Dense", "second");
        return ops::matmul(y, w);
    });
}

}  // namespace

TEST_CASE("a profile names each kernel and its layer, and time within other calls counts once") {
    const auto f = two_layers();
    const Tensor x = ops::ones({8, 8}), w = ops::ones({8, 8});
    Profile first;
    f(x, w);
    first.stop();
    f(x, w);   // nobody records any more
    const std::vector<std::string> seen = names(first);
    CHECK(has(seen, "trace and compile"));
    CHECK(has(seen, "dot_general in m/first"));
    CHECK(has(seen, "dot_general in m/second"));
    CHECK(has(seen, "program"));
    CHECK(std::count(seen.begin(), seen.end(), "program") == 1);
    int64_t own = 0;
    for (const Profile::Call& call : first.calls()) {
        CHECK(call.start >= 0);
        CHECK(call.inner <= call.duration);
        CHECK(call.start + call.duration <= first.duration());
        own += call.duration - call.inner;
    }
    CHECK(own <= first.duration());
    CHECK(first.by_layer().find("m/second") != std::string::npos);
    CHECK(first.by_op(1).find(" more") != std::string::npos);
}

TEST_CASE("profiles: the innermost records, on its own thread, as many calls as it keeps") {
    const auto f = two_layers();
    const Tensor x = ops::ones({2, 2});
    f(x, x);
    Profile outer;
    f(x, x);
    const size_t before = outer.calls().size();
    CHECK(before > 0);
    {
        Profile inner(1);
        f(x, x);
        CHECK(inner.calls().size() == 1);
        CHECK(inner.left_out() > 0);
        CHECK(inner.by_op().find("were not kept") != std::string::npos);
    }
    CHECK(outer.calls().size() == before);
    std::thread([&] { f(x, x); }).join();
    CHECK(outer.calls().size() == before);
    f(x, x);
    CHECK(outer.calls().size() == 2 * before);
    outer.stop();
    CHECK(Profile::active() == nullptr);

    auto a = std::make_unique<Profile>(), b = std::make_unique<Profile>();
    a.reset();                           // the outer one first
    CHECK(Profile::active() == b.get());
    b.reset();
    CHECK(Profile::active() == nullptr);
}

TEST_CASE("a profile as a file of trace events") {
    const testing::TemporaryFolder folder;
    const auto f = two_layers();
    Profile profile;
    f(ops::ones({2, 2}), ops::ones({2, 2}));
    const std::string path = (folder.path / "trace.json").string();
    profile.write_trace(path);
    std::ifstream file(path);
    const Json json = Json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
    CHECK(json["traceEvents"].as_array().size() == profile.calls().size());
    CHECK_THROWS_AS(profile.write_trace((folder.path / "missing" / "trace.json").string()), FileError);
}
