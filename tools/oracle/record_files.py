"""Writes small files with the real h5py, numpy, zipfile and Keras, and what they hold.

    python tools/oracle/record_files.py [--output DIR]        writes DIR/files

The files and expected.json are checked in; the tests of cornu/saving read them.
"""

import io
import json
import os
import pathlib
import zipfile
import zlib

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import h5py
import ml_dtypes
import numpy as np
import output

OUT = output.folder(__doc__) / "files"
EXPECTED = {"zip": {}, "hdf5": {}, "npy": {}, "npz": {}}

DTYPES = [
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
    "float16", "float32", "float64", "complex64", "complex128",
]


def sample(dtype, shape=(2, 3)):
    count = int(np.prod(shape))
    values = np.arange(count) - (0 if dtype.startswith("u") else 2)
    if dtype == "bool":
        values = values % 2
    if dtype.startswith("complex"):
        values = values + 0.5j * values
    return values.astype(dtype).reshape(shape)


def crc(array):
    """Of the elements, row-major and little-endian."""
    array = np.asarray(array)
    if array.dtype.kind != "V":
        array = array.astype(array.dtype.newbyteorder("<"))
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def describe_array(array):
    array = np.asarray(array)
    if array.dtype.kind in "SUO":
        strings = [s.decode() if isinstance(s, bytes) else str(s) for s in array.ravel()]
        return {"shape": list(array.shape), "dtype": "string", "strings": strings}
    return {"shape": list(array.shape), "dtype": array.dtype.name, "crc": crc(array)}


def describe_attribute(value):
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [describe_attribute(v) for v in value]
    if isinstance(value, np.generic):
        return describe_attribute(value.item())
    return value


def describe_hdf5(path):
    tree = {}

    def visit(name, obj):
        node = {"attributes": {k: describe_attribute(v) for k, v in obj.attrs.items()}}
        if isinstance(obj, h5py.Dataset):
            if node["attributes"].get("dtype") == "bfloat16":
                node |= {"shape": list(obj.shape), "dtype": "bfloat16", "crc": crc(obj[()])}
            else:
                node |= describe_array(obj[()])
        else:
            node["names"] = list(obj)
        tree[name] = node

    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    return tree


def record_zip():
    contents = {
        "config.json": b'{"name": "m"}',
        "assets/vocabulary.txt": "eins\nzw\u00f6lf\n".encode(),
        "empty": b"",
        "assets/\u00fcber.txt": b"x",
        "data": bytes(range(256)) * 4,
    }

    class Unseekable(io.RawIOBase):
        def __init__(self, file):
            self.file = file

        def writable(self):
            return True

        def write(self, data):
            return self.file.write(data)

    def write(name, method, stream=False, zip64=False):
        with open(OUT / name, "wb") as raw:
            with zipfile.ZipFile(Unseekable(raw) if stream else raw, "w", method) as archive:
                for member, data in contents.items():
                    info = zipfile.ZipInfo(member)
                    info.compress_type = method
                    with archive.open(info, "w", force_zip64=zip64) as out:
                        out.write(data)
                archive.mkdir("folder")
        members = {}
        with zipfile.ZipFile(OUT / name) as archive:
            for info in archive.infolist():
                members[info.filename] = {"size": info.file_size, "crc": zlib.crc32(archive.read(info))}
        EXPECTED["zip"][name] = members

    write("stored.zip", zipfile.ZIP_STORED)
    write("deflated.zip", zipfile.ZIP_DEFLATED)
    write("streamed.zip", zipfile.ZIP_DEFLATED, stream=True)
    write("streamed_stored.zip", zipfile.ZIP_STORED, stream=True)
    write("zip64.zip", zipfile.ZIP_STORED, zip64=True)


def record_hdf5():
    def fill(file, many):
        types = file.create_group("types")
        for dtype in DTYPES:
            types[dtype] = sample(dtype)
            if dtype in ("int16", "float16", "float64", "complex64"):
                types[dtype + "_big"] = sample(dtype).astype(np.dtype(dtype).newbyteorder(">"))
        data = types.create_dataset("bfloat16", data=sample("float32").astype(ml_dtypes.bfloat16))
        data.attrs["dtype"] = "bfloat16"
        types["fixed"] = np.array([b"one", b"three", b""])
        types["variable"] = np.array(["eins", "zw\u00f6lf", ""], dtype=object)
        shapes = file.create_group("shapes")
        shapes["scalar"] = np.float32(3)
        shapes["empty"] = np.zeros((0, 3), "float32")
        shapes["deep"] = sample("int16", (1, 2, 1, 3, 2))
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        values = sample("int32", (5,))
        h5py.h5d.create(shapes.id, b"compact", h5py.h5t.NATIVE_INT32,
                        h5py.h5s.create_simple((5,)), dcpl=compact).write(
                            h5py.h5s.ALL, h5py.h5s.ALL, values)
        chunks = file.create_group("chunks")
        square = sample("float32", (7, 10))
        chunks.create_dataset("plain", data=square, chunks=(3, 4))
        chunks.create_dataset("gzip", data=square, chunks=(3, 4), compression="gzip")
        chunks.create_dataset("shuffle", data=square, chunks=(3, 4), compression="gzip", shuffle=True)
        chunks.create_dataset("one", data=square, chunks=(7, 10), compression="gzip", shuffle=True)
        chunks.create_dataset("one_plain", data=square, chunks=(7, 10))
        attributes = file.create_group("attributes").attrs
        attributes["int"] = 3
        attributes["float"] = 2.5
        attributes["bool"] = True
        attributes["text"] = "zw\u00f6lf"
        attributes["empty_text"] = ""
        attributes["bytes"] = np.bytes_(b"3.15.1")
        attributes["names"] = [b"dense", b"dense_1"]
        attributes["fixed"] = np.array([b"kernel", b"bias"])
        attributes["texts"] = ["a", "\u00e4"]
        attributes["none"] = h5py.Empty("f")
        attributes["no_names"] = np.array([])
        attributes["matrix"] = np.arange(6, dtype="int64").reshape(2, 3)
        group = file.create_group("many")
        for i in range(many):
            group[f"v{i}"] = np.int8(i % 100)

    for name, libver, many in [("earliest.h5", None, 132), ("latest.h5", "latest", 60), ("v110.h5", ("v110", "v110"), 12)]:
        with h5py.File(OUT / name, "w", libver=libver) as file:
            fill(file, many)
            if libver:
                for i in range(20):
                    file["many"].attrs[f"attribute_{i}"] = "x" * i
        EXPECTED["hdf5"][name] = describe_hdf5(OUT / name)


def record_hostile():
    """What Keras itself refuses, or should: each at a dataset x, in old and in new files."""

    def soft_link(file):
        file["y"] = np.zeros(3)
        file["x"] = h5py.SoftLink("/y")

    def external_link(file):
        file["x"] = h5py.ExternalLink("/etc/passwd", "/y")

    def external_data(file):
        file.create_dataset("x", (16,), "uint8", external=[("/etc/passwd", 0, 16)])

    def virtual(file):
        layout = h5py.VirtualLayout((3,), "float32")
        layout[:] = h5py.VirtualSource("/etc/passwd", "y", (3,))
        file.create_virtual_dataset("x", layout)

    def cycle(file):
        file["x"] = np.zeros(3)
        file.create_group("a")["b"] = file["/"]

    def bomb(file):
        file.create_dataset("x", (1 << 40,), "uint8", chunks=(1 << 20,), compression="gzip")

    def hole(file):
        data = file.create_dataset("x", (30,), "uint8", chunks=(10,), compression="gzip")
        data[:10] = 1

    def nothing(file):
        file.create_dataset("x", (1000,), "float32")

    for make in [soft_link, external_link, external_data, virtual, cycle, bomb, hole, nothing]:
        for libver in ["earliest", "latest"]:
            with h5py.File(OUT / f"hostile_{make.__name__}_{libver}.h5", "w", libver=libver) as file:
                make(file)


def record_keras():
    import keras

    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(2)], name="mlp")
    model.compile("adam", "mse")
    model.fit(np.ones((8, 4)), np.zeros((8, 2)), verbose=0)
    model.save(OUT / "mlp.keras")
    model.save(OUT / "legacy.h5")
    half = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2, dtype="bfloat16")])
    half.save_weights(OUT / "bfloat16.weights.h5")
    for name in ["legacy.h5", "bfloat16.weights.h5"]:
        EXPECTED["hdf5"][name] = describe_hdf5(OUT / name)
    with zipfile.ZipFile(OUT / "mlp.keras") as archive:
        EXPECTED["zip"]["mlp.keras"] = {
            i.filename: {"size": i.file_size, "crc": zlib.crc32(archive.read(i))} for i in archive.infolist()}
        member = io.BytesIO(archive.read("model.weights.h5"))
    EXPECTED["hdf5"]["mlp.keras > model.weights.h5"] = describe_hdf5(member)


def record_npy():
    arrays = {dtype: sample(dtype) for dtype in DTYPES}
    arrays |= {f"{d}_big": sample(d).astype(np.dtype(d).newbyteorder(">")) for d in ["int32", "float64", "complex64"]}
    arrays |= {f"{d}_fortran": np.asfortranarray(sample(d, (2, 3, 4))) for d in ["int16", "float32"]}
    arrays["scalar"] = np.float32(3)
    arrays["empty"] = np.zeros((0, 3), "float32")
    arrays["text"] = np.array([["eins", "zw\u00f6lf"], ["", "\U0001f600x"]])
    arrays["text_big"] = arrays["text"].astype(arrays["text"].dtype.newbyteorder(">"))
    arrays["text_fortran"] = np.asfortranarray(arrays["text"])
    arrays["bytes"] = np.array([b"one", b"three"])
    arrays["bfloat16"] = sample("float32").astype(ml_dtypes.bfloat16)
    for name in ["float32", "int32_big", "float32_fortran", "text", "bfloat16"]:
        np.save(OUT / f"{name}.npy", arrays[name])
        EXPECTED["npy"][f"{name}.npy"] = describe_array(arrays[name])
    for version in [(2, 0), (3, 0)]:
        with open(OUT / f"version{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, arrays["int16"], version=version)
        EXPECTED["npy"][f"version{version[0]}.npy"] = describe_array(arrays["int16"])
    np.save(OUT / "pickled.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.savez(OUT / "arrays.npz", **arrays)
    np.savez_compressed(OUT / "compressed.npz", **arrays)
    for name in ["arrays.npz", "compressed.npz"]:
        EXPECTED["npz"][name] = {k: describe_array(v) for k, v in arrays.items()}


OUT.mkdir(parents=True, exist_ok=True)
record_zip()
record_hdf5()
record_hostile()
record_npy()
record_keras()
(OUT / "expected.json").write_text(json.dumps(EXPECTED, separators=(",", ":")) + "\n")
print(f"{sum(f.stat().st_size for f in OUT.iterdir())} bytes in {OUT}")
