// What the core must be able to do from the first day, because retrofitting it costs most.
#include "cornu/backend/backend.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <thread>

#include "cornu/backend/jit.h"
#include "cornu/backend/walk.h"
#include "cornu/base/scope.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/context.h"

using namespace cornu;

TEST_CASE("a tensor stands on memory-mapped memory without a copy, and keeps the mapping alive") {
    char path[] = "/tmp/cornu_map_XXXXXX";
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    const float values[] = {1, 2, 3, 4};
    REQUIRE(write(file, values, sizeof values) == sizeof values);
    void* map = mmap(nullptr, sizeof values, PROT_READ, MAP_PRIVATE, file, 0);
    REQUIRE(map != MAP_FAILED);
    close(file);
    unlink(path);
    bool unmapped = false;
    Tensor x = Tensor::wrap(map, {2, 2}, DType::float32, std::shared_ptr<const void>(map, [&](const void* p) {
                                munmap(const_cast<void*>(p), sizeof values);
                                unmapped = true;
                            }));
    CHECK(x.raw() == map);
    CHECK(ops::sum(x).item<float>() == 10);
    // A variable may start on it; the first update moves it to memory of its own.
    Variable v(x);
    x = Tensor();
    const auto step = jit([&](const Tensor& d) {
        v.assign(Tensor(v) + d);
        return ops::sum(v);
    });
    CHECK(step(Tensor::full({2, 2}, 1)).item<float>() == 14);
    CHECK(unmapped);
}

TEST_CASE("two variables share one value: an update of either is seen by both, compiled or not") {
    Variable a(Tensor::full({3}, 1)), b(Tensor::full({3}, 5));
    b.share_value_with(a);
    b.assign(Tensor::full({3}, 2));
    CHECK(a.value().to_vector<float>() == std::vector<float>{2, 2, 2});
    const auto step = jit([&](const Tensor& d) {
        a.assign(Tensor(a) + d);
        b.assign(Tensor(b) * d);
        return ops::sum(a);
    });
    CHECK(step(Tensor::full({3}, 3)).item<float>() == 45);
    CHECK(b.stored().raw() == a.stored().raw());
}

TEST_CASE("strings, packed int4 and complex numbers are tensors like others") {
    const Tensor words = Tensor::strings({"horn", "cornu"}, {2});
    CHECK(words.data<std::string>()[1] == "cornu");
    CHECK_THROWS_WITH_AS(ops::add(words, words), doctest::Contains("takes numbers"), DTypeError);

    const Tensor values = Tensor::from(std::vector<float>{-8, 7, 3, -1, 0}, {5});
    const Tensor packed = ops::cast(values, DType::int4);
    CHECK(packed.buffer()->bytes() == 3);
    CHECK(packed.to_vector<int>() == std::vector<int>{-8, 7, 3, -1, 0});
    CHECK(ops::cast(packed, DType::float32).to_vector<float>() == values.to_vector<float>());

    const Tensor z = Tensor::from(std::vector<std::complex<float>>{{1, 2}, {0, -1}}, {2, 1});
    const Tensor w = Tensor::from(std::vector<std::complex<float>>{{3, 0}, {1, 1}}, {1, 2});
    const auto product = ops::matmul(w, z).to_vector<std::complex<float>>();
    CHECK(product[0] == std::complex<float>(4, 5));
}

TEST_CASE("two contexts with different settings work in two threads at once") {
    Context first, second;
    const auto work = [](Context& context, DType floatx, int rounds) {
        const Context::Use use(context);
        Context::current().set_floatx(floatx);
        config::set_backend("native");
        for (int i = 0; i < rounds; ++i) {
            const Tensor y = ops::tanh(Tensor::from(std::vector<int32_t>{1, 2, 3}));
            if (y.dtype() != floatx) return false;
            if (Context::current().unique_name("dense") != (i ? str("dense_", i) : std::string("dense"))) return false;
        }
        return true;
    };
    bool ok[2];
    std::thread other([&] { ok[0] = work(first, DType::float64, 200); });
    ok[1] = work(second, DType::float32, 200);
    other.join();
    CHECK(ok[0]);
    CHECK(ok[1]);
}

TEST_CASE("an unknown engine is refused with what is known") {
    CHECK_THROWS_WITH_AS(find_backend("nonesuch"), doctest::Contains("native, xla"), BackendError);
    CHECK_THROWS_WITH_AS(find_backend("../evil"), doctest::Contains("small letters"), BackendError);
}

namespace {

// An engine with memory of its own that knows two ops.
class SmallEngine final : public Backend {
public:
    struct Memory final : Buffer {
        std::vector<std::byte> content;
        Memory(const Tensor& host, Backend* backend) : Buffer(nullptr, host.buffer()->bytes(), false, backend), content(host.buffer()->bytes()) {
            std::memcpy(content.data(), host.raw(), content.size());
        }
        void copy_to_host(void* out) const override { std::memcpy(out, content.data(), content.size()); }
    };

    BackendInfo info() const override { return {"small", "1", {"device"}, ""}; }
    bool supports(const Op& op, std::span<const Spec>, const Attrs&) const override {
        return std::string_view(op.name) == "add" || std::string_view(op.name) == "multiply";
    }
    Tensors run(const Op& op, const Tensors& in, const Attrs& attrs) override {
        ++calls;
        Tensors host;
        for (const Tensor& x : in) host.push_back(x.to_host());
        Tensors out = find_backend("native")->run(op, host, attrs);
        for (Tensor& y : out) y = upload(y, "");
        return out;
    }
    std::shared_ptr<Executable> compile(const Graph& graph) override {
        return walk_graph(graph, [this](const Op& op, const Tensors& in, const Attrs& attrs) { return run(op, in, attrs); });
    }
    Tensor upload(const Tensor& tensor, const std::string&) override {
        const Tensor host = tensor.to_host();
        return Tensor::on(std::make_shared<Memory>(host, this), host.spec());
    }
    int calls = 0;
};

}  // namespace

TEST_CASE("what an engine lacks runs on the host, between its own calls") {
    SmallEngine engine;
    Recorder recorder;
    const Spec spec{{2, 2}, DType::float32};
    const Tensor x = recorder.input(spec), y = recorder.input(spec);
    Graph graph;
    {
        const UseMode use(&recorder);
        const Tensor sum = x + y;
        graph = recorder.finish({ops::matmul(sum * 2.0, y) + x, ops::tanh(sum)});
    }
    const auto mixed = compile(graph, engine), native = compile(graph, *find_backend("native"));
    const Tensor a = Tensor::from(std::vector<float>{1, 2, 3, 4}, {2, 2}), b = Tensor::from(std::vector<float>{0.5f, -1, 2, 0}, {2, 2});
    const Tensors found = (*mixed)({engine.upload(a, ""), b}), expected = (*native)({a, b});
    CHECK(engine.calls == 3);
    for (size_t i = 0; i < 2; ++i) CHECK(found[i].to_host().to_vector<float>() == expected[i].to_vector<float>());
    CHECK_FALSE(found[0].buffer()->on_host());

    // What no engine has is refused with the place.
    Recorder packed;
    const Tensor nibbles = packed.input({{2}, DType::int4});
    {
        const UseMode use(&packed);
        const Scope scope("layers.Absolute", "absolute");
        graph = packed.finish({ops::abs(nibbles)});
    }
    CHECK_THROWS_WITH_AS(compile(graph, engine), doctest::Contains("[absolute] the backend small has no ops.abs for int4(2,)"), BackendError);
}

TEST_CASE("what another engine left on its device is fetched by the native one") {
    SmallEngine engine;
    Variable w(engine.upload(Tensor::from(std::vector<float>{1, 2}), ""), {.name = "w"});
    const auto step = jit([&](const Tensor& x) {
        w.assign(w.value() + x);
        return w.value() * 10.0;
    });
    const Tensor one = engine.upload(Tensor::from(std::vector<float>{1, 1}), "");
    CHECK(step(one).to_vector<float>() == std::vector<float>{20, 30});
    CHECK(w.value().buffer()->on_host());
    CHECK(step(one).to_vector<float>() == std::vector<float>{30, 40});
    CHECK((w.value() + one).to_vector<float>() == std::vector<float>{4, 5});
}
