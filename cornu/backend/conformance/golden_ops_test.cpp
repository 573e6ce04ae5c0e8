// Ops against what Keras on JAX computed (docs/golden.md): values, and gradients at kinks and ties.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "cornu/autodiff/tape.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/testing/near.h"
#include "cornu/testing/recorded_op.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

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

Recorded read_call(const Op& op, const Json& row, const testing::Golden& golden) {
    Recorded call;
    Json config = row["kwargs"];
    std::set<std::string> given;
    size_t at = 0;
    for (const Json& arg : row["args"].as_array()) {
        const auto& names = row["arg_names"].as_array();
        const std::string name = names[std::min(at++, names.size() - 1)].as_string();
        given.insert(name);
        if (is_array(arg)) call.inputs.push_back(golden.tensor(arg));
        else if (arg.is_array() && !arg.as_array().empty() && is_array(arg[0]))
            for (const Json& item : arg.as_array()) call.inputs.push_back(golden.tensor(item));
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
    const auto arguments = op_arguments(op);
    for (const OpArgument& argument : arguments)
        if (argument.optional) config.set("has_" + argument.name, given.count(argument.name) == 1);
    for (const OpArgument& argument : arguments) {
        if (!argument.any_name) continue;
        Json named = Json::object(), others = Json::object();
        for (const auto& [key, value] : config.as_object()) {
            const bool own = std::any_of(arguments.begin(), arguments.end(), [&, &key = key](const OpArgument& a) { return a.name == key; });
            (own ? named : others).set(key, value);
        }
        named.set(argument.name, others);
        config = named;
    }
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

}  // namespace

TEST_CASE("ops compute what Keras on JAX computes") {
    const testing::Golden golden(golden_path("ops.zip"));
    std::map<std::string, int> compared;
    for (const Json& row : golden.cases()) {
        if (row["kind"].as_string() != "values") continue;
        const Op* op = recorded_op(row);
        if (!op || !op->keras) continue;
        const std::string name = row["name"].as_string();
        INFO(name);
        try {
            const Recorded call = read_call(*op, row, golden);
            const Tensors out = apply(*op, call.inputs, call.attrs);
            const std::vector<std::string> problems = testing::check_recorded_outputs(*op, out, golden, row);
            CHECK(problems.empty());
            for (const std::string& problem : problems) CHECK_MESSAGE(false, problem);
            ++compared[op->name];
            if (!row.contains("gradients")) continue;
            Tensors wide;
            for (const Tensor& x : call.inputs) wide.push_back(is_float(x.dtype()) ? ops::cast(x, DType::float64).with_new_identity() : x);
            GradientTape tape;
            const Tensor y = apply1(*op, wide, call.attrs);
            const auto& gradients = row["gradients"].as_array();
            const Tensors found = tape.gradient(y, wide, golden.tensor(row["cotangent"]));
            for (size_t i = 0; i < gradients.size(); ++i) {
                const std::string problem = testing::difference(found[i].defined() ? found[i] : ops::zeros_like(wide[i]), golden.tensor(gradients[i]), 1e-7);
                CHECK_MESSAGE(problem.empty(), "gradient ", i, ": ", problem);
            }
        } catch (const std::exception& error) {
            CHECK_MESSAGE(false, std::string(error.what()));
        }
    }
    CHECK(compared.size() > 100);
}
