// All ops.
#pragma once

#include "cornu/ops/attention.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/convolution.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/cumulative.h"
#include "cornu/ops/einsum.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/pooling.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/ops/sorting.h"
