#!/usr/bin/env python3
"""What dropout and the deterministic mode cost a training step: overheads.py BUILD

Each pair of models, or of modes, takes turns, and the medians of the rounds are compared. Models are
made by Python Keras; dropout of 0.25 and 0.5 in the CNN, of 0.1 in the transformer, its attention
included.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras  # noqa: E402
from keras import layers  # noqa: E402

import compare_models  # noqa: E402


def dropped(rate, x):
    return layers.Dropout(rate)(x) if rate else x


def cnn(drop):
    x = start = keras.Input((28, 28, 1))
    for filters in (32, 64):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, activation="relu")(x))
    x = dropped(drop and 0.25, x)
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return keras.Model(start, layers.Dense(10)(dropped(drop and 0.5, x)))


def transformer(drop, attention=0.0):
    rate = 0.1 if drop else 0
    x = start = keras.Input((128, 256))
    for _ in range(4):
        attended = layers.MultiHeadAttention(4, 64, dropout=attention if drop else 0)(x, x)
        x = layers.LayerNormalization()(x + dropped(rate, attended))
        hidden = layers.Dense(256)(layers.Dense(1024, activation="gelu")(x))
        x = layers.LayerNormalization()(x + dropped(rate, hidden))
    return keras.Model(start, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def saved(model, path):
    compare_models.compiled(keras, model).save(path)
    return path


def bench(build, options, model, batch, *more):
    command = [build / "cornu", "bench", model, "fit", "--batch-size", str(batch), "--steps", str(options.steps),
               "--threads", str(options.threads), "--json", *more]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["median_ms"]


def compare(title, options, plain, other):
    """Two functions that give milliseconds, in turn."""
    rounds = [(plain(), other()) for _ in range(options.rounds)]
    before, after = (statistics.median(column) for column in zip(*rounds))
    print(f"| {title} | {before:.3g} | {after:.3g} | {100 * (after / before - 1):+.1f} % |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    build = options.build
    print("| a training step, ms | without | with | cost |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        pairs = [("dropout in the CNN, b64", cnn, 64, {}), ("dropout in the transformer, b8", transformer, 8, {}),
                 ("the same, of attention's scores too", transformer, 8, {"attention": 0.1})]
        files = {}
        for title, make, batch, arguments in pairs:
            keras.utils.set_random_seed(0)
            files[title] = [saved(make(drop, **arguments), folder / f"{len(files)}_{int(drop)}.keras") for drop in (False, True)]
        for title, make, batch, _ in pairs:
            without, with_dropout = files[title]
            compare(title, options, lambda: bench(build, options, without, batch), lambda: bench(build, options, with_dropout, batch))
        for name in ("mlp", "cnn", "encoder", "lstm"):
            row = compare_models.ROWS[name]
            model = row.make(keras)
            path = folder / f"{name}.keras"
            model.save(path)
            compare(f"deterministic mode, {row.title}", options, lambda: bench(build, options, path, row.batch),
                    lambda: bench(build, options, path, row.batch, "--deterministic"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
