// All losses.
#pragma once

#include "cornu/losses/hinge.h"
#include "cornu/losses/probabilistic.h"
#include "cornu/losses/regression.h"
#include "cornu/losses/segmentation.h"
