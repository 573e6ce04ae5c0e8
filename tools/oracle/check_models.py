#!/usr/bin/env python3
"""Checks `.keras` files both ways between Keras and the `cornu` command, on recorded models."""

import argparse
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras
import numpy as np

# Keras draws their masks or their order from a state that a file does not hold, or the command has
# no word for it: such models are predicted with and converted, but not trained on here.
NOT_TRAINED = {"dropout_sgd", "mlp_shuffled", "mlp_sgd"}

# Where what is computed with moving statistics is not asked for at 1e-4; docs/tolerances.md says why.
MOVING = {"biased_cnn_adam": 4.4e-3}


class Failure(Exception):
    pass


def close_at(a, b):
    """The smallest t with |a-b| <= t|b| + t max|b|; infinite where a shape or a NaN differs."""
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    if a.shape != b.shape or not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return np.inf
    scale = np.abs(b) + np.abs(b).max(initial=0.0)
    return float(np.max(np.abs(a - b) / np.where(scale == 0, 1, scale), initial=0.0))


def expect_close(what, a, b, t):
    if len(a) != len(b):
        raise Failure(f"{what}: {len(b)} arrays expected. Received: {len(a)}")
    for i, pair in enumerate(zip(a, b)):
        if not (at := close_at(*pair)) <= t:
            raise Failure(f"{what} [{i}]: close only at {at:.1e}, expected {t:.1e}")


def expect_equal(what, a, b):
    if a != b:
        raise Failure(f"{what}: expected\n    {b}\n  received\n    {a}")


class Case:
    """One model of models.zip, its files laid out in a folder."""

    def __init__(self, fields, archive, folder, cornu):
        self.fields = self._unpack(fields, archive, folder)
        self.folder = folder
        self.cornu = cornu
        self.name = fields["name"]

    def _unpack(self, value, archive, folder):
        if isinstance(value, list):
            return [self._unpack(v, archive, folder) for v in value]
        if not isinstance(value, dict):
            return value
        if "npy" in value:
            return np.load(io.BytesIO(archive.read(value["npy"])), allow_pickle=False)
        if "file" in value:
            return pathlib.Path(archive.extract(value["file"], folder))
        return {k: self._unpack(v, archive, folder) for k, v in value.items()}

    def run(self, *arguments):
        command = [str(self.cornu), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, timeout=300)
        if done.returncode != 0:
            raise Failure(f"exit {done.returncode} of `{' '.join(command)}`\n{done.stderr}")

    def arrays(self, name, **groups):
        """Writes an .npz with x0, x1, …, y0, … and returns its path."""
        path = self.folder / name
        named = {f"{k}{i}": a for k, arrays in groups.items() for i, a in enumerate(arrays or [])}
        np.savez(path, **named)
        return path

    def cornu_predictions(self, model):
        out = self.folder / "out.npz"
        self.run("predict", model, "--inputs", self.arrays("in.npz", x=self.fields["x"]),
                 "--outputs", out, "--batch-size", self.fields["batch_size"])
        with np.load(out, allow_pickle=False) as results:
            return [results[f"y{i}"] for i in range(len(results.files))]

    def keras_predictions(self, model):
        x = self.fields["x"]
        if not isinstance(model, keras.Sequential):
            x = keras.tree.pack_sequence_as(model.input, x)
        else:
            x = x[0]
        return keras.tree.flatten(model.predict(x, batch_size=self.fields["batch_size"], verbose=0))

    def check_read(self):
        """What Keras saved, before and after training, Cornu reads."""
        for part, file in [("initial", self.fields["model"]),
                           ("final", self.fields["final"]["model"])]:
            expect_close(f"predictions of Keras's {part} file", self.cornu_predictions(file),
                         self.fields[part]["predictions"], 1e-5)

    def check_convert(self):
        """What Cornu writes again is, to Keras, the same model with the same optimizer."""
        source, copy = self.fields["final"]["model"], self.folder / "copy.keras"
        self.run("convert", source, copy)
        ours, theirs = keras.saving.load_model(copy), keras.saving.load_model(source)
        expect_equal("config", ours.get_config(), theirs.get_config())
        expect_equal("compile config", ours.get_compile_config(), theirs.get_compile_config())
        for what in ("weights", "optimizer"):
            a, b = (m.weights if what == "weights" else m.optimizer.variables
                    for m in (ours, theirs))
            expect_equal(f"paths of {what}", [v.path for v in a], [v.path for v in b])
            expect_close(f"{what} written again", a, b, 0)

    def check_fit(self):
        """Cornu trains on from Keras's file as Keras did, and Keras reads the result."""
        f, trained, history = self.fields, self.folder / "trained.keras", self.folder / "h.json"
        data = self.arrays("data.npz", x=f["x"], y=f["y"], w=f["sample_weight"])
        options = []
        if f["validation"]:
            v = f["validation"]
            options = ["--validation-data",
                       self.arrays("valid.npz", x=v["x"], y=v["y"], w=v["sample_weight"])]
        elif f["validation_split"]:
            options = ["--validation-split", f["validation_split"]]
        self.run("fit", f["model"], "--data", data, "--epochs", f["epochs"], "--batch-size",
                 f["batch_size"], "--no-shuffle", "--history", history, "--output", trained, *options)
        received = json.loads(history.read_text())
        expect_equal("names in the history", sorted(received), sorted(f["history"]))
        for name, values in f["history"].items():
            bar = MOVING.get(self.name, 1e-4) if name.startswith("val_") else 1e-4
            expect_close(f"history of {name}", [received[name]], [values], bar)

        model = keras.saving.load_model(trained)
        expect_equal("steps of the optimizer", int(model.optimizer.iterations.value),
                     int(f["final"]["optimizer"][0]["value"]))
        predictions = self.keras_predictions(model)
        expect_close("Keras on Cornu's trained file", predictions, self.cornu_predictions(trained), 1e-5)
        expect_close("trained predictions", predictions, f["final"]["predictions"],
                     MOVING.get(self.name, 1e-4))
        # Where Keras jitted and eager differ, that noise, tripled, is the bar.
        noises = f.get("self_difference") or [{"close_at": 0}] * len(model.weights)
        for weight, recorded, noise in zip(model.weights, f["final"]["weights"], noises,
                                           strict=True):
            expect_close(f"trained weight {recorded['path']}", [weight], [recorded["value"]],
                         max(1e-4, 3 * noise["close_at"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cornu", type=pathlib.Path, required=True, help="the command")
    parser.add_argument("--golden", type=pathlib.Path, required=True, help="folder of models.zip")
    options = parser.parse_args()

    failures = checks = 0
    with zipfile.ZipFile(options.golden / "models.zip") as archive:
        for fields in json.loads(archive.read("cases.json"))["cases"]:
            with tempfile.TemporaryDirectory() as folder:
                case = Case(fields, archive, pathlib.Path(folder), options.cornu.resolve())
                todo = [case.check_read, case.check_convert]
                if case.name not in NOT_TRAINED:
                    todo.append(case.check_fit)
                for check in todo:
                    checks += 1
                    try:
                        check()
                    except Failure as failure:
                        failures += 1
                        print(f"FAILED {case.name}, {check.__name__}: {failure}", flush=True)
    print(f"files both ways: {checks - failures} of {checks} checks passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
