"""keras.losses: values for every reduction, weights and masks, and gradients by y_pred."""

import jax
import keras
import numpy as np
from keras import losses

import golden
from families.ops import wide
from families.draws import A, I, N, U

ONE_HOT = A(np.eye(3)[[0, 2, 1, 1]])
SMOOTH = A([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.3, 0.3, 0.4]])
SHARES = A([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [0.25, 0.5, 0.25], [0.05, 0.05, 0.9]])
SPHERE = A([[0.6, 0.8, 0.0], [0.0, 0.6, 0.8], [0.8, 0.0, 0.6], [-0.6, 0.0, 0.8]])
BITS = I(0, 2, 4, 3)
CHANCES = U(0.02, 0.98, 4, 3)
CLASSES = I(0, 3, 4)

# class, y_true, y_pred, configuration
TABLE = []


def row(loss, y_true, y_pred, **config):
    TABLE.append((loss, y_true, y_pred, config))


for loss in ["MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "LogCosh",
             "Huber", "CosineSimilarity"]:
    row(loss, N(4, 3), N(4, 3))
    row(loss, N(2, 3, 2), N(2, 3, 2))
row("MeanSquaredLogarithmicError", U(0, 3, 4, 3), U(0, 3, 4, 3))
row("Huber", N(4, 3), N(4, 3), delta=0.3)
row("CosineSimilarity", N(4, 3), N(4, 3), axis=0)
row("KLDivergence", SMOOTH, SHARES)
row("Poisson", U(0, 3, 4, 3), U(0.1, 3, 4, 3))
for loss in ["Hinge", "SquaredHinge"]:
    row(loss, BITS, N(4, 3))
    row(loss, A([[-1.0, 1.0], [1.0, -1.0]]), N(2, 2))
row("CategoricalHinge", ONE_HOT, N(4, 3))
for loss in ["BinaryCrossentropy", "BinaryFocalCrossentropy"]:
    row(loss, BITS, CHANCES)
    row(loss, BITS, N(4, 3), from_logits=True)
    row(loss, BITS, CHANCES, label_smoothing=0.2)
    row(loss, I(0, 2, 4, 3), N(4, 3), from_logits=True, label_smoothing=0.1, axis=0)
row("BinaryFocalCrossentropy", BITS, CHANCES, apply_class_balancing=True, alpha=0.3, gamma=1.5)
for loss in ["CategoricalCrossentropy", "CategoricalFocalCrossentropy"]:
    row(loss, ONE_HOT, SHARES)
    row(loss, SMOOTH, N(4, 3), from_logits=True)
    row(loss, ONE_HOT, SHARES, label_smoothing=0.1)
    row(loss, ONE_HOT, N(4, 3), from_logits=True, label_smoothing=0.1)
row("CategoricalFocalCrossentropy", ONE_HOT, SHARES, alpha=0.5, gamma=1.0)
row("CategoricalGeneralizedCrossEntropy", CLASSES, SHARES)
row("CategoricalGeneralizedCrossEntropy", CLASSES, SHARES, q=0.7)
row("SparseCategoricalCrossentropy", CLASSES, SHARES)
row("SparseCategoricalCrossentropy", CLASSES, N(4, 3), from_logits=True)
row("SparseCategoricalCrossentropy", I(0, 3, 4, 1), N(4, 3), from_logits=True)
row("SparseCategoricalCrossentropy", I(0, 3, 2, 3), N(2, 3, 4), from_logits=True)
row("SparseCategoricalCrossentropy", A([0, -1, 2, 1], "int32"), N(4, 3), from_logits=True,
    ignore_class=-1)
row("Dice", BITS, CHANCES)
row("Dice", I(0, 2, 2, 3, 2), U(0, 1, 2, 3, 2), axis=(1, 2))
row("Tversky", BITS, CHANCES, alpha=0.3, beta=0.7)
row("Circle", I(0, 2, 4), N(4, 3))
row("CTC", I(1, 4, 2, 3), N(2, 6, 4))

# Further configurations of each, after the first ones: cases are numbered in the order of rows.
row("BinaryFocalCrossentropy", BITS, N(4, 3), apply_class_balancing=True, alpha=0.6, gamma=3.0,
    from_logits=True, label_smoothing=0.1, axis=0)
row("CategoricalFocalCrossentropy", SMOOTH, N(4, 3), alpha=0.5, gamma=3.0, from_logits=True,
    label_smoothing=0.2)
row("CategoricalFocalCrossentropy", ONE_HOT, SHARES, axis=0)
row("CategoricalCrossentropy", ONE_HOT, SHARES, axis=0)
row("CategoricalCrossentropy", U(0, 1, 2, 3, 4), N(2, 3, 4), from_logits=True, axis=1)
row("SparseCategoricalCrossentropy", A([[0, 255, 2], [255, 255, 1]], "int32"), N(2, 3, 4),
    from_logits=True, ignore_class=255)
row("SparseCategoricalCrossentropy", A([0, 1, 2, 1], "int32"), SHARES, ignore_class=1)
row("CategoricalGeneralizedCrossEntropy", I(0, 3, 4, 1), SHARES, q=0.05)
row("Dice", I(0, 2, 2, 3, 2), U(0, 1, 2, 3, 2), axis=-1)
row("Tversky", I(0, 2, 2, 3, 2), U(0, 1, 2, 3, 2), axis=(1, 2), alpha=0.8, beta=0.2)
row("Tversky", BITS, CHANCES)
row("Circle", A([0, 0, 1, 1], "int32"), SPHERE)
row("Circle", A([[0], [1], [0], [2]], "int32"), SPHERE, gamma=16.0, margin=0.25)
row("Circle", A([0, 0, 1, 1], "int32"), SPHERE, remove_diagonal=False)
row("CTC", A([[1, 1, 2], [3, 0, 0]], "int32"), N(2, 7, 4))
row("CTC", A([[2, 1, 0], [1, 2, 3], [0, 0, 0]], "int32"), N(3, 5, 4))
row("Huber", N(4), N(4, 1))
row("MeanSquaredError", N(4, 1), N(4))

FUNCTIONS = ["binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
             "categorical_focal_crossentropy", "categorical_hinge", "cosine_similarity", "dice",
             "hinge", "huber", "kl_divergence", "log_cosh", "mean_absolute_error",
             "mean_absolute_percentage_error", "mean_squared_error",
             "mean_squared_logarithmic_error", "poisson", "squared_hinge", "tversky"]
REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"]


def record(family):
    counts = {}
    for loss, y_true, y_pred, config in TABLE:
        counts[loss] = counts.get(loss, 0) + 1
        record_row(family, f"{loss}_{counts[loss]}", loss, y_true, y_pred, config)
    for function in FUNCTIONS:
        rng = golden.rng(function)
        y_true, y_pred = ONE_HOT.draw(rng), SHARES.draw(rng)
        family.case(function, kind="function", function=function, y_true=y_true, y_pred=y_pred,
                    value=getattr(losses, function)(y_true, y_pred))


def record_row(family, name, loss, y_true, y_pred, config):
    rng = golden.rng(name)
    y_true, y_pred = y_true.draw(rng), y_pred.draw(rng)
    make = getattr(losses, loss)
    batch = y_pred.shape[0]
    values = []
    for reduction in REDUCTIONS:
        instance = make(**config, reduction=reduction)
        values.append({"reduction": reduction, "sample_weight": None,
                       "value": instance(y_true, y_pred)})
    per_sample = np.shape(values[-1]["value"])
    weights = []
    if per_sample[:1] == (batch,):
        weights.append(rng.uniform(0, 2, per_sample).astype("float32"))
        if len(per_sample) > 1:
            weights.append(rng.uniform(0, 2, (batch, 1)).astype("float32"))
    for weight in weights:
        for reduction in REDUCTIONS:
            instance = make(**config, reduction=reduction)
            values.append({"reduction": reduction, "sample_weight": weight,
                           "value": instance(y_true, y_pred, sample_weight=weight)})
    masked = []
    if weights:
        mask = np.arange(np.prod(per_sample)).reshape(per_sample) % 2 == 0
        for reduction in REDUCTIONS:
            predicted = keras.ops.convert_to_tensor(y_pred)
            predicted._keras_mask = keras.ops.convert_to_tensor(mask)
            for weight in [None, weights[0]]:
                value = make(**config, reduction=reduction)(y_true, predicted, sample_weight=weight)
                masked.append({"reduction": reduction, "mask": mask, "sample_weight": weight,
                               "value": value})
    instance = make(**config)
    gradient = jax.grad(lambda predicted: instance(y_true, predicted))(y_pred)
    with wide("float64"):
        exact = np.asarray(make(**config)(y_true, y_pred.astype("float64")))
    family.case(name, kind="class", config=golden.config_of(instance), y_true=y_true,
                y_pred=y_pred, values=values, masked=masked, gradient=gradient, reference=exact)
