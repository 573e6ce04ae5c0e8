// Functional models whose nodes are ops, as Keras saved them (docs/golden.md, family op_nodes).
#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include "cornu/models/model.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/symbolic.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/recorded_op.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

// Written in another way than Keras does; that it reads them tools/oracle/check_op_nodes.py proves.
const std::set<std::string> written_otherwise{"amax_1", "amax_2", "amax_5", "amin_1", "amin_2", "amin_5", "pad_2", "subtract/by_keyword", "where_2"};

// The arrays among arguments, in the order of the model's inputs.
void collect(const Json& json, const testing::Golden& golden, Tensors& arrays) {
    if (json.find("npy")) arrays.push_back(golden.tensor(json));
    else if (json.is_array())
        for (const Json& item : json.as_array()) collect(item, golden, arrays);
}

const Op& last_op(const Model& model) {
    const Tensor output = model.output().flatten()[0];
    return dynamic_cast<const OpCall&>(*symbolic_origin(output).node()->operation).op();
}

// Of two classes that Keras has for one op, the one that is written.
Json with_first_classes(const Json& model) {
    Json layers = Json::array(), config = model["config"], out = model;
    for (Json layer : config["layers"].as_array()) {
        if (const Op* op = find_keras_op(layer["module"].as_string() + "." + layer["class_name"].as_string())) {
            const std::string keras = op->keras;
            for (const char* key : {"class_name", "registered_name"}) layer.set(key, keras.substr(keras.rfind('.') + 1));
        }
        layers.push_back(std::move(layer));
    }
    config.set("layers", std::move(layers));
    out.set("config", std::move(config));
    return out;
}

// A constant is written as an array, where Keras keeps lists and its own tensors; x[1] as x[1,].
bool same_constant(const Json& ours, const Json& theirs) {
    if (ours.is_array()) return ours.size() == 1 && ours[0] == theirs;
    if (!(ours.get("class_name") == Json("__numpy__"))) return false;
    return theirs.is_array() ? ours["config"]["value"] == theirs : theirs.get("class_name") == Json("__tensor__") && ours["config"] == theirs["config"];
}

// Where two configs part, so that a failure can be read; empty when they say the same.
std::string first_difference(const Json& ours, const Json& theirs, const std::string& at = "") {
    if (ours == theirs || same_constant(ours, theirs)) return {};
    if (ours.is_object() && theirs.is_object() && ours.size() == theirs.size()) {
        for (const auto& [key, item] : theirs.as_object()) {
            const Json* own = ours.find(key);
            if (!own) return str(at, ": no ", key, " in ", ours);
            if (const std::string problem = first_difference(*own, item, at + "/" + key); !problem.empty()) return problem;
        }
        return {};
    }
    if (ours.is_array() && theirs.is_array() && ours.size() == theirs.size()) {
        for (size_t i = 0; i < theirs.size(); ++i)
            if (const std::string problem = first_difference(ours[i], theirs[i], str(at, "/", i)); !problem.empty()) return problem;
        return {};
    }
    return str(at, ": ", ours, ", expected ", theirs);
}

}  // namespace

TEST_CASE("a model of any op that Keras can save loads, computes the same, and is written as Keras wrote it") {
    const testing::Golden nodes(golden_path("op_nodes.zip")), values(golden_path("ops.zip"));
    std::map<std::string, const Json*> rows;
    for (const Json& row : values.cases()) rows.emplace(row["name"].as_string(), &row);
    size_t checked = 0;
    for (const Json& recorded : nodes.cases()) {
        const std::string name = recorded["name"].as_string();
        INFO(name);
        const bool elsewhere = recorded.contains("of");   // arrays stand with the op's own cases
        const testing::Golden& golden = elsewhere ? values : nodes;
        const Json& row = elsewhere ? *rows.at(recorded["of"].as_string()) : recorded;
        Tensors inputs;
        collect(row["args"], golden, inputs);
        try {
            const Model model = model_from_json(recorded["config"].as_string());
            const Tensors outputs = model(inputs.size() == 1 ? Structure(inputs[0]) : Structure(inputs), Call{}).flatten();
            for (const std::string& problem : testing::check_recorded_outputs(last_op(model), outputs, golden, row)) CHECK_MESSAGE(false, problem);
            const Json theirs = with_first_classes(Json::parse(recorded["config"].as_string()));
            const std::string problem = first_difference(Json::parse(model.to_json()), theirs);
            CHECK_MESSAGE(problem.empty() != written_otherwise.contains(name), problem);
            ++checked;
        } catch (const std::exception& error) {
            FAIL_CHECK(std::string(error.what()));
        }
    }
    CHECK(checked > 500);
}

TEST_CASE("op nodes: files for the oracle" * doctest::skip(std::getenv("CORNU_WRITE_FILES") == nullptr)) {
    const testing::Golden nodes(golden_path("op_nodes.zip"));
    Json written = Json::object();
    for (const Json& recorded : nodes.cases()) {
        const std::string& theirs = recorded["config"].as_string();
        const std::string ours = model_from_json(theirs).to_json();
        if (!(Json::parse(ours) == Json::parse(theirs))) written.set(recorded["name"].as_string(), ours);
    }
    std::ofstream(std::string(std::getenv("CORNU_WRITE_FILES")) + "/op_nodes.json") << written.dump();
}
