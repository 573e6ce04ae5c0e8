// ModelCheckpoint: saves the model, or its weights, while it is trained.
#pragma once

#include "cornu/training/callback.h"

namespace cornu::callbacks {

struct ModelCheckpointConfig {
    std::string filepath;                    // "best.keras", "{epoch:02d}-{val_loss:.2f}.weights.h5"
    std::string monitor = "val_loss";
    int verbose = 0;                         // 1: say when it saves
    bool save_best_only = false;
    bool save_weights_only = false;          // the path must then end in .weights.h5
    std::string mode = "auto";
    std::optional<int64_t> save_freq = {};   // after so many batches; none: after each epoch
    std::optional<double> initial_value_threshold = {};  // what the first one must be better than
};

class CORNU_API ModelCheckpoint : public Callback {
public:
    explicit ModelCheckpoint(ModelCheckpointConfig config);
};

// A path with {epoch}, {batch} and figures by name put in, by Python's format rules for numbers.
// Throws ValueError for a name there is no figure of, or a format that is none.
CORNU_API std::string format_path(const std::string& path, const Logs& figures);

}  // namespace cornu::callbacks
