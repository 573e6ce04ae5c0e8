"""Where a recorder of its own (record_*.py) writes: tests/golden, or what --output names."""

import argparse
import pathlib

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"


def folder(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--output", type=pathlib.Path, default=GOLDEN)
    return parser.parse_args().output
