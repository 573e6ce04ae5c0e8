// Any bytes as a weights file in HDF5, of either layout, for one of some models; the first byte says
// for which, and how strict to be.
#include <vector>

#include "cornu/layers/layers.h"
#include "cornu/saving/legacy_file.h"
#include "cornu/saving/model_state.h"
#include "cornu/models/model.h"
#include "fuzz/limits.h"

namespace {

using namespace cornu;

const std::vector<Model>& models() {
    static const std::vector<Model> all = [] {
        const auto dense = Sequential({layers::Input({.shape = {4}}), layers::Dense({.units = 3, .name = "dense"})});
        const auto left = Input({.shape = {4}}), right = Input({.shape = {6}});
        const auto shared = layers::Dense({.units = 6, .name = "shared"});
        const auto x = layers::BatchNormalization({.name = "norm"})(layers::Concatenate()({shared(right), layers::Dense({.units = 5, .name = "own"})(left), shared(right)}));
        const auto two = Model({left, right}, {layers::Dense({.units = 1, .name = "urgent"})(x), layers::Dense({.units = 2, .name = "group"})(x)});
        for (const Model& model : {Model(dense), two}) {
            model.compile({.optimizer = "adam", .loss = "mse"});
            model.optimizer().build(model.trainable_variables());
        }
        return std::vector<Model>{dense, two};
    }();
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const Model& model = models()[data[0] & 1];
    const bool by_name = data[0] & 2, skip_mismatch = data[0] & 4;
    fuzz::refuse_or_read([&] {
        // The readers want structures aligned no more than a byte stream is.
        const saving::Hdf5Group root = saving::Hdf5Group::open(fuzz::source(data + 1, size - 1), fuzz::limits());
        if (saving::is_legacy(root)) {
            saving::read_legacy_state(model, saving::legacy_weights(root), by_name, skip_mismatch).assign();
            saving::read_legacy_optimizer(model, root).assign();
            return;
        }
        saving::StoredWeights weights{.file = "input", .arrays = {}, .names = {}};
        saving::add_hdf5(root, weights);
        (void)weights.elements(fuzz::limits());
        saving::read_state(saving::state_of(model), weights, by_name ? saving::Match::names : saving::Match::places, skip_mismatch).assign();
    });
    return 0;
}
