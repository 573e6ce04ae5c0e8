"""Reads models that Cornu wrote with the real Keras and compares them with those it read.

    CORNU_WRITE_FILES=FOLDER build/test_saving -tc='*files for the oracle'
    python tools/oracle/check_written_models.py FOLDER
"""

import io
import json
import os
import pathlib
import sys
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import safetensors.numpy

from families import formats as _  # the class of one's own that files name

FOLDER = pathlib.Path(sys.argv[1])
GOLDEN = pathlib.Path(os.environ.get("CORNU_GOLDEN", pathlib.Path(__file__).resolve().parents[2] / "tests/golden"))


def load_afresh(path):
    keras.utils.clear_session()  # names counted by process, as of seed generators, begin anew
    keras.utils.set_random_seed(1)  # seeds that a file does not hold are drawn alike
    return keras.models.load_model(path)


def load(content):
    path = FOLDER / "theirs.keras"
    path.write_bytes(content)
    model = load_afresh(path)
    path.unlink()
    return model


def config(model):
    """What a file would say of the model; ids only tell which objects are one in memory."""
    text = json.dumps(keras.saving.serialize_keras_object(model))

    def plain(value):
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k != "shared_object_id"}
        return [plain(v) for v in value] if isinstance(value, list) else value

    return plain(json.loads(text))


def equal(ours, theirs):
    assert len(ours) == len(theirs), (len(ours), len(theirs))
    for a, b in zip(ours, theirs):
        assert a.path == b.path and a.dtype == b.dtype, (a.path, b.path, a.dtype, b.dtype)
        np.testing.assert_array_equal(np.asarray(a.value), np.asarray(b.value))


def check(name, theirs):
    ours = load_afresh(FOLDER / f"{name}.keras")
    assert config(ours) == config(theirs), name
    equal(ours.variables, theirs.variables)
    equal(ours.optimizer.variables, theirs.optimizer.variables)
    for variable in ours.variables + ours.optimizer.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    ours.load_weights(FOLDER / f"{name}.weights.h5")
    equal(ours.weights, theirs.weights)
    equal(ours.optimizer.variables, theirs.optimizer.variables)


def array(archive, reference):
    return np.load(io.BytesIO(archive.read(reference["npy"])))


def check_formats(archive, case):
    """The same trained model in every format that Cornu writes."""
    base = str(FOLDER / f"format_{case['name']}")
    wanted = [array(archive, w["value"]) for w in case["weights"]]
    slots = [array(archive, o) for o in case["optimizer"]]

    def same(got, want):
        assert len(got) == len(want), (len(got), len(want))
        for a, b in zip(got, want):
            np.testing.assert_array_equal(np.asarray(a), b)

    for extension in [".keras", ".h5"]:
        model = load_afresh(base + extension)
        same(model.weights, wanted)
        if extension != ".h5":  # from which Keras 3 restores no optimizer of a model made of layers
            same(model.optimizer.variables, slots)
    model = load_afresh(base + ".keras")
    for extension in [".h5", ".weights.h5", ".weights.json"]:
        for variable in model.weights + model.optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        model.load_weights(base + extension)
        same(model.weights, wanted)
        if extension != ".h5":
            same(model.optimizer.variables, slots)
    tensors = safetensors.numpy.load_file(base + ".safetensors")
    if model.name == "two_inputs":  # the paths of a Sequential model begin with its name
        same([tensors[v.path] for v in model.weights], wanted)


def main():
    with zipfile.ZipFile(GOLDEN / "models.zip") as archive:
        cases = json.loads(archive.read("cases.json"))["cases"]
        for case in cases:
            check(case["name"], load(archive.read(case["final"]["model"]["file"])))
    with zipfile.ZipFile(GOLDEN / "formats.zip") as archive:
        recorded = json.loads(archive.read("cases.json"))["cases"]
        formats = [c for c in recorded if "shards" in c]
        for case in formats:
            check_formats(archive, case)
        for case in recorded:
            if case["name"] == "subclassed":
                check("subclassed", load(archive.read(case["keras"]["file"])))
    print(f"check_written_models: {len(cases)} models, {len(formats)} in every format ok")


main()
