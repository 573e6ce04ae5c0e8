// The catalogue × the engines that are found: every op's samples against the native engine, in the
// dtypes that both take. What an engine lacks stands in its unsupported.txt, checked both ways.
#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include "cornu/backend/backend.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/elementwise.h"
#include "cornu/testing/check_op.h"
#include "cornu/testing/near.h"
#include "tests/integration/engines_for_tests.h"

using namespace cornu;

namespace {

// Lines "op dtype", or "* dtype" for one that no op takes; "#" begins a comment.
std::set<std::string> read_unsupported(const std::string& engine) {
    std::ifstream file(str(CORNU_SOURCE_DIR, "/cornu/backends/", engine, "/unsupported.txt"));
    REQUIRE_MESSAGE(file.good(), "no unsupported.txt of ", engine);
    std::set<std::string> lines;
    for (std::string line; std::getline(file, line);)
        if (!line.empty() && line[0] != '#') lines.insert(line);
    return lines;
}

// Calls of an op, as one graph: compiling is what takes the time.
struct Calls {
    Recorder recorder;
    Graph graph;
    Tensors inputs, outputs;
    std::vector<DType> dtypes;  // of the calls, by output
};

// Adds the op's samples in one dtype. False when the op's rule refuses it.
bool add_calls(Calls& calls, const Op& op, DType dtype) {
    const size_t before = calls.outputs.size();
    uint64_t seed = 0;
    for (OpSample sample : testing::samples_of(op)) {
        const Specs wide = sample.in;
        for (Spec& spec : sample.in)
            if (spec.dtype == DType::float64) spec.dtype = dtype;
        // Values of the wide sample, so that all dtypes see the same numbers.
        const Tensors values = testing::sample_inputs(op, wide, ++seed);
        Tensors inputs, in;
        bool fits = dtype == DType::float64;
        for (size_t i = 0; i < values.size(); ++i) {
            Tensor x = ops::cast(values[i], sample.in[i].dtype);
            // As apply() hands them on: what is promoted has been tested in that dtype.
            if (op.traits.promote == Promote::to_float) x = ops::cast(x, to_float_dtype(x.dtype()));
            if (op.traits.promote == Promote::to_bool) x = ops::cast(x, DType::bool_);
            fits = fits || (x.dtype() == dtype && wide[i].dtype == DType::float64);
            inputs.push_back(x);
        }
        if (!fits) continue;
        for (const Tensor& x : inputs) {
            calls.inputs.push_back(x);
            in.push_back(calls.recorder.input(x.spec()));
        }
        try {
            for (const Tensor& y : calls.recorder.apply(op, in, sample.attrs))
                calls.outputs.push_back(y);
        } catch (const Error&) {
            return false;
        }
    }
    calls.dtypes.resize(calls.outputs.size(), dtype);
    return calls.outputs.size() > before;
}
void finish(Calls& calls) { calls.graph = calls.recorder.finish(calls.outputs); }

// Compositions are made of the primitives, whose dtypes are all tested.
std::vector<DType> dtypes_of(const Op& op) {
    if (!op.primitive()) return {DType::int32, DType::bfloat16, DType::float32};
    std::vector<DType> all;
    for (int i = 0; i < dtype_count; ++i)
        if (static_cast<DType>(i) != DType::string) all.push_back(static_cast<DType>(i));
    return all;
}

// Whole numbers and random bits are equal; 16-bit floats are close to a few of their steps.
double tolerance(const Op& op, DType dtype, DType result) {
    if (!is_float(result) && !is_complex(result)) return 0;
    if (dtype == DType::bfloat16) return 2e-2;
    if (dtype == DType::float16) return 2e-3;
    // Stored, not computed in: rounded once, or at each of several sums.
    if (dtype == DType::float8_e4m3fn) return op.traits.elementwise ? 0 : 0.0625;
    if (dtype == DType::float8_e5m2) return op.traits.elementwise ? 0 : 0.125;
    return op.traits.elementwise ? 1e-6 : 1e-5;
}

// Whether the engine says that it takes the calls, or whether it does compile them.
bool takes(const Calls& calls, Backend& backend, bool compiled) {
    try {
        const Graph graph = prepare(calls.graph, backend);
        if (compiled || graph.nodes.empty()) backend.compile(graph);
        return true;
    } catch (const BackendError&) {
    } catch (const DTypeError&) {
    } catch (const UnsupportedError&) {
    }
    return false;
}

struct Sweep {
    std::set<std::string> unsupported;
    std::set<DType> taken;  // by some op
    int checks = 0;

    void run(const Op& op, Backend& backend, Backend& native) {
        Calls all;
        for (const DType dtype : dtypes_of(op)) {
            Calls one;
            if (!add_calls(one, op, dtype)) continue;
            finish(one);
            if (!takes(one, native, true)) continue;
            // What is made of others must run, if need be with some of those on the host.
            if (!op.primitive() || takes(one, backend, false)) {
                add_calls(all, op, dtype);
                taken.insert(dtype);
            } else {
                unsupported.insert(str(op.name, " ", dtype));
            }
        }
        if (all.outputs.empty()) return;
        finish(all);
        const Tensors expected = (*compile(all.graph, native))(all.inputs),
                      made = (*compile(all.graph, backend))(all.inputs);
        for (size_t i = 0; i < made.size(); ++i) {
            ++checks;
            const Tensor own = made[i].to_host();
            const bool vectors = std::string_view(op.name) == "eigh" && i % 2 == 1;  // after values
            const std::string problem = testing::difference(
                own, vectors ? testing::with_signs_of(own, expected[i], true) : expected[i],
                tolerance(op, all.dtypes[i], expected[i].dtype()));
            CHECK_MESSAGE(problem.empty(), std::string(op.name), " ", str(all.dtypes[i]),
                          ", result ", i, ": ", problem);
        }
    }
};

void check_engine(const std::string& engine) {
    const auto backend = engine_or_skip(engine);
    if (!backend) return;
    const auto native = find_backend("native");
    Sweep sweep;
    for (const Op* op : all_ops()) {
        try {
            sweep.run(*op, *backend, *native);
        } catch (const std::exception& error) {
            CHECK_MESSAGE(false, std::string(op->name), ": ", std::string(error.what()));
        }
    }
    CHECK(sweep.checks > 1000);
    std::set<std::string> found;
    for (const std::string& line : sweep.unsupported) {
        const DType dtype = parse_dtype(line.substr(line.find(' ') + 1));
        found.insert(sweep.taken.count(dtype) ? line : str("* ", dtype));
    }
    const std::set<std::string> listed = read_unsupported(engine);
    for (const std::string& line : found)
        CHECK_MESSAGE(listed.count(line), "not supported, but not listed: ", line);
    for (const std::string& line : listed)
        CHECK_MESSAGE(found.count(line), "listed as unsupported, but works or is gone: ", line);
}

}  // namespace

TEST_CASE("xla computes what native computes, op by op and dtype by dtype") { check_engine("xla"); }
TEST_CASE("torch computes what native computes, op by op and dtype by dtype") { check_engine("torch"); }
