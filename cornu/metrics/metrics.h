// All metrics.
#pragma once

#include "cornu/metrics/accuracy.h"
#include "cornu/metrics/probabilistic.h"
#include "cornu/metrics/reduction.h"
#include "cornu/metrics/regression.h"
