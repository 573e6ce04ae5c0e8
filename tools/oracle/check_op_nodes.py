#!/usr/bin/env python3
"""Reads models of ops that Cornu wrote otherwise than Keras does, and compares what Keras computes.

    CORNU_WRITE_FILES=FOLDER build/test_models -tc='*files for the oracle'
    python tools/oracle/check_op_nodes.py FOLDER
"""

import json
import os
import pathlib
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras

import golden
from families import op_nodes, op_nodes_table, ops, ops_table


def cases():
    """The arguments of each case, and how its outputs come about."""
    counts = {}
    for row in ops_table.ROWS:
        counts[row.op] = counts.get(row.op, 0) + 1
        name = f"{row.op}_{counts[row.op]}"
        arguments = ops.drawn(row.arguments, golden.rng(name))
        yield name, arguments, op_nodes.of_case(row, arguments)[1]
    for name, specifications, function in op_nodes_table.EXPRESSIONS:
        arguments = ops.drawn(specifications, golden.rng(name))
        yield name, arguments, op_nodes.of_expression(function, arguments)[1]


def main():
    written = json.loads((pathlib.Path(sys.argv[1]) / "op_nodes.json").read_text())
    unused = {name for names in op_nodes_table.UNUSED.values() for name in names.split()}
    checked = 0
    for name, arguments, run in cases():
        if name not in written or name in unused:
            continue
        keras.utils.clear_session(free_memory=False)
        try:
            op_nodes.Ways.check(keras.models.model_from_json(written[name]), arguments, run())
        except Exception as error:
            raise SystemExit(f"check_op_nodes: {name}: {error}") from error
        checked += 1
    print(f"check_op_nodes: {checked} models of ops ok")


main()
