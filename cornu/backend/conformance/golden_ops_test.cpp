// Ops against what Keras on JAX computed (docs/golden.md): values, and gradients at kinks and ties.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "cornu/autodiff/tape.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/saving/npy.h"
#include "cornu/saving/zip.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

struct Archive {
    saving::ZipReader zip{saving::ByteSource::open(golden_path("ops.zip"))};

    Json cases() const {
        const auto source = zip.open("cases.json");
        const auto bytes = source.bytes();
        return Json::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()})["cases"];
    }
    Tensor array(const Json& json) const {
        const saving::NpyArray npy = saving::read_npy(zip.open(json["npy"].as_string()));
        return Tensor::wrap(npy.bytes.data(), npy.shape, parse_dtype(json["dtype"].as_string()), npy.owner);
    }
};

bool is_array(const Json& json) { return json.find("npy") != nullptr; }

// The op of a recorded function, which may be a second name of it.
const Op* recorded_op(const Json& row) {
    static const std::map<std::string, const char*> others{
        {"absolute", "abs"}, {"amax", "max"}, {"amin", "min"}, {"bitwise_invert", "bitwise_not"}, {"bitwise_left_shift", "left_shift"},
        {"bitwise_right_shift", "right_shift"}, {"conj", "conjugate"}, {"hard_swish", "hard_silu"}, {"swish", "silu"}, {"true_divide", "divide"}};
    const std::string full = row["op"].as_string(), name = full.substr(full.rfind('.') + 1);   // without its room
    if (name == "where" && row["args"].as_array().size() == 1) return find_op("nonzero");
    const auto other = others.find(name);
    return find_op(other == others.end() ? name : other->second);
}

// A recorded call as one of ours: arrays are inputs, all else is attributes.
struct Recorded {
    Tensors inputs;
    Attrs attrs;
};

Recorded read_call(const Op& op, const Json& row, const Archive& archive) {
    Recorded call;
    Json config = row["kwargs"];
    std::set<std::string> given;
    size_t at = 0;
    for (const Json& arg : row["args"].as_array()) {
        const auto& names = row["arg_names"].as_array();
        const std::string name = names[std::min(at++, names.size() - 1)].as_string();
        given.insert(name);
        if (is_array(arg)) call.inputs.push_back(archive.array(arg));
        else if (arg.is_array() && !arg.as_array().empty() && is_array(arg[0]))
            for (const Json& item : arg.as_array()) call.inputs.push_back(archive.array(item));
        else config.set(name, arg);
    }
    const auto take = [&](const char* key) {
        const Json value = config.get(key);
        Json rest = Json::object();
        for (const auto& [name, item] : config.as_object())
            if (name != key) rest.set(name, item);
        config = rest;
        return value;
    };
    for (const OpArgument& argument : op_arguments(op))
        if (argument.optional && config.find(argument.name) && config[argument.name].is_null()) take(argument.name.c_str());
    if (std::string_view(op.name) == "full_like") call.inputs.push_back(Tensor(take("fill_value").as_double()));
    // Keras passes positions as an argument of the call.
    if (const Json* start = config.find("start_indices")) {
        std::vector<int32_t> values;
        for (const Json& v : start->as_array()) values.push_back(static_cast<int32_t>(v.as_int()));
        call.inputs.insert(call.inputs.begin() + 1, Tensor::from(values));
        Json rest = Json::object();
        for (const auto& [key, value] : config.as_object())
            if (key != "start_indices") rest.set(key, value);
        config = rest;
    }
    for (const OpArgument& argument : op_arguments(op))
        if (argument.optional) config.set("has_" + argument.name, given.count(argument.name) == 1);
    if (std::string_view(op.name) == "get_item") {
        Json key = Json::array();
        for (const Json& item : config["key"].as_array()) {
            if (const Json* parts = item.find("slice")) {
                Json slice = Json::object({{"class_name", "__slice__"}});
                slice.set("config", Json::object({{"start", (*parts)[0]}, {"stop", (*parts)[1]}, {"step", parts->as_array().size() > 2 ? (*parts)[2] : Json()}}));
                key.push_back(slice);
            } else if (item.is_string()) {
                key.push_back(Json::object({{"class_name", "__ellipsis__"}}));
            } else key.push_back(item);
        }
        config.set("key", key);
    }
    if (op.read_attrs) call.attrs = op.read_attrs(config);
    else if (!config.as_object().empty()) throw UnsupportedError("arguments that the record does not read");
    return call;
}

Tensor comparable(const Op& op, size_t i, const Tensor& ours, const Tensor& recorded) {
    const std::string_view name = op.name;
    if (!(ours.shape() == recorded.shape())) return recorded;
    if (name == "eigh" && i == 1) return testing::with_signs_of(ours, recorded, true);
    if (name == "svd" && i != 1 && recorded.rank() > 1) return testing::with_signs_of(ours, recorded, i == 0);
    return recorded;
}

double tolerance(const Op& op, const Tensor& recorded, const Json& row, size_t i, const Archive& archive) {
    switch (recorded.dtype()) {
        case DType::float16: return 4e-3;
        case DType::bfloat16: return 3e-2;
        default: break;
    }
    double t = op.traits.elementwise ? 1e-6 : 1e-5;
    // Where Keras itself misses float64 by more, twice its error.
    const Json& references = row.get("reference");
    if (is_float(recorded.dtype()) && references.is_array() && i < references.as_array().size() && is_array(references[i]))
        t = std::max(t, 2 * testing::distance(ops::cast(recorded, DType::float64), archive.array(references[i])));
    return t;
}

}  // namespace

TEST_CASE("ops compute what Keras on JAX computes") {
    const Archive archive;
    std::map<std::string, int> compared;
    const Json cases = archive.cases();
    for (const Json& row : cases.as_array()) {
        if (row["kind"].as_string() != "values") continue;
        const Op* op = recorded_op(row);
        if (!op || !op->keras) continue;
        const std::string name = row["name"].as_string();
        INFO(name);
        try {
            const Recorded call = read_call(*op, row, archive);
            const Tensors out = apply(*op, call.inputs, call.attrs);
            const auto& recorded = row["outputs"].as_array();
            REQUIRE(out.size() == recorded.size());
            for (size_t i = 0; i < out.size(); ++i) {
                const Tensor expected = comparable(*op, i, out[i], archive.array(recorded[i]));
                // JAX without x64 narrows what is 64 bits wide here.
                const bool narrowed = bits(out[i].dtype()) == 64 && bits(expected.dtype()) == 32;
                const std::string problem = (narrowed ? testing::difference_of_values : testing::difference)(out[i], expected, tolerance(*op, expected, row, i, archive));
                CHECK_MESSAGE(problem.empty(), problem);
            }
            ++compared[op->name];
            if (!row.contains("gradients")) continue;
            Tensors wide;
            for (const Tensor& x : call.inputs) wide.push_back(is_float(x.dtype()) ? ops::cast(x, DType::float64).with_new_identity() : x);
            GradientTape tape;
            const Tensor y = apply1(*op, wide, call.attrs);
            const auto& gradients = row["gradients"].as_array();
            const Tensors found = tape.gradient(y, wide, archive.array(row["cotangent"]));
            for (size_t i = 0; i < gradients.size(); ++i) {
                const std::string problem = testing::difference(found[i].defined() ? found[i] : ops::zeros_like(wide[i]), archive.array(gradients[i]), 1e-7);
                CHECK_MESSAGE(problem.empty(), "gradient ", i, ": ", problem);
            }
        } catch (const std::exception& error) {
            CHECK_MESSAGE(false, std::string(error.what()));
        }
    }
    CHECK(compared.size() > 100);
}
