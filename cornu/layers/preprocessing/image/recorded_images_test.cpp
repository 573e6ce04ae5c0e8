// Every image layer against the cases recorded from Keras: config, draws, images and what belongs to
// them; and the same by a Functional model that a file holds.
#include <doctest/doctest.h>

#include <cstdlib>

#include "cornu/backend/jit.h"
#include "cornu/layers/registry.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

Structure structure_of(const testing::Golden& golden, const Json& json) {
    if (json.find("npy")) return golden.tensor(json);
    Structure::Dict dict;
    for (const auto& [key, item] : json.as_object()) dict.emplace(key, structure_of(golden, item));
    return dict;
}

std::string difference(const Structure& ours, const Structure& theirs, double t) {
    if (theirs.is_dict()) {
        std::string all;
        for (const auto& [key, item] : theirs.dict()) {
            const auto found = ours.is_dict() ? ours.dict().find(key) : theirs.dict().end();
            if (!ours.is_dict() || found == ours.dict().end()) return key + " is missing";
            if (const std::string gap = difference(found->second, item, t); !gap.empty()) all += key + ": " + gap + "\n";
        }
        return all;
    }
    return ours.is_leaf() ? testing::difference(ours.leaf(), theirs.leaf(), t) : "not a tensor";
}

}  // namespace

TEST_CASE("image layers do what Keras recorded of them") {
    const testing::Golden golden(golden_path("images.zip"));
    const char* only = std::getenv("CORNU_TEST_LAYER");   // a class, for work on it
    for (const Json& recorded : golden.cases()) {
        if (!recorded.find("layer") || (only && recorded["layer"].as_string() != only)) continue;
        CAPTURE(recorded["name"].as_string());
        const Structure inputs = structure_of(golden, recorded["inputs"]);
        const bool narrow = recorded["config"].dump().find("float16\"") != std::string::npos;
        const auto check = [&](const Layer& layer) {
            for (const Json& call : recorded["calls"].as_array()) {
                CAPTURE(call["training"].as_bool());
                const Structure out = layer(inputs, {.training = call["training"].as_bool()});
                const std::string gap = difference(out, structure_of(golden, call["outputs"]), narrow ? 2e-2 : 1e-5);
                CHECK_MESSAGE(gap.empty(), gap);
            }
        };
        // Calls in training as one program; what the call before them drew is drawn here, too.
        const auto check_compiled = [&](const Layer& layer) {
            if (layer.impl().class_name() == "AugMix") return;   // draws from another generator then
            const Jit step([layer](const Structure& x) { return layer(x, {.training = true}); });
            layer(inputs, {.training = false});
            for (const size_t call : {1, 2}) {
                CAPTURE(call);
                const std::string gap = difference(step(inputs), structure_of(golden, recorded["calls"].as_array()[call]["outputs"]), narrow ? 2e-2 : 1e-5);
                CHECK_MESSAGE(gap.empty(), gap);
            }
        };
        try {
            {
                Context context;   // names and seeds start afresh, as they did when the case was recorded
                context.set_backend(Context::current().backend());
                const Context::Use use(context);
                random::set_random_seed(42);
                const Layer layer = layers::deserialize(recorded["config"]);
                CHECK(layer.get_config() == recorded["config"]["config"]);
                check(layer);
            }
            {
                Context context;
                context.set_backend(Context::current().backend());
                const Context::Use use(context);
                random::set_random_seed(42);
                check_compiled(layers::deserialize(recorded["config"]));
            }
            if (const Json* model = recorded.find("model")) {
                Context context;
                context.set_backend(Context::current().backend());
                const Context::Use use(context);
                const Model loaded = saving::load_model(golden.file(*model), {.compile = false});
                random::set_random_seed(42);   // AugMix chooses by Python's generator
                check(static_cast<const Layer&>(loaded));
            }
        } catch (const std::exception& error) {
            FAIL_CHECK(error.what());
        }
    }
}
