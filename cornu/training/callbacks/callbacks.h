// All callbacks.
#pragma once

#include "cornu/training/callbacks/csv_logger.h"
#include "cornu/training/callbacks/early_stopping.h"
#include "cornu/training/callbacks/lambda_callback.h"
#include "cornu/training/callbacks/learning_rate.h"
#include "cornu/training/callbacks/model_checkpoint.h"
