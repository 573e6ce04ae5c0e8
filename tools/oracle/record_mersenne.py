"""Records draws of Python's random and NumPy's RandomState: mersenne.json."""

import json
import random
import struct

import numpy as np

import output

SEEDS = [0, 1, 42, 1337, 2**31 - 1, 2**32 - 1]


def bits(value):
    return struct.pack(">d", value).hex()


def python_case(seed):
    rng = random.Random(seed)
    widths = [1, 7, 8, 31, 32, 33, 47, 63, 64, 0]
    ranges = [
        (1, 10**9), (0, 0), (-5, 5), (0, 2**31), (0, 2**32 - 1), (0, 2**32),
        (-(2**63), 2**63 - 2), (7, 2**40),
    ]  # fmt: skip
    items = list(range(20))
    case = {
        "seed": seed,
        "getrandbits": [[w, f"{rng.getrandbits(w):x}"] for w in widths],
        "randint": [[a, b, rng.randint(a, b)] for a, b in ranges * 3],
        "random": [bits(rng.random()) for _ in range(5)],
        "uniform": [bits(rng.uniform(-3.7, 11.3)) for _ in range(5)],
    }
    rng.shuffle(items)
    case["shuffle"] = items
    for _ in range(2000):  # past several refills
        rng.getrandbits(32)
    case["later"] = f"{rng.getrandbits(64):x}"
    return case


def numpy_case(seed):
    rng = np.random.RandomState(seed)
    ranges = [
        (0, 10), (0, 1), (-5, 5), (0, 2**31), (0, 2**32), (0, 2**32 + 1),
        (-(2**63), 2**63 - 1), (7, 2**40),
    ]  # fmt: skip
    case = {
        "seed": seed,
        "randint": [[a, b, int(rng.randint(a, b, dtype=np.int64))] for a, b in ranges * 3],
        "random_sample": [bits(x) for x in rng.random_sample(5)],
        "uniform": [bits(x) for x in rng.uniform(-3.7, 11.3, 5)],
        "permutation": rng.permutation(50).tolist(),
    }
    items = np.arange(20)
    rng.shuffle(items)
    case["shuffle"] = items.tolist()
    rng.randint(0, 2**32, 2000, dtype=np.int64)
    case["later"] = bits(rng.random_sample())
    return case


if __name__ == "__main__":
    value = {
        "python": [python_case(s) for s in SEEDS + [-42, 2**32, 2**40 + 5, -(2**63), 2**63 - 1]],
        "numpy": [numpy_case(s) for s in SEEDS],
    }
    (output.folder(__doc__) / "mersenne.json").write_text(json.dumps(value) + "\n")
