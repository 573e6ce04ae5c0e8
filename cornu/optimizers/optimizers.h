// All optimizers and schedules.
#pragma once

#include "cornu/optimizers/adadelta.h"
#include "cornu/optimizers/adagrad.h"
#include "cornu/optimizers/adam.h"
#include "cornu/optimizers/adamax.h"
#include "cornu/optimizers/adamw.h"
#include "cornu/optimizers/ftrl.h"
#include "cornu/optimizers/lion.h"
#include "cornu/optimizers/nadam.h"
#include "cornu/optimizers/rmsprop.h"
#include "cornu/optimizers/schedules/schedules.h"
#include "cornu/optimizers/sgd.h"
