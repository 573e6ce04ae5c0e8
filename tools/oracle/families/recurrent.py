"""Recurrent layers in more configurations, recorded as other layers are, and stateful ones."""

import keras
import numpy as np
from keras import layers

import golden
from families.layers import BATCH, record_row, record_rows, scatter_weights, variables
from families.recurrent_table import ROWS, STATEFUL

CALLS = 3


def record(family):
    record_rows(family, ROWS, record_row)
    for name, build in STATEFUL.items():
        if not family.kept(name):
            record_stateful(family, name, build)


def record_stateful(family, name, build):
    """Calls one after the other, each starting from the states in which the last one ended."""
    golden.fresh(42)
    x = keras.Input(batch_shape=(BATCH, 4, 3), name="x0")
    model = keras.Model(x, keras.tree.flatten(build()(x)))
    rng = golden.rng(name)
    scatter_weights(model, rng)
    inputs = [rng.normal(size=(BATCH, 4, 3)).astype("float32") for _ in range(CALLS)]

    def call(values):  # at once: compiled, Keras on JAX forgets the states
        return [np.asarray(output) for output in keras.tree.flatten(model(values))]

    outputs = [call(values) for values in inputs]
    model.layers[-1].reset_state()
    family.case(name, layer=name.split("_")[0], model=golden.saved(model),
                weights=variables(model.weights), inputs=inputs, calls=outputs,
                after_reset=call(inputs[0]))
