// OrbaxCheckpoint: numbered checkpoints in a folder, of which the last few are kept.
#pragma once

#include <string>

#include "cornu/training/callback.h"

namespace cornu::callbacks {

struct OrbaxCheckpointConfig {
    std::string directory;                   // a folder for these checkpoints alone
    std::string monitor = "val_loss";
    int verbose = 0;                         // 1: say when it saves
    bool save_best_only = false;
    std::string mode = "auto";
    std::optional<int64_t> save_freq = {};   // after so many batches; none: after each epoch
    std::optional<double> initial_value_threshold = {};  // what the first one must be better than
    std::optional<int64_t> max_to_keep = 1;  // the latest; none: all
    bool save_weights_only = false;
};

// Keras's callback of this name, in Cornu's own files instead of Orbax's: `directory`/STEP/, where
// STEP is the epoch (from 0) or, with save_freq, the number of batches so far, holds
// `checkpoint.keras`, a model as load_model reads it with the place in training that BackupAndRestore
// keeps too; or `checkpoint.weights.h5`. A step's folder appears whole or not at all. Throws
// ValueError for an option out of range, FileError when a checkpoint cannot be written.
class CORNU_API OrbaxCheckpoint : public Callback {
public:
    explicit OrbaxCheckpoint(OrbaxCheckpointConfig config);
};

// The folder's latest step; none when it holds no checkpoint.
CORNU_API std::optional<int64_t> latest_checkpoint(const std::string& directory);

}  // namespace cornu::callbacks
