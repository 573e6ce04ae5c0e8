"""Records dtype promotion and small-float conversions from Keras, NumPy and ml_dtypes.

Writes dtype_promotion.json and dtype_conversions.json.
"""

import json
import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import ml_dtypes
import numpy as np
import output
from keras.src import backend
from keras.src.backend.common import dtypes

NAMES = [
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
    "float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2", "int4",
    "complex64", "complex128", "string",
]  # fmt: skip
OPERANDS = NAMES + ["weak int", "weak float", "weak bool", "weak complex"]
PYTHON = {"weak int": int, "weak float": float, "weak bool": bool, "weak complex": complex}


def result(*names):
    try:
        return dtypes.result_type(*(PYTHON.get(n, n) for n in names))
    except ValueError:
        return "error"


def promotions():
    # 64-bit types are real in Cornu; Keras narrows them in one table, which is emptied here.
    dtypes.BIT64_TO_BIT32_DTYPE.clear()
    out = {"operands": ", ".join(OPERANDS)}
    for floatx in ["float32", "float16", "bfloat16", "float64"]:
        backend.set_floatx(floatx)
        out[floatx] = {
            "none": result(),
            "one": " ".join(result(a) for a in OPERANDS),
            "two": [" ".join(result(a, b) for b in OPERANDS) for a in OPERANDS],
        }
    backend.set_floatx("float32")
    # Triples show that promotion is by set, not by pairs: int8, uint8, weak float, and so on.
    rng = np.random.default_rng(0)
    usable = [n for n in OPERANDS if result(n) not in ("error", "string")]
    triples = [[str(n) for n in rng.choice(usable, 3)] for _ in range(300)]
    out["triples"] = [", ".join(t + [result(*t)]) for t in triples]
    return out


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def conversions():
    types = {
        "float16": (np.float16, np.uint16),
        "bfloat16": (ml_dtypes.bfloat16, np.uint16),
        "float8_e4m3fn": (ml_dtypes.float8_e4m3fn, np.uint8),
        "float8_e5m2": (ml_dtypes.float8_e5m2, np.uint8),
    }
    # Every upper half of a float32 with lower halves around the ties of every type.
    lows = [0, 1, 0x0FFF, 0x1000, 0x1001, 0x7FFF, 0x8000, 0x8001, 0xFFFF]
    high = np.arange(1 << 16, dtype=np.uint32) << 16
    sweep = (high[:, None] | np.array(lows, np.uint32)).reshape(-1).view(np.float32)
    sweep = sweep[~np.isnan(sweep)]
    inputs = [
        0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 6e-8, 2.98e-8, 2.9802322e-8, 5.96e-8, 6.1e-5, 65504.0,
        65519.0, 65520.0, 1e30, 3.4e38, -3.4e38, 1e-40, 448.0, 463.9, 464.0, 464.1, 480.0,
        57344.0, 61439.0, 61440.0, 2**-9, 2**-10, 1.5 * 2**-10, 2**-16, 2**-17, 1.1 * 2**-17,
        float("inf"), float("-inf"), float("nan"), -float("nan"),
    ]  # fmt: skip
    inputs = np.array(inputs, np.float32)
    out = {
        "lows": " ".join(f"{low:x}" for low in lows),
        "inputs": " ".join(f"{b:08x}" for b in inputs.view(np.uint32)),
    }
    with np.errstate(all="ignore"):
        for name, (dtype, raw) in types.items():
            every = np.arange(1 << (8 * np.dtype(raw).itemsize), dtype=raw).view(dtype)
            decoded = every.astype(np.float32)
            nans = np.isnan(decoded)
            out[name] = {
                "encoded": " ".join(f"{b:x}" for b in inputs.astype(dtype).view(raw)),
                "nans": int(nans.sum()),
                "decode_fnv1a": fnv1a(decoded[~nans].view(np.uint32).astype("<u4").tobytes()),
                "encode_fnv1a": fnv1a(sweep.astype(dtype).view(raw).astype("<u2").tobytes()),
            }
    return out


def write(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    folder = output.folder(__doc__)
    write(folder / "dtype_promotion.json", promotions())
    write(folder / "dtype_conversions.json", conversions())
