"""Functional models whose nodes are calls of keras.ops, as Keras saves them."""

import json
import pathlib
import warnings

import keras
import numpy as np

import golden
from families import ops as of_ops
from families.op_nodes_table import EXPRESSIONS, NO_NODES, UNSAVED, UNUSED
from families.ops_table import ROWS

API = pathlib.Path(__file__).resolve().parents[1] / "keras-api.json"


def record(family):
    seen, counts, ways = set(), {}, Ways(family)
    for row in ROWS:
        counts[row.op] = counts.get(row.op, 0) + 1
        name = f"{row.op}_{counts[row.op]}"
        arguments = of_ops.drawn(row.arguments, golden.rng(name))
        if not holds_arrays(arguments) or manner(row, arguments) in seen:
            continue
        seen.add(manner(row, arguments))
        ways.record(name, row.op, *of_case(row, arguments), arguments, of=name)
    for name, specifications, function in EXPRESSIONS:
        arguments = of_ops.drawn(specifications, golden.rng(name))
        op = name.split("/")[0]
        ways.record(name, op, *of_expression(function, arguments), arguments, args=arguments)
    ways.check_lists()
    check_symbols({case["op"] for case in family.cases} | set(ways.unsaved_ops))


def holds_arrays(arguments):
    return any(golden.is_array(item) for item in keras.tree.flatten(arguments))


def manner(row, arguments):
    """One case is taken for each way of calling an op, not for each of its values."""
    kinds = [type(a).__name__ if isinstance(a, (list, tuple)) else golden.is_array(a)
             for a in arguments]
    return repr((row.op, kinds, row.by_name, sorted(row.attributes)))


def symbolic(value, made, batch=None):
    """Inputs in the place of arrays; those with as many rows as `batch` have any number of them."""
    if isinstance(value, (list, tuple)):
        return type(value)(symbolic(item, made, batch) for item in value)
    if not golden.is_array(value):
        return value
    shape = (None, *value.shape[1:]) if value.shape[:1] == (batch,) else value.shape
    made.append(keras.Input(batch_shape=shape, dtype=value.dtype.name))
    return made[-1]


def of_case(row, arguments):
    """The model of a case of the family `ops`, and its outputs run at once."""
    def make():
        inputs = []
        given = symbolic(arguments, inputs)
        attributes = {key: of_ops.decoded(key, value) for key, value in row.attributes.items()}
        if row.by_name:
            outputs = of_ops.function_of(row.op)(**dict(zip(row.by_name, given)), **attributes)
        else:
            outputs = of_ops.function_of(row.op)(*given, **attributes)
        return keras.Model(inputs, outputs)
    return make, lambda: of_ops.run(row, arguments)


def of_expression(function, arguments):
    """The model of an expression of tensors, its batch of unknown size."""
    def make():
        inputs = []
        given = symbolic(arguments, inputs, batch=arguments[0].shape[0])
        return keras.Model(inputs, function(*given))

    def run():
        given = keras.tree.map_structure(keras.ops.convert_to_tensor, arguments)
        return arrays(function(*given))
    return make, run


def arrays(outputs):
    """Sizes too, which Keras gives as plain numbers, are tensors of a graph."""
    return [np.asarray(keras.ops.convert_to_tensor(item)) for item in keras.tree.flatten(outputs)]


class Ways:
    """Makes the cases; remembers how far Keras itself came with each, where not to the end."""

    def __init__(self, family):
        self.family, self.unsaved, self.unused, self.unsaved_ops = family, {}, {}, []

    def record(self, name, op, make, run, arguments, **fields):
        keras.utils.clear_session(free_memory=False)  # names of nodes begin anew
        outputs = run()
        try:
            model = make()
            with golden.still(), warnings.catch_warnings(action="ignore"):
                text = model.to_json()
            if "__lambda__" in text:
                raise ValueError("a Python lambda")
        except Exception as error:  # whatever Keras raises is what the lists are held against
            self.unsaved[name] = str(error)
            self.unsaved_ops.append(op)
            return
        try:
            self.check(keras.models.model_from_json(text), arguments, outputs)
        except Exception as error:
            self.unused[name] = str(error)
        if "of" not in fields:
            fields["outputs"] = outputs
        self.family.case(name, op=op, config=text, **fields)

    @staticmethod
    def check(model, arguments, outputs):
        inputs = [item for item in keras.tree.flatten(arguments) if golden.is_array(item)]
        for a, b in zip(arrays(model(inputs)), outputs, strict=True):
            assert a.dtype == b.dtype, (a.dtype, b.dtype)
            wide = "complex128" if a.dtype.kind == "c" else "float64"
            np.testing.assert_allclose(a.astype(wide), b.astype(wide), rtol=1e-4, atol=1e-5)

    def check_lists(self):
        """What Keras cannot do is what the table says, word for word and no less."""
        for found, listed in [(self.unsaved, UNSAVED), (self.unused, UNUSED)]:
            expected = {name: words for words, names in listed.items() for name in names.split()}
            for name in sorted(found.keys() | expected.keys()):
                if name not in found:
                    raise ValueError(f"op_nodes: {name} is listed, but Keras manages it")
                if name not in expected or expected[name] not in found[name]:
                    raise ValueError(f"op_nodes: {name}: not as listed: {found[name]}")
        print(f"op_nodes: {len(self.unsaved)} cases that Keras cannot save, {len(self.unused)} that "
              "it saves and cannot use again")


def check_symbols(ops):
    """Every public function of keras.ops has a case, or stands in a list."""
    api = json.loads(API.read_text())["api"]
    listed = {name for names in NO_NODES.values() for name in names.split()}
    functions = {**api["keras.ops"], **{f"image.{k}": v for k, v in api["keras.ops.image"].items()}}
    covered = {functions[op]["is"] for op in ops if op in functions}
    missing = [name for name, entry in functions.items()
               if entry["is"] not in covered and name not in listed and name not in ops]
    if missing:
        raise ValueError(f"op_nodes: no case for {' '.join(missing)}")
    stale = listed & ops
    if stale:
        raise ValueError(f"op_nodes: {' '.join(stale)} has a case, and is listed as having none")
    print(f"op_nodes: {len(functions)} functions, {len(listed)} of them make no node")
