"""Records what Python's json writes: json_python.json and json_python_indent.json."""

import json
import random
import struct

import output


def document():
    rng = random.Random(0)
    floats = [
        0.0, -0.0, 1.0, -1.0, 0.1, 1e-07, 0.001, 0.0001, 0.00001, 1e15, 1e16, 123456789012345680.0,
        9007199254740993.0, 1e22, 1e23, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
        float("nan"), float("inf"), float("-inf"), 1 / 3, 100.0, 12345.678,
    ]  # fmt: skip
    while len(floats) < 400:
        value = struct.unpack("<d", rng.randbytes(8))[0]
        if value == value:
            floats.append(value)
    while len(floats) < 600:
        floats.append(rng.uniform(-1000, 1000))
    return {
        "floats": floats,
        "bits": [struct.pack(">d", value).hex() for value in floats],
        "ints": [0, -1, 2**31, -(2**63), 2**63 - 1],
        "strings": [
            "", "plain", 'quote " backslash \\ slash /', "\b\f\n\r\t\x00\x1f\x7f",
            "é ß 漢字 🙂 \u2028 \ufeff \uffff", "NaN", "a\\\\", '\\"Infinity, -Infinity',
        ],
        "nested": {"empty list": [], "empty dict": {}, "list": [[1, [2.5, None]], {"a": True}]},
        "é": False,
    }  # fmt: skip


if __name__ == "__main__":
    folder = output.folder(__doc__)
    (folder / "json_python.json").write_text(json.dumps(document()))
    (folder / "json_python_indent.json").write_text(json.dumps(document(), indent=2))
