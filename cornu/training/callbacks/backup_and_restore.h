// BackupAndRestore: training that was killed goes on where it was, and ends as if it had not been.
#pragma once

#include <string>

#include "cornu/training/callback.h"

namespace cornu::callbacks {

struct BackupAndRestoreConfig {
    std::string backup_dir;                  // a folder for this training alone; made when it is needed
    std::optional<int64_t> save_freq = {};   // after so many batches; none: after each epoch
    bool double_checkpoint = false;          // keep the backup before the last, for when that is damaged
    bool delete_checkpoint = true;           // when training is finished
};

// The backup (`latest.keras`, and `previous.keras`) holds weights and optimizer, the states of seed
// generators and of both random streams, the place in the data, and what metrics and callbacks have
// gathered. A run with the same model, data, options and callbacks finds it when training begins and
// goes on at the epoch and batch where it was made; unlike Keras's, which begins that epoch again. It
// is a `.keras` file besides. At any moment the folder holds a whole backup: a new one is written
// beside it and renamed. Throws ValueError for an empty backup_dir or a model that is not built;
// FileError when the folder cannot be written, or the backup is damaged or of another model.
class CORNU_API BackupAndRestore : public Callback {
public:
    explicit BackupAndRestore(BackupAndRestoreConfig config);
    // Training is being interrupted, not finished: makes a backup as soon as the step is done, and
    // leaves it. Together with stop_training(); safe in a signal handler.
    void interrupt() const;
    // Removes the backup, and the folder if nothing else is in it.
    void discard() const;
};

}  // namespace cornu::callbacks
