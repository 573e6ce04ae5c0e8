// Draws against what jax.random gave for the same keys (docs/golden.md, family `random`).
#include <doctest/doctest.h>

#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/random_bits.h"
#include "cornu/random/functional.h"
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
                CHECK(found[i].data<uint32_t>()[0] == expected.data<uint32_t>()[2 * i]);
                CHECK(found[i].data<uint32_t>()[1] == expected.data<uint32_t>()[2 * i + 1]);
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
    }
}

TEST_CASE("keras.random's functions of a seed") {
    const Archive archive;
    int compared = 0;
    for (const Json& row : archive.cases("function")) {
        INFO(row["name"].as_string());
        const std::string function = row["function"].as_string();
        const Json& a = row["arguments"];
        const Tensor key = Tensor::from(std::vector<uint32_t>{static_cast<uint32_t>(row["seed"].as_int()), 0});
        const Tensor expected = archive.array(row["output"]);
        const auto number = [&](const char* name, double fallback) { return a.find(name) ? a[name].as_double() : fallback; };
        const DType dtype = expected.dtype();
        // A bound is rounded on the way into a 16-bit draw; the bits are the same.
        const double close = bits(dtype) == 16 ? 1e-2 : 1e-5;
        if (function == "uniform") {
            check(random::uniform(key, expected.shape(), dtype, number("minval", 0), number("maxval", 1)), expected, bits(dtype) == 16 ? close : 0);
        } else if (function == "normal") {
            check(random::normal(key, expected.shape(), dtype) * Tensor(number("stddev", 1)) + Tensor(number("mean", 0)), expected, close);
        } else if (function == "truncated_normal") {
            check(random::truncated_normal(key, -2, 2, expected.shape(), dtype) * Tensor(number("stddev", 1)) + Tensor(number("mean", 0)), expected, close);
        } else if (function == "randint") {
            check(random::randint(key, expected.shape(), Tensor(a["minval"].as_int()), Tensor(a["maxval"].as_int()), dtype), expected, 0);
        } else if (function == "shuffle") {
            check(random::permutation(key, archive.array(a["x"]), a.find("axis") ? a["axis"].as_int() : 0, true), expected, 0);
        } else if (function == "categorical") {
            check(ops::cast(random::categorical(key, archive.array(a["logits"]), a["num_samples"].as_int()), dtype), expected, 0);
        } else continue;
        ++compared;
    }
    CHECK(compared >= 80);
}
