// All layers.
#pragma once

#include "cornu/layers/convolutional/conv.h"
#include "cornu/layers/core/activation.h"
#include "cornu/layers/core/dense.h"
#include "cornu/layers/core/embedding.h"
#include "cornu/layers/core/input_layer.h"
#include "cornu/layers/merging/merging.h"
#include "cornu/layers/normalization/batch_normalization.h"
#include "cornu/layers/pooling/global_pooling.h"
#include "cornu/layers/pooling/pooling.h"
#include "cornu/layers/regularization/dropout.h"
#include "cornu/layers/reshaping/flatten.h"
