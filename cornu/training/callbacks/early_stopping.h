// EarlyStopping: ends training when a figure has stopped getting better.
#pragma once

#include "cornu/training/callback.h"

namespace cornu::callbacks {

struct EarlyStoppingConfig {
    std::string monitor = "val_loss";
    double min_delta = 0;                    // less of a change does not count
    int64_t patience = 0;                    // epochs to wait for a better one
    int verbose = 0;                         // 1: say so
    std::string mode = "auto";
    std::optional<double> baseline = {};     // it must be better than this, too
    bool restore_best_weights = false;
    int64_t start_from_epoch = 0;
};

class CORNU_API EarlyStopping : public Callback {
public:
    explicit EarlyStopping(EarlyStoppingConfig config = {});
    int64_t stopped_epoch() const;           // 0 when it did not stop training
    int64_t best_epoch() const;
};

}  // namespace cornu::callbacks
