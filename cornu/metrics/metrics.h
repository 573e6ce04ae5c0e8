// All metrics.
#pragma once

#include "cornu/losses/losses.h"
#include "cornu/metrics/accuracy.h"
#include "cornu/metrics/auc.h"
#include "cornu/metrics/confusion.h"
#include "cornu/metrics/correlation.h"
#include "cornu/metrics/f_score.h"
#include "cornu/metrics/hinge.h"
#include "cornu/metrics/iou.h"
#include "cornu/metrics/probabilistic.h"
#include "cornu/metrics/reduction.h"
#include "cornu/metrics/registry.h"
#include "cornu/metrics/regression.h"

// Losses that Keras names among its metrics too.
namespace cornu::metrics {
using losses::binary_crossentropy;
using losses::binary_focal_crossentropy;
using losses::categorical_crossentropy;
using losses::categorical_focal_crossentropy;
using losses::categorical_hinge;
using losses::hinge;
using losses::huber;
using losses::kl_divergence;
using losses::log_cosh;
using losses::mean_absolute_error;
using losses::mean_absolute_percentage_error;
using losses::mean_squared_error;
using losses::mean_squared_logarithmic_error;
using losses::poisson;
using losses::sparse_categorical_crossentropy;
using losses::squared_hinge;
}  // namespace cornu::metrics
