// What a compiled trainer holds; shared by the files that implement Trainer.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "cornu/training/callback_list.h"
#include "cornu/training/compile_utils.h"
#include "cornu/training/feed.h"
#include "cornu/training/step_programs.h"
#include "cornu/training/trainer.h"
#include "cornu/training/training_state.h"

namespace cornu {

// fit under way, for those who ask where it stands.
struct FitInProgress {
    Feed& feed;
    Feed* validation;                      // null: none
    CallbackList& callbacks;
    int64_t epoch = 0, done = 0;           // batches of the epoch
    enum class Place : uint8_t { elsewhere, between_batches, between_epochs } place = Place::elsewhere;
    std::optional<TrainingState> resume = {};
    bool within_epoch = false;             // where `resume` goes on

    // Between batches the next one has been fetched already.
    template <class F>
    void stand(Place where, F&& f) {
        place = where;
        f();
        place = Place::elsewhere;
    }
};
// Everything as it was in `state`, and `fit` where it stood. Metrics exist, and are put back, only
// once the step has been prepared.
void put_back(const TrainingState& state, Trainer& trainer, FitInProgress& fit, bool with_metrics);

struct Trainer::State {
    bool compiled = false;
    CompileOptions options;
    Optimizer given_optimizer;            // as compile got it; options.optimizer may be one around it
    std::optional<CompileLoss> loss;
    std::optional<CompileMetrics> metrics;
    Metric loss_tracker;
    std::atomic<bool> stop = false;
    FitInProgress* fit = nullptr;          // null: none is
    StepPrograms train, test, predict;
    bool needs_values = false;             // a size in the model depends on values: no program can be made
    bool line_by_line() const { return needs_values || (compiled && options.run_eagerly); }

    // The weights that the first step after compile trained; empty: none was taken.
    std::vector<const void*> trained;
    static std::vector<const void*> ids_of(const Variables& weights) {
        std::vector<const void*> ids;
        for (const Variable& weight : weights) ids.push_back(weight.id());
        return ids;
    }
    // As in Keras, what is trained is settled by compile: steps and the optimizer's state are made for it.
    void check_trained(const char* method, const Layer& model) const {
        if (!trained.empty() && trained != ids_of(model.trainable_weights()))
            throw ValueError(str(method, ": the weights that are trained have changed since compile, by set_trainable() or layers that came or went. "
                                 "Call compile() again. Received: ", model.trainable_weights().size(), " trainable weights, before that ", trained.size()));
    }
    void remember_trained(const Layer& model) {
        if (trained.empty()) trained = ids_of(model.trainable_weights());
    }

    // The last program of predict for one tensor in and out: what predict looks at first.
    StepPrograms::Entry* fast = nullptr;
    Spec fast_spec;
    Backend* fast_backend = nullptr;

    void need_compiled(const char* method) const {
        if (!compiled) throw ValueError(str(method, ": call compile() before it."));
    }
    void forget_programs() {
        fast = nullptr;
        needs_values = false;
        train.clear();
        test.clear();
        predict.clear();
        trained.clear();
    }
};

}  // namespace cornu
