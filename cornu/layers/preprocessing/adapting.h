// What layers that learn from data by adapt() share: the way from a handle to them, and batches.
#pragma once

#include "cornu/data/dataset.h"
#include "cornu/layers/layer.h"

namespace cornu::layers {

// Throws ValueError unless the handle is one of a layer of that class.
template <class Implementation>
void check_class(const Layer& layer, const char* class_name) {
    if (!dynamic_cast<Implementation*>(layer.shared().get()))
        throw ValueError(str("a layer of class ", class_name, " was expected. Received: ", layer.defined() ? layer.impl().class_name() : "nothing"));
}

// The first input of each batch, of at most `steps`.
template <class F>
void for_each_batch(const Dataset& batches, std::optional<int64_t> steps, F&& f) {
    int64_t seen = 0;
    for (const Batch& batch : batches) {
        if (steps && seen++ >= *steps) break;
        f(batch.x.flatten().at(0));
    }
}

}  // namespace cornu::layers
