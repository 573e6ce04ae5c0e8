#!/usr/bin/env python3
"""Packs the UCI handwritten digits, as scikit-learn's wheel carries them, into digits.npz."""

import io
import pathlib
import sys
import zipfile

import numpy as np
from sklearn.datasets import load_digits

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "examples" / "data" / "digits.npz"


def main():
    digits = load_digits()
    arrays = {"x": digits.images.astype("uint8"), "y": digits.target.astype("int32")}
    if arrays["x"].shape != (1797, 8, 8) or not np.array_equal(arrays["x"], digits.images):
        print("make_digits: not the data set that is known", file=sys.stderr)
        return 1
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(OUTPUT, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            # ZipInfo's fixed date: the same data make the same file.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(),
                             zipfile.ZIP_DEFLATED, compresslevel=9)
    print(f"{OUTPUT}: {OUTPUT.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
