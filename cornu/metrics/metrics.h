// All metrics.
#pragma once

#include "cornu/metrics/accuracy.h"
#include "cornu/metrics/auc.h"
#include "cornu/metrics/confusion.h"
#include "cornu/metrics/correlation.h"
#include "cornu/metrics/f_score.h"
#include "cornu/metrics/hinge.h"
#include "cornu/metrics/iou.h"
#include "cornu/metrics/probabilistic.h"
#include "cornu/metrics/reduction.h"
#include "cornu/metrics/regression.h"
