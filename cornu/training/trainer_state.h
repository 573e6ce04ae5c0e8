// What a compiled trainer holds; shared by the files that implement Trainer.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "cornu/training/compile_utils.h"
#include "cornu/training/step_programs.h"
#include "cornu/training/trainer.h"

namespace cornu {

struct Trainer::State {
    bool compiled = false;
    CompileOptions options;
    Optimizer given_optimizer;            // as compile got it; options.optimizer may be one around it
    std::optional<CompileLoss> loss;
    std::optional<CompileMetrics> metrics;
    Metric loss_tracker;
    std::atomic<bool> stop = false;
    StepPrograms train, test, predict;

    // The last program of predict for one tensor in and out: what predict looks at first.
    StepPrograms::Entry* fast = nullptr;
    Spec fast_spec;
    Backend* fast_backend = nullptr;

    void need_compiled(const char* method) const {
        if (!compiled) throw ValueError(str(method, ": call compile() before it."));
    }
    void forget_programs() {
        fast = nullptr;
        train.clear();
        test.clear();
        predict.clear();
    }
};

}  // namespace cornu
