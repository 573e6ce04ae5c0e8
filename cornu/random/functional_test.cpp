// Draws against what jax.random gave for the same keys (docs/golden.md, family `random`).
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "cornu/backend/jit.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/random_bits.h"
#include "cornu/random/host_draws.h"
#include "cornu/random/random.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"
#include "cornu/saving/npy.h"
#include "cornu/saving/zip.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

struct Archive {
    saving::ZipReader zip{saving::ByteSource::open(golden_path("random.zip"))};

    std::vector<Json> cases(const std::string& kind) const {
        const auto source = zip.open("cases.json");
        const Json all = Json::parse({reinterpret_cast<const char*>(source.bytes().data()), source.bytes().size()});
        std::vector<Json> out;
        for (const Json& row : all["cases"].as_array())
            if (row["kind"].as_string() == kind) out.push_back(row);
        return out;
    }
    Tensor array(const Json& json) const {
        const saving::NpyArray npy = saving::read_npy(zip.open(json["npy"].as_string()));
        return Tensor::wrap(npy.bytes.data(), npy.shape, parse_dtype(json["dtype"].as_string()), npy.owner);
    }
};

Tensor key_of(const Json& json) {
    return Tensor::from(std::vector<uint32_t>{static_cast<uint32_t>(json[0].as_int()), static_cast<uint32_t>(json[1].as_int())});
}
Shape shape_of(const Json& json) {
    Shape out;
    for (const Json& dim : json.as_array()) out.push_back(dim.as_int());
    return out;
}
void check(const Tensor& got, const Tensor& expected, double t) {
    const std::string problem = testing::difference(got, expected, t);
    CHECK_MESSAGE(problem.empty(), problem);
}

}  // namespace

TEST_CASE("bits, keys, bernoulli and permutations are JAX's, bit for bit") {
    const Archive archive;
    int rows = 0;
    for (const Json& row : archive.cases("bits")) {
        INFO(row["name"].as_string());
        const Tensor key = key_of(row["key"]);
        for (const auto& [dtype, outputs] : row["outputs"].as_object())
            for (size_t i = 0; i < outputs.as_array().size(); ++i)
                check(prim::threefry_bits(key, shape_of(row["shapes"][i]), parse_dtype(dtype)), archive.array(outputs[i]), 0);
        for (const auto& [count, keys] : row["split"].as_object()) {
            const Tensor expected = archive.array(keys);
            const Tensors found = random::split(key, std::stoll(count));
            for (size_t i = 0; i < found.size(); ++i) {
                const Tensor own = found[i].to_host();
                CHECK(own.data<uint32_t>()[0] == expected.data<uint32_t>()[2 * i]);
                CHECK(own.data<uint32_t>()[1] == expected.data<uint32_t>()[2 * i + 1]);
            }
        }
        for (const auto& [data, folded] : row["fold_in"].as_object())
            check(random::fold_in(key, static_cast<uint32_t>(std::stoul(data))), archive.array(folded), 0);
        for (const auto& [p, drawn] : row["bernoulli"].as_object()) {
            const Tensor expected = archive.array(drawn);
            check(random::bernoulli(key, Tensor(std::stod(p)), expected.shape()), expected, 0);
        }
        for (const auto& [n, order] : row["permutation"].as_object())
            check(random::permutation(key, prim::iota({std::stoll(n)}, 0, DType::int32)), archive.array(order), 0);
        ++rows;
    }
    CHECK(rows >= 6);
}

TEST_CASE("float64 draws are JAX's") {
    const Archive archive;
    for (const Json& row : archive.cases("float64")) {
        const Tensor key = key_of(row["key"]);
        const Shape shape = shape_of(row["shape"]);
        const Tensor uniform = archive.array(row["uniform"]);
        check(random::uniform(key, shape, DType::float64), uniform, 0);
        check(random::normal(key, shape, DType::float64), archive.array(row["normal"]), 1e-12);
        const Tensor low = Tensor(-(int64_t{1} << 40)), high = Tensor(int64_t{1} << 50);
        check(random::randint(key, shape, low, high, DType::int64), archive.array(row["randint"]), 0);
    }
    for (const Json& row : archive.cases("rejection64")) {
        const Tensor key = key_of(row["key"]);
        const Shape shape = shape_of(row["shape"]);
        const auto wide = [](double value) { return Tensor::full({}, value, DType::float64); };
        check(random::gamma(key, wide(0.7), shape, DType::float64), archive.array(row["gamma"]), 1e-12);
        check(random::beta(key, wide(2.0), wide(0.3), shape, DType::float64), archive.array(row["beta"]), 1e-12);
        check(random::binomial(key, wide(40), wide(0.4), shape, DType::float64), archive.array(row["binomial"]), 0);
    }
}

TEST_CASE("keras.random's functions of a seed") {
    const Archive archive;
    std::map<std::string, int> compared;
    for (const Json& row : archive.cases("function")) {
        INFO(row["name"].as_string());
        const std::string function = row["function"].as_string();
        const Json& a = row["arguments"];
        const Tensor expected = archive.array(row["output"]);
        const auto number = [&](const char* name, double fallback) { return a.find(name) ? a[name].as_double() : fallback; };
        const auto parameter = [&](const char* name) { return a[name].is_object() ? archive.array(a[name]) : Tensor(a[name].as_double()); };
        const DType dtype = expected.dtype();
        const Shape shape = expected.shape();
        const random::Seed seed = row["seed"].as_int();
        // A bound is rounded on the way into a 16-bit draw; the bits are the same.
        const double close = bits(dtype) == 16 ? 1e-2 : 1e-5;
        if (function == "uniform") {
            check(random::uniform(shape, number("minval", 0), number("maxval", 1), dtype, seed), expected, bits(dtype) == 16 ? close : 0);
        } else if (function == "normal") {
            check(random::normal(shape, number("mean", 0), number("stddev", 1), dtype, seed), expected, close);
        } else if (function == "truncated_normal") {
            check(random::truncated_normal(shape, number("mean", 0), number("stddev", 1), dtype, seed), expected, close);
        } else if (function == "randint") {
            check(random::randint(shape, a["minval"].as_int(), a["maxval"].as_int(), dtype, seed), expected, 0);
        } else if (function == "shuffle") {
            check(random::shuffle(archive.array(a["x"]), a.find("axis") ? a["axis"].as_int() : 0, seed), expected, 0);
        } else if (function == "categorical") {
            check(random::categorical(archive.array(a["logits"]), a["num_samples"].as_int(), dtype, seed), expected, 0);
        } else if (function == "dropout") {
            random::NoiseShape noise_shape;
            if (const Json* given = a.find("noise_shape")) Codec<random::NoiseShape>::decode(*given, noise_shape);
            check(random::dropout(archive.array(a["inputs"]), a["rate"].as_double(), noise_shape, seed), expected, 1e-6);
        } else if (function == "gamma") {
            check(random::gamma(shape, parameter("alpha"), dtype, seed), expected, close);
        } else if (function == "beta") {
            check(random::beta(shape, parameter("alpha"), parameter("beta"), dtype, seed), expected, close);
        } else if (function == "binomial") {
            check(random::binomial(shape, parameter("counts"), parameter("probabilities"), dtype, seed), expected, 0);
        } else {
            FAIL("no such function: ", function);
        }
        ++compared[function];
    }
    CHECK(compared.size() == 10);
    for (const auto& [function, count] : compared) CHECK_MESSAGE(count >= 9, function);
}

TEST_CASE("normal draws in float32 are JAX's bit for bit where the machine fuses products and sums") {
    if (find_backend("native")->info().detail.find("avx") == std::string::npos) return;
    const random::host::Key key = {0, 77};
    INFO("10007 draws");
    const Tensor drawn = random::normal(random::key(77), {10007});
    check(drawn, random::host::normal(key, {10007}, DType::float32), 0);   // held against JAX's in initializers_test.cpp
}

TEST_CASE("draws without a seed follow set_random_seed") {
    const Archive archive;
    for (const Json& row : archive.cases("set_random_seed")) {
        INFO(row["name"].as_string());
        Context context;
        const Context::Use use(context);
        const int64_t seed = row["seed"].as_int();
        random::set_random_seed(seed);
        const Json& drawn = row["uniform_normal_uniform"];
        check(random::uniform({3}), archive.array(drawn[0]), 0);
        check(random::normal({3}), archive.array(drawn[1]), 1e-5);
        check(random::uniform({3}), archive.array(drawn[2]), 0);
        random::set_random_seed(seed);
        for (const Json& expected : row["numpy_permutation"].as_array()) {
            const std::vector<int64_t> order = random::numpy_random().permutation(archive.array(expected).size());
            CHECK(Tensor::from(order).to_vector<int64_t>() == archive.array(expected).to_vector<int64_t>());
        }
        random::set_random_seed(seed);
        check(random::SeedGenerator(std::nullopt).state().value(), archive.array(row["default_generator_state"]), 0);
    }
    for (const Json& row : archive.cases("seed_generator")) {
        const random::SeedGenerator generator(row["seed"].as_int());
        for (const Json& expected : row["ordered"].as_array()) check(generator.next(), archive.array(expected), 0);
        for (const Json& expected : row["unordered"].as_array()) check(generator.next(false), archive.array(expected), 0);
        check(generator.state().value(), archive.array(row["state"]), 0);
    }
    for (const Json& row : archive.cases("draws_by_generator")) {
        const random::SeedGenerator generator(row["seed"].as_int());
        for (const Json& expected : row["uniform"].as_array()) check(random::uniform({2, 2}, 0, 1, {}, generator), archive.array(expected), 0);
        check(generator.state().value(), archive.array(row["state"]), 0);
    }
}

TEST_CASE("rejection samplers are the same inside a trace") {
    const Tensor key = random::seed_key(5);
    const std::function<Tensor(const Tensor&)> draws[] = {
        [](const Tensor& k) { return random::gamma(k, Tensor(0.4), {9}); },
        [](const Tensor& k) { return random::beta(k, Tensor(2.0), Tensor(0.5), {9}); },
        [](const Tensor& k) { return random::binomial(k, Tensor(30.0), Tensor(0.6), {9}); }};
    for (const auto& draw : draws) check(jit([&](const Tensor& k) { return draw(k); })(key), draw(key), 1e-6);
}

TEST_CASE("draws that cannot be made") {
    const Tensor x = ops::zeros({2, 3});
    CHECK_THROWS_WITH_AS(random::dropout(x, 1.5), doctest::Contains("rate must be in [0, 1]. Received: rate=1.5"), ValueError);
    CHECK_THROWS_AS(random::dropout(x, std::nan("")), ValueError);
    CHECK_THROWS_WITH_AS(random::dropout(x, 0.5, {{1, 1, 1}}), doctest::Contains("one dimension per axis"), ShapeError);
    CHECK_THROWS_AS(random::gamma({2}, Tensor(1.0), DType::int32), DTypeError);
    CHECK_THROWS_AS(random::beta({2}, Tensor(1.0), Tensor(1.0), DType::int32), DTypeError);
    CHECK_THROWS_AS(random::binomial({2}, Tensor(1.0), Tensor(0.5), DType::bool_), DTypeError);
    CHECK_THROWS_AS(random::gamma({3}, Tensor::from(std::vector<float>{1, 2}), {}, 1), Error);
    CHECK_THROWS_AS(random::categorical(Tensor::from(std::vector<float>{1, 2}), 3), ShapeError);
    CHECK_THROWS_AS(random::uniform({2}, 0, 1, DType::int32), DTypeError);
}
