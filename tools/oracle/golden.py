"""Packs recorded cases: one zip a family, `cases.json` and members (docs/golden.md)."""

import contextlib
import datetime
import io
import json
import math
import os
import pathlib
import types
import unittest.mock
import zipfile
import zlib

import keras
import ml_dtypes
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"


class File:
    """Bytes to be packed as they are, with the extension the member shall have."""

    def __init__(self, content, extension):
        self.content = content
        self.extension = extension


def rng(name):
    """A generator of its own for each name, so that a new row changes no other row's numbers."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def fresh(seed=0):
    """Layer names and draws must not depend on what was recorded before."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)


@contextlib.contextmanager
def still():
    """Files hold the time and addresses of objects; both would make every recording differ."""
    seen = {}  # holds the objects too: an address must not be used again meanwhile
    now = types.SimpleNamespace(now=lambda: datetime.datetime(2026, 1, 1))
    clock = types.SimpleNamespace(datetime=now)
    with (
        unittest.mock.patch("time.localtime", lambda *_: (1980, 1, 1, 0, 0, 0, 0, 1, 0)),
        unittest.mock.patch("keras.src.saving.saving_lib.datetime", clock),
        unittest.mock.patch(
            "keras.src.saving.serialization_lib.id",
            lambda thing: seen.setdefault(id(thing), (len(seen) + 1, thing))[0],
            create=True,
        ),
    ):
        yield


def saved(model, extension="keras"):
    """The file that Keras writes for the model."""
    path = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"golden-{os.getpid()}.{extension}"
    weights_only = extension.endswith("weights.h5")
    with still():
        model.save_weights(path) if weights_only else model.save(path)
    content = path.read_bytes()
    path.unlink()
    return File(content, extension)


def loaded(file, **options):
    """The model that Keras reads from such a file."""
    path = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"golden-{os.getpid()}.keras"
    path.write_bytes(file.content)
    model = keras.saving.load_model(path, **options)
    path.unlink()
    return model


def config_of(thing):
    """The JSON that a `.keras` file would hold for the object."""
    with still():
        return json.loads(json.dumps(keras.saving.serialize_keras_object(thing)))


def is_array(value):
    return isinstance(value, (np.ndarray, np.generic)) or (
        hasattr(value, "__array__") and not isinstance(value, (list, tuple))
    )


class Family:
    """Collects the cases of one family and writes them as one deterministic zip."""

    def __init__(self, name):
        self.name = name
        self.cases = []
        self.members = {}
        self.old = None

    def kept(self, name):
        """With `--new`: takes the case over from the recorded zip; false where it must be made."""
        if self.old is None:
            return False
        with zipfile.ZipFile(self.old) as archive:
            cases = json.loads(archive.read("cases.json"))["cases"]
            found = [case for case in cases if case["name"] == name]
            self.cases += found
            for member in archive.namelist():
                if member.startswith(f"{name}/"):
                    self.members[member] = archive.read(member)
        return bool(found)

    def case(self, name, **fields):
        """Adds a case: JSON values, in which arrays and `File`s may stand anywhere."""
        if any(case["name"] == name for case in self.cases):
            raise ValueError(f"{self.name}: two cases are named {name}")
        packed = {key: self._pack(value, f"{name}/{key}") for key, value in fields.items()}
        self.cases.append({"name": name, **packed})

    def _pack(self, value, path):
        if isinstance(value, File):
            member = f"{path}.{value.extension}"
            self.members[member] = value.content
            return {"file": member}
        if isinstance(value, dict):
            return {str(k): self._pack(v, f"{path}.{k}") for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._pack(v, f"{path}.{i}") for i, v in enumerate(value)]
        if isinstance(value, keras.Variable):
            return self._pack(np.asarray(value.value), path)
        if is_array(value):
            return self._array(np.asarray(value), f"{path}.npy")
        if isinstance(value, float) and not math.isfinite(value):
            return {"float": str(value)}
        if isinstance(value, complex):
            return {"complex": [value.real, value.imag]}
        return value

    def _array(self, array, member):
        dtype = array.dtype.name
        if array.dtype.kind == "U":
            dtype = "string"
        elif array.dtype.kind == "V" or hasattr(ml_dtypes, dtype):
            # A .npy knows no such type: keep the bits, and the type's name beside them.
            array = array.view({1: np.uint8, 2: np.uint16}[array.dtype.itemsize])
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.array(array, order="C"), allow_pickle=False)
        self.members[member] = buffer.getvalue()
        return {"npy": member, "dtype": dtype}

    def write(self, folder=GOLDEN):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.zip"
        beside = path.with_suffix(".part")
        cases = {"keras": keras.__version__, "family": self.name, "cases": self.cases}
        text = json.dumps(cases, indent=1, allow_nan=False).encode()
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for member, content in [("cases.json", text), *self.members.items()]:
                info = zipfile.ZipInfo(member)
                info.external_attr = 0o644 << 16
                # A .keras file is a zip already; the arrays in it are stored, so it does shrink.
                archive.writestr(info, content, zipfile.ZIP_DEFLATED, compresslevel=9)
        os.replace(beside, path)
        return path
