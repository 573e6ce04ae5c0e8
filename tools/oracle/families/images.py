"""Layers that prepare or vary images: called outside training and twice in it, by themselves and in
a Functional model that a file holds."""

import keras
import numpy as np

import golden
from families.images_table import BOXES, ROWS
from families.layers import record_rows

CALLS = [False, True, True]


def record(family):
    record_rows(family, ROWS, record_row)
    for name, function, arguments in BOXES:
        if not family.kept(name):
            record_boxes(family, name, function, arguments)


def copied(data):
    """Keras writes its results into the dicts that it is given."""
    return {k: copied(v) for k, v in data.items()} if isinstance(data, dict) else data


def arrays(data):
    return {k: arrays(v) for k, v in data.items()} if isinstance(data, dict) else np.asarray(data)


def record_row(family, row, name):
    inputs = row.images.draw(golden.rng(name))
    golden.fresh(42)
    layer = row.build()
    config = golden.config_of(layer)
    calls = [arrays(layer(copied(inputs), training=training)) for training in CALLS]
    fields = {}
    # No file holds a seed that was drawn, and Keras makes no graph with Equalization.
    seeded = config["config"].get("seed") is not None or not hasattr(layer, "generator")
    in_graph = seeded and row.layer != "Equalization"
    if in_graph and isinstance(inputs, np.ndarray) and inputs.ndim == 4:
        golden.fresh(42)
        x = keras.Input(inputs.shape[1:], dtype=inputs.dtype.name, name="x0")
        fields["model"] = golden.saved(keras.Model(x, row.build()(x)))
    family.case(name, layer=row.layer, config=config, inputs=inputs,
                calls=[{"training": t, "outputs": out} for t, out in zip(CALLS, calls)], **fields)


def record_boxes(family, name, function, arguments):
    """A function of keras.utils.bounding_boxes; what stands for boxes in its arguments is drawn."""
    rng = golden.rng(name)
    given = {key: value(rng) if callable(value) else value for key, value in arguments.items()}
    output = getattr(keras.utils.bounding_boxes, function)(**given)
    family.case(name, function=function, arguments=given, output=arrays(output))
