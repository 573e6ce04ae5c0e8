// TensorBoard: figures, weights and the model as event files, which TensorBoard shows.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "cornu/training/callback.h"

namespace cornu::callbacks {

struct TensorBoardConfig {
    std::string log_dir = "logs";            // of training in train/, of validation in validation/
    int64_t histogram_freq = 0;              // epochs between histograms of the weights; 0: none
    bool write_graph = true;                 // the layers of Functional and Sequential models
    bool write_images = false;               // weights as images, along with the histograms
    bool write_steps_per_second = false;
    std::optional<int64_t> update_freq = {}; // figures after so many batches, too; none: after each epoch
    std::pair<int64_t, int64_t> profile_batch = {0, 0};   // the first and last batch, from 1, to profile; 0: none
    int64_t embeddings_freq = 0;             // epochs between weights saved for the projector; 0: none
    std::map<std::string, std::string> embeddings_metadata = {};  // by name of an Embedding layer: a file
};

// The tags, steps and plugins of Keras's callback: `epoch_loss` by epoch in both folders, with
// `epoch_learning_rate`; `batch_loss` by batch; `evaluation_loss_vs_iterations`; `<weight>/histogram`;
// `keras`, the model; of the batches asked for a profile (backend/profile.h), which TensorBoard shows
// with its plugin `xprof`. Throws FileError when a file cannot be written; ValueError for an option
// out of range, or metadata for an Embedding layer that the model does not have.
class CORNU_API TensorBoard : public Callback {
public:
    explicit TensorBoard(TensorBoardConfig config = {});
};

}  // namespace cornu::callbacks
