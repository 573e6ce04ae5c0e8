"""keras.metrics: result and state after each of several updates, with and without weights."""

import keras
import numpy as np
from keras import losses, metrics

import golden
from families.draws import A, I, N, U

UPDATES = 3

CHANCES, BITS = U(0, 1, 5, 3), I(0, 2, 5, 3)
CHANCE, BIT = U(0, 1, 7), I(0, 2, 7)
SHARES, CLASSES = U(0.01, 1, 5, 4), I(0, 4, 5)
EYE = A(np.eye(4)[[0, 3, 1, 1, 2]])

# class, arguments of update_state, configuration, whether also with one weight a sample
TABLE = []


def row(metric, *arguments, weighted=True, **config):
    TABLE.append((metric, arguments, config, weighted))


for metric in ["MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError",
               "RootMeanSquaredError", "LogCoshError", "CosineSimilarity", "R2Score",
               "PearsonCorrelation", "ConcordanceCorrelation"]:
    row(metric, N(5, 3), N(5, 3))
row("MeanSquaredLogarithmicError", U(0, 2, 5, 3), U(0, 2, 5, 3))
row("MeanSquaredError", N(5), N(5), weighted=False)
row("MeanSquaredError", N(5, 2, 3), N(5, 2, 3))
row("CosineSimilarity", N(5, 3), N(5, 3), axis=0, weighted=False)
row("R2Score", N(5, 3), N(5, 3), class_aggregation="variance_weighted_average")
row("R2Score", N(5, 3), N(5, 3), class_aggregation=None, num_regressors=1)
row("Accuracy", CLASSES, I(0, 4, 5))
row("BinaryAccuracy", BITS, CHANCES)
row("BinaryAccuracy", BITS, CHANCES, threshold=0.7)
row("CategoricalAccuracy", EYE, SHARES)
row("SparseCategoricalAccuracy", CLASSES, SHARES)
row("SparseCategoricalAccuracy", I(0, 4, 5, 1), SHARES)
row("SparseCategoricalAccuracy", I(0, 4, 3, 2), U(0, 1, 3, 2, 4))
row("TopKCategoricalAccuracy", EYE, SHARES, k=2)
row("SparseTopKCategoricalAccuracy", CLASSES, SHARES, k=2)
row("BinaryCrossentropy", BITS, U(0.02, 0.98, 5, 3))
row("BinaryCrossentropy", BITS, N(5, 3), from_logits=True, label_smoothing=0.1)
row("CategoricalCrossentropy", EYE, SHARES)
row("CategoricalCrossentropy", EYE, N(5, 4), from_logits=True, label_smoothing=0.1)
row("SparseCategoricalCrossentropy", CLASSES, SHARES)
row("SparseCategoricalCrossentropy", CLASSES, N(5, 4), from_logits=True)
row("KLDivergence", SHARES, U(0.01, 1, 5, 4))
row("Poisson", U(0, 2, 5, 3), U(0.1, 2, 5, 3))
for metric in ["Hinge", "SquaredHinge"]:
    row(metric, BITS, N(5, 3))
row("CategoricalHinge", EYE, SHARES)
for metric in ["TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"]:
    row(metric, BIT, CHANCE)
    row(metric, BIT, CHANCE, thresholds=[0.3, 0.6])
for metric in ["Precision", "Recall"]:
    row(metric, BIT, CHANCE)
    row(metric, BIT, CHANCE, thresholds=[0.3, 0.6])
    row(metric, EYE, SHARES, top_k=2)
    row(metric, EYE, SHARES, class_id=1)
row("AUC", BIT, CHANCE)
row("AUC", BIT, CHANCE, curve="PR", num_thresholds=20)
row("AUC", BITS, CHANCES, multi_label=True, num_labels=3, num_thresholds=10)
row("AUC", BIT, N(7), from_logits=True, summation_method="minoring", num_thresholds=20)
row("PrecisionAtRecall", BIT, CHANCE, recall=0.5)
row("RecallAtPrecision", BIT, CHANCE, precision=0.5)
row("SensitivityAtSpecificity", BIT, CHANCE, specificity=0.5)
row("SpecificityAtSensitivity", BIT, CHANCE, sensitivity=0.5, num_thresholds=50)
row("F1Score", EYE, SHARES)
row("F1Score", EYE, SHARES, average="macro")
row("FBetaScore", EYE, SHARES, beta=0.5, average="micro", threshold=0.4)
row("FBetaScore", EYE, SHARES, beta=2.0, average="weighted")
row("IoU", CLASSES, I(0, 4, 5), num_classes=4, target_class_ids=[0, 2])
row("IoU", I(0, 4, 2, 3), I(0, 4, 2, 3), num_classes=4, target_class_ids=[1], ignore_class=3,
    weighted=False)
row("BinaryIoU", BIT, CHANCE, target_class_ids=[0, 1], threshold=0.4)
row("MeanIoU", CLASSES, I(0, 4, 5), num_classes=4)
row("OneHotIoU", EYE, SHARES, num_classes=4, target_class_ids=[0, 2])
row("OneHotMeanIoU", EYE, SHARES, num_classes=4)

# Further configurations of each, after the first ones: cases are numbered in the order of rows.
for metric in ["Precision", "Recall"]:
    row(metric, BIT, CHANCE, thresholds=0.2)
    row(metric, BIT, CHANCE, thresholds=[0.0, 0.5, 1.0])
    row(metric, EYE, SHARES, top_k=2, class_id=-1)
    row(metric, BITS, CHANCES)
row("TruePositives", BITS, CHANCES, thresholds=[0.0, 0.25, 0.5, 0.75, 1.0])
row("FalseNegatives", BITS, CHANCES, thresholds=[0.0, 0.25, 0.5, 0.75, 1.0])
for curve in ["ROC", "PR", "PRGAIN"]:
    for method in ["interpolation", "minoring", "majoring"]:
        row("AUC", BIT, CHANCE, curve=curve, summation_method=method, num_thresholds=12)
row("AUC", BIT, CHANCE, thresholds=[0.9, 0.2, 0.45])
row("AUC", BIT, CHANCE, thresholds=[0.25, 0.5, 0.75])
row("AUC", BITS, CHANCES, label_weights=[0.2, 1.0, 0.5], num_thresholds=10)
row("AUC", BITS, CHANCES, multi_label=True, label_weights=[0.2, 1.0, 0.5], num_thresholds=10)
row("AUC", BITS, CHANCES, multi_label=True, curve="PR", label_weights=[0.2, 1.0, 0.5],
    num_thresholds=10)
row("AUC", BITS, CHANCES, multi_label=True, thresholds=[0.3, 0.4])
row("AUC", BIT, CHANCE, num_thresholds=2)
row("PrecisionAtRecall", BIT, CHANCE, recall=0.3, num_thresholds=1)
row("PrecisionAtRecall", EYE, SHARES, recall=0.3, num_thresholds=30, class_id=1)
row("RecallAtPrecision", EYE, SHARES, precision=0.8, num_thresholds=30, class_id=1)
row("RecallAtPrecision", BIT, CHANCE, precision=1.0, num_thresholds=10)
row("SensitivityAtSpecificity", EYE, SHARES, specificity=0.8, num_thresholds=30, class_id=2)
row("SpecificityAtSensitivity", EYE, SHARES, sensitivity=0.8, num_thresholds=30, class_id=2)
row("F1Score", BITS, CHANCES, average="micro", threshold=0.5)
row("F1Score", BITS, CHANCES, average="weighted", threshold=1.0)
row("FBetaScore", EYE, SHARES, beta=3.0)
row("FBetaScore", EYE, SHARES, beta=0.5, average="macro")
row("IoU", CLASSES, I(0, 4, 5), num_classes=4, target_class_ids=[3, 1], dtype="float32")
row("IoU", CLASSES, SHARES, num_classes=4, target_class_ids=[0, 1], sparse_y_pred=False)
row("IoU", I(-1, 6, 5), I(-2, 7, 5), num_classes=4, target_class_ids=[0, 1, 2])
row("BinaryIoU", BIT, CHANCE)
row("BinaryIoU", BITS, CHANCES, target_class_ids=[1], dtype="float32", weighted=False)
row("MeanIoU", I(0, 3, 2, 4), I(0, 3, 2, 4), num_classes=5, ignore_class=0, weighted=False)
row("OneHotIoU", EYE, CLASSES, num_classes=4, target_class_ids=[1], sparse_y_pred=True)
row("OneHotMeanIoU", EYE, SHARES, num_classes=4, ignore_class=1)
row("OneHotMeanIoU", EYE, CLASSES, num_classes=4, sparse_y_pred=True, dtype="float32")
row("PearsonCorrelation", N(5, 3), N(5, 3), axis=0, weighted=False)
row("ConcordanceCorrelation", N(5, 3), N(5, 3), axis=0, weighted=False)
row("PearsonCorrelation", N(5, 3, 2), N(5, 3, 2))
row("R2Score", N(5, 1), N(5, 1), num_regressors=2)
row("R2Score", N(5, 3), N(5, 3), class_aggregation=None)
row("SparseCategoricalCrossentropy", I(-1, 4, 5), SHARES, ignore_class=-1, weighted=False)
row("CategoricalCrossentropy", EYE, SHARES, axis=0, weighted=False)
row("TopKCategoricalAccuracy", EYE, SHARES, k=1)
row("SparseTopKCategoricalAccuracy", I(0, 4, 3, 2), U(0, 1, 3, 2, 4), k=3)
row("MeanMetricWrapper", BITS, CHANCES, fn=losses.huber, name="wrapped", delta=0.3)
row("MeanMetricWrapper", EYE, SHARES, fn=losses.categorical_focal_crossentropy, name="wrapped")
row("MeanMetricWrapper", BITS, CHANCES, fn=metrics.binary_accuracy, name="wrapped", threshold=0.7)

row("Mean", N(4))
row("Mean", N(3, 2))
row("Mean", N(), weighted=False)
row("Sum", N(4))
row("Sum", N(3, 2))

# class, arguments; y_pred carries a mask
MASKED = [
    ("MeanSquaredError", (N(5, 3), N(5, 3))),
    ("MeanSquaredError", (N(5, 2, 3), N(5, 2, 3))),
    ("BinaryAccuracy", (BITS, CHANCES)),
    ("SparseCategoricalAccuracy", (I(0, 4, 3, 2), U(0, 1, 3, 2, 4))),
    ("SparseCategoricalCrossentropy", (I(0, 4, 3, 2), U(0.01, 1, 3, 2, 4))),
    ("CosineSimilarity", (N(5, 3), N(5, 3))),
    ("Precision", (BITS, CHANCES)),
    ("RootMeanSquaredError", (N(5, 3), N(5, 3))),
]


def record(family):
    counts = {}
    for n, (metric, arguments) in enumerate(MASKED):
        for weighted in [False, True]:
            name = f"masked_{n}{'_weighted' if weighted else ''}"
            record_row(family, name, metric, arguments, {}, weighted, masked=True)
    for metric, arguments, config, weightable in TABLE:
        counts[metric] = counts.get(metric, 0) + 1
        for weighted in [False, True] if weightable else [False]:
            record_row(family, f"{metric}_{counts[metric]}{'_weighted' if weighted else ''}",
                       metric, arguments, config, weighted)


def record_row(family, name, metric, arguments, config, weighted, masked=False):
    golden.fresh()
    rng = golden.rng(name)
    instance = getattr(metrics, metric)(**config)
    updates = []
    for _ in range(UPDATES):
        drawn = [spec.draw(rng) for spec in arguments]
        weight = None
        if weighted:
            shape = drawn[-1].shape[:-1] if masked else drawn[0].shape[:1]
            weight = rng.uniform(0, 2, shape).astype("float32")
        mask, given = None, drawn
        if masked:
            mask = rng.integers(0, 2, drawn[-1].shape[:-1]).astype("bool")
            given = [*drawn[:-1], keras.ops.convert_to_tensor(drawn[-1])]
            given[-1]._keras_mask = keras.ops.convert_to_tensor(mask)
        instance.update_state(*given, sample_weight=weight)
        updates.append({"args": drawn, "sample_weight": weight, "mask": mask, "result": instance.result(),
                        "variables": [{"path": v.path, "value": np.asarray(v.value)} for v in instance.variables]})
    instance.reset_state()
    family.case(name, config=golden.config_of(instance), updates=updates,
                after_reset=instance.result())


