// The base of merging layers: shape checks, alignment of ranks, masks.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

// Throws ValueError in Keras's words unless `inputs` is a list of one or more.
void check_merge_inputs(const ShapeTree& inputs);
// Throws ShapeError unless batch sizes agree and the rest broadcasts.
void check_merge_shapes(const ShapeTree& inputs);
// Inputs of one rank: axes of size 1 are put in after the batch.
Tensors align_ranks(const Structure& inputs);
// The or of all masks; nothing when an input has none.
Structure merge_masks(const Structure& mask);

// A new layer of this room, called on a list.
inline Tensor merged(const Layer& layer, const Tensors& inputs) { return layer(Structure::List(inputs.begin(), inputs.end())).leaf(); }

}  // namespace cornu::layers
