// Any text as config.json, with a budget of weights but no file behind them: the model is made and
// compiled, its config written again.
#include "cornu/layers/deferred_weights.h"
#include "cornu/layers/weight_budget.h"
#include "cornu/models/model_config.h"
#include "cornu/saving/legacy_file.h"
#include "fuzz/json_mutation.h"
#include "fuzz/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace cornu;
    fuzz::refuse_or_read([&] {
        const saving::LoadLimits limits = fuzz::limits();
        const Json config = Json::parse({reinterpret_cast<const char*>(data), size}, {.max_bytes = 1 << 20, .max_depth = limits.max_json_depth, .max_values = 1 << 16});
        const WeightBudget budget(limits.max_parameters);
        DeferredWeights deferred;   // as load_model does it
        const ObjectSharing sharing;
        const bool legacy = !config.contains("module");
        const auto impl = std::dynamic_pointer_cast<CustomModel>(deserialize_operation(legacy ? saving::modern_model_config(config) : config));
        if (!impl) return;
        if (const Json& compiled = config.get("compile_config"); compiled.is_object() && compiled.size() > 0) impl->compile(read_compile_config(compiled));
        (void)serialize_operation(*impl);
    });
    return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
    return cornu::fuzz::mutate_json(data, size, max_size, seed);
}
