"""One layer in a Functional model: file, predictions, training outputs, gradients, three steps."""

import jax
import keras
import numpy as np

import golden
from families.layers_table import ROWS
from families.ops import wide

BATCH = 3
STEPS = 3


def record(family):
    record_rows(family, ROWS, record_row)


def record_rows(family, rows, record_row):
    """Each row by `record_row(family, row, name)`, named after its layer and counted."""
    counts, failures = {}, []
    for row in rows:
        counts[row.layer] = counts.get(row.layer, 0) + 1
        name = f"{row.layer}_{counts[row.layer]}"
        if family.kept(name):
            continue
        try:
            record_row(family, row, name)
        except Exception as error:  # all of them at once: a run takes minutes
            failures.append(f"{name}: {type(error).__name__}: {error}")
    if failures:
        raise SystemExit(f"{family.name}: these rows failed:\n" + "\n".join(failures))


def construct(row):
    golden.fresh(42)
    inputs = [keras.Input(x.shape, dtype=x.dtype, name=f"x{n}") for n, x in enumerate(row.inputs)]
    tensors = inputs
    if row.masked:
        tensors = [keras.layers.Masking()(inputs[0]), *inputs[1:]]
    layer = row.build()
    if row.call:
        outputs = row.call(layer, *tensors)
    else:
        outputs = layer(tensors if row.as_list else tensors[0])
    return keras.Model(inputs, keras.tree.flatten(outputs))


def scatter_weights(model, rng):
    """Fresh weights hide mistakes: biases are zero, scales are one."""
    for weight in model.weights:
        if not weight.dtype.startswith(("float", "bfloat")):
            continue
        values = rng.normal(size=weight.shape) * 0.5
        if "variance" in weight.path:
            values = rng.uniform(0.5, 1.5, weight.shape)
        weight.assign(values.astype("float32"))
    settle(model)


def settle(model):
    """Normalization computes with constants that it makes of its weights."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def variables(items):
    # A copy now: training changes the variable before the case is packed.
    return [{"path": v.path, "value": np.array(v)} for v in items]


def flat(outputs):
    return [np.asarray(output) for output in keras.tree.flatten(outputs)]


def record_row(family, row, name):
    model = construct(row)
    rng = golden.rng(name)
    scatter_weights(model, rng)
    x = [spec.draw(rng, BATCH) for spec in row.inputs]
    if row.masked:  # timesteps that Masking drops: the last ones of row 0, one within row 1
        x[0][0, -2:] = 0.0
        x[0][1, 1] = 0.0
    trains = bool(model.trainable_weights) and row.trains
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=["mse"] * len(model.outputs))
    fields = {"layer": row.layer, "model": golden.saved(model), "x": x,
              "weights": variables(model.weights), **outputs_and_gradients(model, x, rng)}
    if exact := double_predictions(row, model, x, fields["predictions"]):
        fields["reference"] = exact
    if trains:
        y = [rng.normal(size=output.shape).astype("float32") for output in fields["predictions"]]
        losses = [float(model.train_on_batch(x, y, return_dict=True)["loss"]) for _ in range(STEPS)]
        fields["trained"] = {"y": y, "losses": losses, "weights": variables(model.weights)}
    family.case(name, **fields)


def outputs_and_gradients(model, x, rng):
    """Everything in one compiled function, which is what recording spends its time on."""
    floating = [n for n, a in enumerate(x) if a.dtype == np.float32]
    trainable = [v.value for v in model.trainable_variables]
    others = [v.value for v in model.non_trainable_variables]
    shapes = jax.eval_shape(lambda *a: model.stateless_call(*a)[0], trainable, others, x)
    cotangents = [rng.normal(size=output.shape).astype("float32")
                  for output in keras.tree.flatten(shapes)]

    @jax.jit
    def run(trainable, others, x):
        def total(values):
            given = list(x)
            for n, value in zip(floating, values):
                given[n] = value
            outputs, _ = model.stateless_call(trainable, others, given, training=False)
            outputs = keras.tree.flatten(outputs)
            parts = [(c * o.astype("float32")).sum() for c, o in zip(cotangents, outputs)]
            return sum(parts), outputs

        (_, outputs), gradients = jax.value_and_grad(total, has_aux=True)([x[n] for n in floating])
        return outputs, gradients, model.stateless_call(trainable, others, x, training=True)

    outputs, gradients, (training, updated) = run(trainable, others, x)
    updates = [{"path": v.path, "value": np.asarray(value)}
               for v, value in zip(model.non_trainable_variables, updated)]
    return {
        "predictions": flat(outputs),
        # Of the sum of cotangents * predictions, by the floating inputs that are named by index.
        "gradients": {"cotangents": cotangents, "inputs": floating, "values": flat(gradients)},
        "training": {"outputs": flat(training), "non_trainable": updates},
    }


def double_predictions(row, model, x, predictions):
    """The same in float64, for the rule that allows twice what Keras itself misses it by."""
    if any(layer.dtype_policy.name != "float32" for layer in model.layers) or any(
        output.dtype != np.float32 for output in predictions
    ):
        return None
    with wide("float64"):
        twin = construct(row)
        for weight, value in zip(twin.weights, model.get_weights()):
            weight.assign(value.astype("float64") if value.dtype == np.float32 else value)
        settle(twin)
        double = [a.astype("float64") if a.dtype == np.float32 else a for a in x]
        trainable = [v.value for v in twin.trainable_variables]
        others = [v.value for v in twin.non_trainable_variables]
        return flat(jax.jit(lambda *a: twin.stateless_call(*a)[0])(trainable, others, double))
