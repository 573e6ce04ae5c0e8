#!/usr/bin/env python3
"""Files that Cornu saved for older versions of Keras: each of these loads its own and trains on from
them as Cornu does, and Cornu reads what they save.

    CORNU_WRITE_FILES=FOLDER build/test_saving -tc='*files for older versions'
    python tools/oracle/check_versions.py FOLDER --cornu build/cornu --versions .venv/versions

The versions are installed, each in a folder of its own, without dependencies: JAX, NumPy and h5py
are those of the Python that runs this. FOLDER holds VERSION/NAME.keras and NAME.npz with `x`, `y`,
Cornu's predictions `before` one more step on them and, of some, `after` it.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

# With what they need beside the packages of the oracle.
VERSIONS = {
    "3.0.5": ["dm-tree==0.1.10", "attrs==26.1.0", "wrapt==2.5.2"],
    "3.3.3": [],
    "3.6.0": [],
    "3.10.0": [],
}
# Keras 3.0 and 3.1 do not load what they save of it either.
BROKEN = {("3.0.5", "bidirectional")}


def install(version, folder):
    """Made beside and renamed: a half-made one is never taken for done."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            wanted = [f"keras=={version}", *VERSIONS[version]]
            subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install",
                            "--no-deps", "--only-binary", ":all:", "--target", f"{made}/lib", *wanted], check=True)
            pathlib.Path(made, "lib").rename(folder)


def expect_close(what, a, b, t):
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    assert a.shape == b.shape, (what, a.shape, b.shape)
    at = float(np.max(np.abs(a - b) / (np.abs(b) + np.abs(b).max())))
    assert at <= t, f"{what}: close only at {at:.1e}, expected {t:.1e}"


def check(folder, version):
    """Runs where `version` is what `import keras` finds."""
    import keras

    assert keras.__version__ == version, keras.__version__
    for path in sorted((folder / version).glob("*.keras")):
        if (version, path.stem) in BROKEN or ".theirs" in path.stem:
            continue
        arrays = np.load(folder / f"{path.stem}.npz")
        model = keras.saving.load_model(path)
        what = f"Keras {version}, {path.stem}"

        def predictions():
            out = model.predict_on_batch(arrays["x"])  # a list of one in versions before 3.3
            return out[0] if isinstance(out, list) else out

        expect_close(what, predictions(), arrays["before"], 1e-5)
        model.save(path.with_suffix(".theirs.keras"))
        if "after" in arrays:  # by line, since each is compiled for one step alone
            model.compile(optimizer=model.optimizer, loss=model.loss, run_eagerly=True)
            model.train_on_batch(arrays["x"], arrays["y"])
            expect_close(f"{what} trained", predictions(), arrays["after"], 1e-4)


def check_read(folder, version, cornu):
    count = 0
    for path in sorted((folder / version).glob("*.theirs.keras")):
        name = path.name.removesuffix(".theirs.keras")
        with np.load(folder / f"{name}.npz") as arrays, tempfile.TemporaryDirectory() as here:
            np.savez(f"{here}/in.npz", x0=arrays["x"])
            subprocess.run([cornu, "predict", path, "--inputs", f"{here}/in.npz", "--outputs", f"{here}/out.npz"],
                           check=True, timeout=100)
            with np.load(f"{here}/out.npz") as out:
                expect_close(f"{name} saved by Keras {version}", out["y0"], arrays["before"], 1e-5)
            count += 1
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--cornu", type=pathlib.Path, help="the command")
    parser.add_argument("--versions", type=pathlib.Path, help="where to install them")
    parser.add_argument("--check", metavar="VERSION", help="only this one, found already")
    options = parser.parse_args()
    if options.check:
        return check(options.folder, options.check)
    count = 0
    for version in VERSIONS:
        lib = options.versions.resolve() / version
        install(version, lib)
        env = os.environ | {"PYTHONPATH": str(lib), "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
        command = [sys.executable, __file__, options.folder, "--check", version]
        subprocess.run(command, check=True, env=env, timeout=300)
        count += check_read(options.folder, version, options.cornu.resolve())
    assert count > 0, "no files"
    print(f"check_versions: {count} models with Keras {', '.join(VERSIONS)} ok")


main()
