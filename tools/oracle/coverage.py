#!/usr/bin/env python3
"""Which public symbols of Keras have a recorded case, and which have none, room by room."""

import argparse
import json
import pathlib
import re
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parents[1] / "tests" / "golden"
ROOMS = ["ops", "layers", "losses", "metrics", "optimizers", "optimizers.schedules", "initializers",
         "regularizers", "constraints", "activations", "random"]
HELPERS = {"get", "serialize", "deserialize"}  # they have no numbers of their own


def recorded():
    """Names that occur in the cases: of ops, and of all else, wherever a config names it."""
    ops, names = set(), set()

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("op"), str):
                ops.add(value["op"])
            for key in ("function", "layer", "class_name"):
                if isinstance(value.get(key), str):
                    names.add(value[key])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    for path in sorted(GOLDEN.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            walk(json.loads(archive.read("cases.json"))["cases"])
            for member in archive.namelist():
                if member.endswith(".keras"):
                    with archive.open(member) as file, zipfile.ZipFile(file) as model:
                        walk(json.loads(model.read("config.json")))
    if (GOLDEN / "random.zip").exists():
        names.add("SeedGenerator")
    return ops, names


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=", ".join(ROOMS))
    options = parser.parse_args()
    api = json.loads((HERE / "keras-api.json").read_text())["api"]
    ops, others = recorded()
    word = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
    others |= {word.sub("_", name).lower() for name in others}
    for room in options.rooms or ROOMS:
        names = ops if room == "ops" else others
        symbols = api[f"keras.{room}"]
        symbols = {name: symbols[name] for name in symbols if name not in HELPERS}
        # Two names of one thing (MaxPool2D, MaxPooling2D) are covered by a case of either.
        covered_things = {entry.get("is") for name, entry in symbols.items() if name in names}
        missing = [
            name for name, entry in symbols.items()
            if name not in names and entry.get("is") not in covered_things
        ]
        print(f"{room}: {len(symbols) - len(missing)} of {len(symbols)} recorded")
        if missing:
            print("    without a case: " + " ".join(missing))


if __name__ == "__main__":
    main()
