#!/usr/bin/env python3
"""Runs the real Keras on JAX and records what it does: record.py [FAMILY...]"""

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import subprocess
import sys
import time

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FAMILIES = ["models", "callbacks", "random", "seeded", "ops", "layers", "recurrent", "images",
            "losses", "metrics", "optimizers", "parts", "configs", "formats", "lora", "op_nodes"]
# Keras runs these through TensorFlow, which has an environment of its own (requirements-text.txt):
# they are recorded only when named.
WITH_TENSORFLOW = ["text"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY",
                        help=", ".join(FAMILIES + WITH_TENSORFLOW))
    parser.add_argument("--output", type=pathlib.Path, help="default: tests/golden")
    parser.add_argument("--new", action="store_true",
                        help="only cases of names that are not yet recorded, where a family can")
    parser.add_argument("--jobs", type=int, default=1, metavar="N",
                        help="record N families at a time, each in a process of its own")
    options = parser.parse_args()
    for name in options.families:
        if name not in FAMILIES + WITH_TENSORFLOW:
            parser.error(f"no family {name}; there are {', '.join(FAMILIES + WITH_TENSORFLOW)}")
    if options.jobs > 1:
        return record_apart(options)

    import golden

    for name in options.families or FAMILIES:
        start = time.monotonic()
        family = golden.Family(name)
        path = (options.output or golden.GOLDEN) / f"{name}.zip"
        family.old = path if options.new and path.exists() else None
        importlib.import_module(f"families.{name}").record(family)
        path = family.write(options.output or golden.GOLDEN)
        seconds = time.monotonic() - start
        kilobytes = path.stat().st_size / 1000
        print(f"{name}: {len(family.cases)} cases, {kilobytes:.0f} kB, {seconds:.0f} s")
    return 0


def record_apart(options):
    """Each family by a process of its own; what one prints comes when it is done."""
    arguments = ["--new"] if options.new else []
    if options.output:
        arguments += ["--output", str(options.output)]

    def run(name):
        command = [sys.executable, __file__, name, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print(done.stdout, flush=True)
        else:
            print(done.stdout.strip().splitlines()[-1], flush=True)
        return done.returncode

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        return max(pool.map(run, options.families or FAMILIES))


if __name__ == "__main__":
    sys.exit(main())
