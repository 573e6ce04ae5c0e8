"""Reads models on text that Cornu wrote with the real Keras: vocabularies, configs and outputs are those recorded.

    CORNU_WRITE_FILES=FOLDER build/test_layers -tc='*files for the oracle'
    python tools/oracle/check_text.py FOLDER          # in the environment of requirements-text.txt
"""

import io
import json
import os
import pathlib
import sys
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

FOLDER = pathlib.Path(sys.argv[1])
GOLDEN = pathlib.Path(os.environ.get("CORNU_GOLDEN", pathlib.Path(__file__).resolve().parents[2] / "tests/golden"))


def main():
    archive = zipfile.ZipFile(GOLDEN / "text.zip")

    def array(reference):
        return np.load(io.BytesIO(archive.read(reference["npy"])))

    checked = 0
    for case in json.loads(archive.read("cases.json"))["cases"]:
        if "layer" not in case or "model" not in case:
            continue
        config = case["made"]["config"]
        if case["layer"] == "TextVectorization" and config["output_mode"] == "tf_idf" and config["pad_to_max_tokens"]:
            continue  # Keras fills up the weights of its inner layer, and then reads them again: not even its own file
        layer = keras.models.load_model(FOLDER / f"{case['name']}.keras", compile=False).layers[-1]
        if "vocabulary" in case:
            assert [str(t) for t in layer.get_vocabulary()] == [str(t) for t in case["vocabulary"]], case["name"]
        x = [array(reference) for reference in case["x"]]
        x = x if len(x) > 1 else x[0]
        if case["layer"] == "StringLookup" and layer.invert:
            outputs = np.vectorize(bytes.decode)(layer(tf.constant(x)).numpy())
        else:
            outputs = np.asarray(layer(x))
        np.testing.assert_array_equal(outputs, array(case["outputs"]), err_msg=case["name"])
        checked += 1
    print(f"{checked} models on text that Cornu wrote are what Keras recorded")


main()
