// Callbacks that change the learning rate between epochs. Both add "learning_rate" to the figures.
#pragma once

#include <concepts>
#include <functional>

#include "cornu/training/callback.h"

namespace cornu::callbacks {

// The rate of an epoch from its number and the rate so far.
class CORNU_API LearningRateScheduler : public Callback {
public:
    explicit LearningRateScheduler(std::function<double(int64_t epoch, double rate)> schedule, int verbose = 0);
    template <std::invocable<int64_t> Schedule>          // of the epoch alone
        requires(!std::invocable<Schedule, int64_t, double>)
    explicit LearningRateScheduler(Schedule schedule, int verbose = 0)
        : LearningRateScheduler(std::function<double(int64_t, double)>([schedule](int64_t epoch, double) { return schedule(epoch); }), verbose) {}
};

struct ReduceLROnPlateauConfig {
    std::string monitor = "val_loss";
    double factor = 0.1;                     // below 1
    int64_t patience = 10;                   // epochs without a better figure
    int verbose = 0;
    std::string mode = "auto";
    double min_delta = 1e-4;
    int64_t cooldown = 0;                    // epochs of rest after a reduction
    double min_lr = 0.0;
};
class CORNU_API ReduceLROnPlateau : public Callback {
public:
    explicit ReduceLROnPlateau(ReduceLROnPlateauConfig config = {});
};

}  // namespace cornu::callbacks
