"""Callbacks that change what training does: histories and weights of a small model, shuffle off."""

import keras
import numpy as np
from keras import callbacks, layers

import golden

BATCH = 8
TRAIN, VALID = 40, 16


def scheduler(epoch, rate):
    return float(rate * (0.5 if epoch % 2 else 0.9))


# name, optimizer, epochs, callbacks as class and arguments.
TABLE = [
    ("early_stopping", {"learning_rate": 0.4}, 12,
     [("EarlyStopping", {"patience": 2, "restore_best_weights": True})]),
    ("early_stopping_start", {"learning_rate": 0.4}, 12,
     [("EarlyStopping", {"patience": 1, "restore_best_weights": True, "start_from_epoch": 4})]),
    ("early_stopping_accuracy", {"learning_rate": 0.1}, 12,
     [("EarlyStopping", {"monitor": "val_accuracy", "patience": 2, "min_delta": 0.05})]),
    ("early_stopping_baseline", {"learning_rate": 0.1}, 12,
     [("EarlyStopping", {"monitor": "loss", "patience": 3, "baseline": 0.5, "min_delta": 0.02})]),
    ("reduce_rate", {"learning_rate": 0.2}, 10,
     [("ReduceLROnPlateau",
       {"monitor": "loss", "factor": 0.5, "patience": 1, "min_delta": 0.03, "cooldown": 1})]),
    ("reduce_rate_least", {"learning_rate": 0.2}, 10,
     [("ReduceLROnPlateau",
       {"monitor": "val_loss", "factor": 0.3, "patience": 1, "min_delta": 0.05, "min_lr": 0.05})]),
    ("reduce_and_stop", {"learning_rate": 0.4}, 14,
     [("ReduceLROnPlateau", {"factor": 0.25, "patience": 2, "mode": "min"}),
      ("EarlyStopping", {"patience": 4, "restore_best_weights": True})]),
    ("schedule", {"learning_rate": 0.3}, 6, [("LearningRateScheduler", {})]),
    ("swap_ema", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8}, 4,
     [("SwapEMAWeights", {})]),
    ("swap_ema_on_epoch", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8}, 4,
     [("SwapEMAWeights", {"swap_on_epoch": True}),
      ("EarlyStopping", {"patience": 9, "restore_best_weights": True})]),
    ("swap_ema_overwrite",
     {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7}, 4,
     [("SwapEMAWeights", {})]),
]


def make(name, options):
    if name == "LearningRateScheduler":
        return callbacks.LearningRateScheduler(scheduler)
    return getattr(callbacks, name)(**options)


def record(family):
    for name, optimizer, epochs, parts in TABLE:
        golden.fresh(3)
        model = keras.Sequential(
            [layers.Input((5,)), layers.Dense(12, activation="tanh"),
             layers.Dense(3, activation="softmax")], name="small")
        model.compile(optimizer=keras.optimizers.SGD(**optimizer), metrics=["accuracy"],
                      loss="sparse_categorical_crossentropy")
        rng = golden.rng("callbacks")
        x, vx = (rng.normal(size=(n, 5)).astype("float32") for n in (TRAIN, VALID))
        # Labels that are partly noise, so that validation gets worse in the end.
        y, vy = (((a[:, 0] > 0) + rng.integers(0, 2, len(a))).astype("int32") for a in (x, vx))
        initial = golden.saved(model)
        history = model.fit(x, y, validation_data=(vx, vy), batch_size=BATCH, epochs=epochs,
                            shuffle=False, verbose=0,
                            callbacks=[make(*part) for part in parts])
        family.case(
            name, model=initial, x=x, y=y, validation_x=vx, validation_y=vy, batch_size=BATCH,
            epochs=epochs, callbacks=[{"class": part, "options": o} for part, o in parts],
            history={k: [float(v) for v in values] for k, values in history.history.items()},
            weights=[np.asarray(w.value) for w in model.weights],
            rate=float(np.asarray(model.optimizer.learning_rate.value)))
