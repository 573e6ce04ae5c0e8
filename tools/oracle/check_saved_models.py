#!/usr/bin/env python3
"""Loads each NAME.keras in DIR with the real Keras and compares it with NAME.npz beside it.

The .npz holds the inputs x0, x1, ... (or by input name), the expected predictions y0, y1, ...,
and, where they shall be compared too, `weight:0`, `weight:1`, ... in the order of model.weights, and
`optimizer:0`, ... in the order of the optimizer's variables. The config must survive Keras's own reading and writing. Exits 1 when
anything differs.
"""

import argparse
import json
import os
import pathlib
import sys
import warnings
import zipfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras
import numpy as np


def close(a, b, t):
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    if a.shape != b.shape:
        return f"shapes {a.shape} and {b.shape} differ"
    bound = t * np.abs(b) + t * np.abs(b).max(initial=0.0)
    # Inverted, so that a NaN on one side counts as different.
    wrong = ~((np.abs(a - b) <= bound) | (a == b) | (np.isnan(a) & np.isnan(b)))
    if not wrong.any():
        return None
    return f"{wrong.sum()} of {wrong.size} differ, by up to {np.abs(a - b).max():g}"


def differing(ours, theirs, path="config"):
    """Where what Cornu wrote is not what Keras would write: the first few places."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if key == "shared_object_id":
                continue  # an address of Python's
            if key not in ours or key not in theirs:
                yield f"{path}.{key} is only in {'ours' if key in ours else 'theirs'}"
            else:
                yield from differing(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for n, (a, b) in enumerate(zip(ours, theirs)):
            yield from differing(a, b, f"{path}[{n}]")
    elif ours != theirs:
        yield f"{path} is {ours!r}, Keras writes {theirs!r}"


def check(path, tolerance):
    problems = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = keras.saving.load_model(path)
    problems += [f"Keras warns: {w.message}" for w in caught if "variable" in str(w.message)]

    with zipfile.ZipFile(path) as archive:
        ours = json.loads(archive.read("config.json"))
    again = path.with_suffix(".again.keras")
    model.save(again)
    with zipfile.ZipFile(again) as archive:
        theirs = json.loads(archive.read("config.json"))
    again.unlink()
    problems += list(differing(ours, theirs))[:5]

    expected = path.with_suffix(".npz")
    if not expected.exists():
        return [*problems, f"no {expected.name} to compare with"]
    with np.load(expected) as arrays:
        arrays = dict(arrays)
    named = [tensor.name for tensor in model.inputs]
    x = [arrays[name] if name in arrays else arrays[f"x{n}"] for n, name in enumerate(named)]
    if isinstance(model, keras.Sequential) or not isinstance(model, keras.src.models.Functional):
        given = x[0] if len(x) == 1 else x
    else:
        given = keras.tree.pack_sequence_as(model.input, x)
    for n, output in enumerate(keras.tree.flatten(model.predict(given, verbose=0))):
        if problem := close(arrays[f"y{n}"], output, tolerance):
            problems.append(f"prediction {n}: {problem}")

    # By position: the paths of a Sequential's weights depend on how it was built.
    slots = model.optimizer.variables if model.optimizer else []
    for kind, variables in [("weight", model.weights), ("optimizer", slots)]:
        stored = [arrays[key] for key in (f"{kind}:{n}" for n in range(len(arrays))) if key in arrays]
        if stored and len(stored) != len(variables):
            problems.append(f"{len(stored)} {kind} arrays are given, Keras has {len(variables)}")
            continue
        for variable, value in zip(variables, stored):
            if problem := close(value, variable.value, 0.0):
                problems.append(f"{kind} {variable.path}: {problem}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="of predictions")
    options = parser.parse_args()
    paths = sorted(options.folder.glob("*.keras"))
    if not paths:
        print(f"check_models: no .keras file in {options.folder}", file=sys.stderr)
        return 1
    failed = 0
    for path in paths:
        try:
            problems = check(path, options.tolerance)
        except Exception as error:  # one file that Keras refuses must not hide the others
            problems = [f"{type(error).__name__}: {error}"]
        print(f"{path.name}: {'ok' if not problems else 'DIFFERS'}")
        for problem in problems:
            print(f"    {problem}")
        failed += bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
