// All callbacks.
#pragma once

#include "cornu/training/callbacks/backup_and_restore.h"
#include "cornu/training/callbacks/csv_logger.h"
#include "cornu/training/callbacks/early_stopping.h"
#include "cornu/training/callbacks/lambda_callback.h"
#include "cornu/training/callbacks/learning_rate.h"
#include "cornu/training/callbacks/model_checkpoint.h"
#include "cornu/training/callbacks/orbax_checkpoint.h"
#include "cornu/training/callbacks/progbar_logger.h"
#include "cornu/training/callbacks/remote_monitor.h"
#include "cornu/training/callbacks/swap_ema_weights.h"
#include "cornu/training/callbacks/tensorboard.h"
#include "cornu/training/training_state.h"
