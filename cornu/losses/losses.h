// All losses.
#pragma once

#include "cornu/losses/hinge.h"
#include "cornu/losses/metric_learning.h"
#include "cornu/losses/probabilistic.h"
#include "cornu/losses/registry.h"
#include "cornu/losses/regression.h"
#include "cornu/losses/segmentation.h"
#include "cornu/losses/sequence.h"
