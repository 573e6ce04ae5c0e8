#!/usr/bin/env python3
"""Runs the real Keras on JAX and records what it does: record.py [FAMILY...]"""

import argparse
import importlib
import os
import pathlib
import sys
import time

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

FAMILIES = ["models", "callbacks", "random", "seeded", "ops", "layers", "recurrent", "losses",
            "metrics", "optimizers", "parts", "configs", "formats"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--output", type=pathlib.Path, help="default: tests/golden")
    parser.add_argument("--new", action="store_true",
                        help="only cases of names that are not yet recorded, where a family can")
    options = parser.parse_args()
    for name in options.families:
        if name not in FAMILIES:
            parser.error(f"no family {name}; there are {', '.join(FAMILIES)}")

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


if __name__ == "__main__":
    sys.exit(main())
