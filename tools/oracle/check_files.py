"""Reads files that Cornu wrote with the real h5py, numpy, zipfile and Keras.

    python tools/oracle/check_files.py --cornu build/cornu

The files are written by the test program of cornu/saving, which lies beside the command.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile
import zipfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import h5py
import keras
import ml_dtypes
import numpy as np

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="cornu-files-"))
GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/files"
DTYPES = [
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16",
    "bfloat16", "float32", "float64", "complex64", "complex128",
]


def counting(dtype, shape):
    count = int(np.prod(shape))
    values = np.arange(count) % (2 if dtype == "bool" else 200)
    return values.astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype).reshape(shape)


def equal(got, want):
    got = np.asarray(got)
    assert got.dtype == want.dtype and got.shape == want.shape, (got.dtype, got.shape, want.dtype)
    np.testing.assert_array_equal(got, want)


def check_hdf5():
    with h5py.File(FOLDER / "all.h5") as file:
        assert sorted(file) == ["empty", "large", "many", "no", "scalar", "types"], list(file)
        for dtype in DTYPES:
            data = file["types"][dtype]
            if dtype == "bfloat16":
                assert data.attrs["dtype"] == "bfloat16"
                equal(np.array(data, dtype=ml_dtypes.bfloat16), counting(dtype, (2, 3)))
            else:
                equal(data[()], counting(dtype, (2, 3)))
        equal(file["large"][()], counting("float32", (50, 100)))
        assert file["large"].id.get_offset() % 64 == 0
        assert file["large"].attrs["attached"] == "to a dataset"
        equal(file["scalar"][()], counting("float32", ()))
        assert file["empty"].shape == (0, 3) and file["empty"][()].size == 0
        assert len(file["no/children"]) == 0
        many = sorted(f"layer_{i}" for i in range(1500))
        assert list(file["many"]) == many and all(name in file["many"] for name in many)
        assert list(file["many"].attrs["names"]) == [f"layer_{i}" for i in range(1000)]
        assert [n.decode() for n in file.attrs["layer_names"]] == ["dense", "dense_1"]
        assert file.attrs["keras_version"] == b"3.15.1", file.attrs["keras_version"]
        attributes = file["no"].attrs
        assert attributes["text"] == "zw\u00f6lf" and attributes["empty_text"] == ""
        assert attributes["nothing"].shape == (0,)
        assert attributes["integer"] == -3 and attributes["real"] == 2.5 and attributes["boolean"] == True  # noqa: E712
    # The file must also stand being changed by the library.
    with h5py.File(FOLDER / "all.h5", "r+") as file:
        for i in range(300):
            file["many"].create_group(f"added_{i}")
        del file["many/layer_7"]
        file["no"].attrs["more"] = "x" * 1000
        file["no/children/new"] = counting("float32", (10,))
    with h5py.File(FOLDER / "all.h5") as file:
        assert len(file["many"]) == 1500 + 300 - 1
        equal(file["no/children/new"][()], counting("float32", (10,)))


def check_zip():
    with zipfile.ZipFile(FOLDER / "members.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["stored", "deflated", "assets/zw\u00f6lf.txt", "model.weights.h5"]
        assert archive.read("stored") == b"s" * 10_000
        assert archive.read("deflated") == b"d" * 10_000
        assert archive.read("assets/zw\u00f6lf.txt") == b"12"
        assert archive.getinfo("deflated").compress_size < 1000
        assert archive.read("model.weights.h5") == (FOLDER / "dense.weights.h5").read_bytes()
    with zipfile.ZipFile(FOLDER / "many.zip") as archive:
        assert len(archive.namelist()) == 66_000


def check_npz():
    with np.load(FOLDER / "arrays.npz") as arrays:
        for dtype in DTYPES:
            got = arrays[dtype]
            equal(got.view(ml_dtypes.bfloat16) if dtype == "bfloat16" else got, counting(dtype, (2, 3)))
        equal(arrays["scalar"], counting("float32", ()))
        equal(arrays["row"], counting("float32", (6,)))
        assert arrays["text"].tolist() == [["eins", "zw\u00f6lf"], ["", "\U0001f600"]]


def check_keras():
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, name="dense")])
    model.load_weights(FOLDER / "dense.weights.h5")
    equal(model.layers[0].kernel, counting("float32", (4, 3)))
    equal(model.layers[0].bias, counting("float32", (3,)))
    ours = keras.models.load_model(FOLDER / "mlp.keras")
    theirs = keras.models.load_model(GOLDEN / "mlp.keras")
    for a, b in zip(ours.variables + ours.optimizer.variables, theirs.variables + theirs.optimizer.variables, strict=True):
        equal(a, np.asarray(b))
    x = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
    equal(ours.predict(x, verbose=0), theirs.predict(x, verbose=0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cornu", type=pathlib.Path, required=True, help="the command, as build/cornu")
    program = parser.parse_args().cornu.resolve().parent / "test_saving"
    try:
        subprocess.run([program, "--test-case=files for the oracle"], check=True,
                       stdout=subprocess.DEVNULL, env=os.environ | {"CORNU_WRITE_FILES": str(FOLDER)})
        for check in [check_hdf5, check_zip, check_npz, check_keras]:
            check()
            print(check.__name__, "ok")
    finally:
        shutil.rmtree(FOLDER)


if __name__ == "__main__":
    main()
