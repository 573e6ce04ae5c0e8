#!/usr/bin/env python3
"""Each public symbol of Keras: Cornu's, or why there is none. Writes docs/parity.md; --check only compares.

A symbol counts as here when a public header declares its name in the right rooms. What is called
otherwise, or is not here, stands in parity.txt with its reason; a line there for what is here, or for
what Keras does not have, is an error.
"""

import argparse
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
API = ROOT / "tools" / "oracle" / "keras-api.json"
TABLE = pathlib.Path(__file__).with_name("parity.txt")
OUTPUT = ROOT / "docs" / "parity.md"

# Keras's namespace: the rooms whose headers may declare its symbols, and the namespace in C++.
ROOMS = {
    "keras": (["layers", "models", "tensor", "base", "losses", "metrics", "optimizers", "initializers", "regularizers",
               "dtype_policies", "ops"], ""),
    "keras.activations": (["activations", "ops"], "activations"),
    "keras.callbacks": (["training"], "callbacks"),
    "keras.config": (["tensor", "backend", "dtype_policies", "base"], "config"),
    "keras.constraints": (["constraints"], "constraints"),
    "keras.dtype_policies": (["dtype_policies"], ""),
    "keras.initializers": (["initializers"], "initializers"),
    "keras.layers": (["layers", "models"], "layers"),
    "keras.losses": (["losses"], "losses"),
    "keras.metrics": (["metrics", "losses"], "metrics"),
    "keras.models": (["models", "saving"], ""),
    "keras.ops": (["ops", "autodiff"], "ops"),
    "keras.ops.image": (["ops", "random"], "ops::image"),
    "keras.optimizers": (["optimizers"], "optimizers"),
    "keras.optimizers.schedules": (["optimizers"], "optimizers::schedules"),
    "keras.random": (["random"], "random"),
    "keras.regularizers": (["regularizers"], "regularizers"),
    "keras.saving": (["saving", "models"], "saving"),
    "keras.tree": (["tensor"], ""),
    "keras.utils": (["utils", "models", "visualization", "random", "tensor"], "utils"),
    "keras.utils.bounding_boxes": (["utils"], "utils::bounding_boxes"),
}
# The same symbols under an older or a narrower name.
SAME = {"keras.ops.linalg": "keras.ops", "keras.ops.nn": "keras.ops", "keras.ops.numpy": "keras.ops",
        "keras.mixed_precision": "keras.dtype_policies", "keras.visualization": "keras.utils"}
TYPE = re.compile(r"^(?:class|struct|using)\s+(?:CORNU_API\s+)?([A-Z]\w*)", re.M)
FUNCTION = re.compile(r"^\s*(?:CORNU_API|inline|template\b.*>)\s[^;={]*", re.M)


def declared(rooms):
    names = set()
    for room in rooms:
        for header in sorted((ROOT / "cornu" / room).rglob("*.h")):
            if not header.name.endswith("_impl.h"):
                text = header.read_text()
                names.update(TYPE.findall(text))
                for line in FUNCTION.findall(text):
                    names.update(re.findall(r"\b(\w+)\(", line))
    return names


def table():
    """By pattern ("keras.ops.shape", "keras.applications.*"): "= what it is called" or "- why not"."""
    lines = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            symbol, sign, text = line.split(maxsplit=2)
            if sign not in "=-" or symbol in lines:
                sys.exit(f"{TABLE.name}: not a line, or twice: {line}")
            lines[symbol] = sign, text
    return lines


def parity():
    """Lines of the document, and what is wrong with the table."""
    api = json.loads(API.read_text())["api"]
    lines, used, wrong = table(), set(), []
    out, totals, whole = [], [], [0, 0, 0, 0]
    for space in sorted(api):
        symbols = api[space]
        if space in SAME:
            symbols = {n: s for n, s in symbols.items() if n not in api[SAME[space]]}
        rooms, prefix = ROOMS.get(space, ([], ""))
        names = declared(rooms)
        same, others, missing = [], [], []
        by_thing = {}
        for name, symbol in symbols.items():
            by_thing.setdefault(symbol.get("is", name), []).append(name)
        for name, symbol in sorted(symbols.items()):
            full = f"{space}.{name}"
            alias = next((n for n in by_thing[symbol.get("is", name)] if n in names), None)
            parents = [f"{space[:i]}.*" for i in range(len(space), 5, -1) if i == len(space) or space[i] == "."]
            line = next((k for k in (full, *parents, f"keras.*.{name}") if k in lines), None)
            if name in names:
                same.append(name)
                if line == full:
                    wrong.append(f"{full} is declared: take its line away")
            elif alias:
                others.append((name, f"`{prefix}::{alias}`" if prefix else f"`{alias}`"))
                if line == full:
                    wrong.append(f"{full} is {alias}: take its line away")
            elif line is None:
                wrong.append(f"{full} is not declared, and has no line")
            else:
                used.add(line)
                sign, text = lines[line]
                (others if sign == "=" else missing).append((name, text))
        if not symbols:
            continue
        counts = [len(symbols), len(same) + len(others), sum(t.startswith("later") for _, t in missing)]
        counts.append(counts[0] - counts[1] - counts[2])
        whole = [a + b for a, b in zip(whole, counts)]
        totals.append(f"| `{space}` | " + " | ".join(map(str, counts)) + " |")
        out.append(f"\n## {space}\n")
        if same:
            where = f" in `cornu::{prefix}`" if prefix else ""
            out.append(f"Of the same name{where}: " + ", ".join(f"`{n}`" for n in same) + ".\n")
        if others or missing:
            out.append("| Keras | Cornu |\n|---|---|")
            out += [f"| `{n}` | {text} |" for n, text in others]
            grouped = {}
            for n, text in missing:
                grouped.setdefault(text, []).append(n)
            out += [f"| {', '.join(f'`{n}`' for n in ns)} | {text} |" for text, ns in grouped.items()]
    wrong += [f"{TABLE.name}: {symbol} is needed by no symbol" for symbol in lines if symbol not in used]
    head = ["# Keras's symbols, and Cornu's\n",
            "Written by `tools/parity/parity.py` from the public symbols of Keras 3.15.1 and the public headers; a test compares. "
            "What is called otherwise or is not here stands in `tools/parity/parity.txt`.\n",
            "| namespace | symbols | here | later | not in C++ |\n|---|---|---|---|---|", *totals,
            "| all | " + " | ".join(map(str, whole)) + " |"]
    return "\n".join(head + out) + "\n", wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    text, wrong = parity()
    for line in wrong:
        print(line, file=sys.stderr)
    if not check:
        OUTPUT.write_text(text)
    elif OUTPUT.read_text() != text:
        print(f"{OUTPUT.relative_to(ROOT)} is out of date: run tools/parity/parity.py", file=sys.stderr)
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
