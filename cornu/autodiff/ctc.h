// Connectionist temporal classification: sequences of labels whose places in the input are unknown.
#pragma once

#include "cornu/tensor/tensor.h"

namespace cornu::ops {

// The negative log likelihood of each label sequence, of shape (batch), in at least float32.
// target (batch, labels): classes; output (batch, time, classes): scores, not probabilities; the
// lengths (batch) say how much of both counts. Class `mask_index` stands for no label (blank).
CORNU_API Tensor ctc_loss(const Tensor& target, const Tensor& output, const Tensor& target_length, const Tensor& output_length,
                          int64_t mask_index = 0);

// The best label at each time, repeats merged unless told otherwise and blanks dropped: int32 of shape
// (1, batch, time), filled up by -1, and the negative sum of the best scores (batch, 1). Of Keras's
// strategies "greedy" alone; beam search throws UnsupportedError.
CORNU_API Tensors ctc_decode(const Tensor& inputs, const Tensor& sequence_lengths, const std::string& strategy = "greedy",
                             int64_t beam_width = 100, int64_t top_paths = 1, bool merge_repeated = true, int64_t mask_index = 0);

}  // namespace cornu::ops
