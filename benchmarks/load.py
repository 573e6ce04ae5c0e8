#!/usr/bin/env python3
"""Loading a .keras file of about 500 MB of float32 weights: Keras on JAX against Cornu.

    python benchmarks/load.py build [--megabytes 500] [--runs 3]

Both load the same two files, one that Keras wrote and one that Cornu wrote, from a warm page cache and
after imports. Printed are the best of RUNS, their ratio, and the peak of anonymous memory.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"


def anonymous_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("RssAnon:"))


def keras_child(path, runs):
    import keras

    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])  # all that is made on first use
    for _ in range(runs):
        before, peak, done = anonymous_mb(), [0.0], threading.Event()

        def watch():
            while not done.wait(0.002):
                peak[0] = max(peak[0], anonymous_mb())

        thread = threading.Thread(target=watch)
        thread.start()
        start = time.perf_counter()
        model = keras.models.load_model(path)
        seconds = time.perf_counter() - start
        done.set()
        thread.join()
        print(json.dumps({"seconds": seconds, "anonymous_mb": max(peak[0], anonymous_mb()) - before}))
        del model


def best(command):
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    return min(r["seconds"] for r in rows), max(r["anonymous_mb"] for r in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="where bench_load was built")
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    import keras

    with tempfile.TemporaryDirectory() as folder:
        theirs, ours = f"{folder}/theirs.keras", f"{folder}/ours.keras"
        units = 2048
        count = max(1, round(options.megabytes * 1e6 / (4 * units * units)))
        model = keras.Sequential([keras.Input((units,))] + [keras.layers.Dense(units, activation="relu") for _ in range(count)])
        model.save(theirs)
        subprocess.run([options.build / "cornu", "convert", theirs, ours], check=True)
        megabytes = sum(v.value.nbytes for v in model.weights) / 1e6
        print(f"{count} layers, {megabytes:.0f} MB of weights")
        for name, path in [("Keras's file", theirs), ("Cornu's file", ours)]:
            keras_seconds, keras_mb = best([sys.executable, __file__, "--keras", path, str(options.runs)])
            seconds, mb = best([options.build / "bench_load", path, str(options.runs)])
            print(f"{name}: Keras {keras_seconds:.3f} s, {keras_mb:.0f} MB anonymous; Cornu {seconds:.4f} s, {mb:.0f} MB "
                  f"({mb * 1.048576 / megabytes:.2f} of the weights); {keras_seconds / seconds:.1f} times faster")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--keras"]:
        keras_child(sys.argv[2], int(sys.argv[3]))
    else:
        main()
