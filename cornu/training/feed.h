// Feed: the batches of an epoch, from arrays (shuffled or not) or from a Dataset. Batches of arrays
// reuse their memory: going through them allocates nothing once warm.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cornu/data/dataset.h"

namespace cornu {

struct FeedOptions {
    std::string what;                              // "fit", for messages
    int64_t batch_size = 32;
    bool shuffle = false;
    std::optional<int64_t> steps = {};             // batches an epoch; else one pass
    std::map<int64_t, double> class_weight = {};
};

// Where a feed stands: which pass over the data, how far into it, and the stream that the pass was
// shuffled by.
struct FeedPosition {
    int64_t passes = 0, seen = 0, step = 0;        // `step`: batches of this epoch
    std::vector<uint32_t> shuffled_by = {};        // NumPy's stream just before; empty when not shuffled
};

class Feed {
public:
    // Throws ValueError for arrays that don't belong together, a batch size below 1, weights that
    // don't fit the targets.
    Feed(const Data& data, FeedOptions options);

    void begin_epoch();
    bool next();                                   // false at the end of the epoch
    const Batch& batch() const { return *batch_; } // valid until the next next()
    std::optional<int64_t> batches() const;        // an epoch's, if known
    // Before the batch that next() gave last: at that position it would come again.
    FeedPosition position_before_batch() const;
    FeedPosition position() const;
    // Instead of begin_epoch(): goes on from there. Throws ValueError when this data has no such place.
    void go_to(const FeedPosition& position);
    const Batch* arrays() const { return dataset_ ? nullptr : &arrays_; }
    int64_t samples() const { return samples_; }   // of arrays
    // Keras draws one permutation that it does not use when it builds a model from its data.
    void draw_unused_permutation();

private:
    bool next_of_arrays();
    bool next_of_dataset();
    void restart();

    FeedOptions options_;
    std::optional<Dataset> dataset_;
    std::unique_ptr<Dataset::Iterator> iterator_;
    Batch arrays_;
    int64_t samples_ = 0, in_pass_ = 0;            // batches in one pass over the arrays
    int64_t step_ = 0, seen_ = 0;                  // batches of this epoch, of this pass
    int64_t passes_ = 0;                           // begun so far
    std::vector<uint32_t> shuffled_by_;
    bool started_ = false;
    std::vector<int64_t> order_;
    std::vector<Batch> views_;                     // unshuffled batches, cut once
    Batch full_, partial_, loose_;                 // shuffled batches; whatever else
    std::vector<const Tensor*> sources_;
    std::vector<Tensor*> full_leaves_, partial_leaves_;
    const Batch* batch_ = nullptr;
};

}  // namespace cornu
