"""get_config() of everything that a file may name, with default and with other arguments."""

import inspect
import json

import keras
from keras import constraints, initializers, losses, metrics, optimizers, regularizers

import golden
from families import layers_table, losses as loss_table, metrics as metric_table
from families import optimizers as optimizer_table, parts, random

COMPILE = [
    {"optimizer": "adam", "loss": "mse"},
    {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
    {"optimizer": lambda: optimizers.Adam(1e-3, clipnorm=1.0),
     "loss": lambda: losses.BinaryCrossentropy(from_logits=True),
     "metrics": lambda: [metrics.AUC(name="auc"), "mae"], "weighted_metrics": ["mse"],
     "jit_compile": False, "steps_per_execution": 4},
    {"optimizer": "rmsprop", "loss": {"a": "mse", "b": "mae"}, "loss_weights": {"a": 1.0, "b": 0.5},
     "metrics": {"a": ["mse"]}},
    {"optimizer": "sgd", "loss": ["mse", "mae"], "loss_weights": [1.0, 0.5], "run_eagerly": True},
    {"optimizer": lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
     "loss": None},
]


def plain(config):
    """What the file will hold: JSON knows no tuples."""
    return json.loads(json.dumps(config))


def record(family):
    for room, base in [(initializers, initializers.Initializer),
                       (regularizers, regularizers.Regularizer),
                       (constraints, constraints.Constraint), (losses, losses.Loss),
                       (metrics, metrics.Metric), (optimizers, optimizers.Optimizer)]:
        defaults(family, room, base)
    layers_of_table(family)
    others(family)
    compiled(family)


def defaults(family, room, base):
    """Whatever can be made without arguments."""
    label = room.__name__.split(".")[-1]
    for name, cls in sorted(vars(room).items()):
        if not inspect.isclass(cls) or not issubclass(cls, base) or cls is base:
            continue
        golden.fresh()
        try:
            config = golden.config_of(cls())
        except (TypeError, ValueError, NotImplementedError):
            continue  # needs arguments: the other tables give them
        family.case(f"{label}.{name}", kind=label, config=plain(config))


def layers_of_table(family):
    counts = {}
    for row in layers_table.ROWS:
        counts[row.layer] = counts.get(row.layer, 0) + 1
        golden.fresh()
        family.case(f"layers.{row.layer}_{counts[row.layer]}", kind="layers",
                    config=plain(golden.config_of(row.build())))


def others(family):
    rows = [
        *[("initializers", name, config) for name, config, _ in random.INITIALIZERS],
        *[("regularizers", name, config) for name, config in parts.REGULARIZERS],
        *[("constraints", name, config) for name, config in parts.CONSTRAINTS],
        *[("losses", name, config) for name, _, _, config in loss_table.TABLE],
        *[("metrics", name, config) for name, _, config, _ in metric_table.TABLE],
        *[("optimizers", name, {k: v for k, v in config.items() if k != "exclude"})  # by a method
          for name, config in optimizer_table.TABLE
          if name not in ("LossScaleOptimizer", "MultiOptimizer")],  # they wrap optimizers
        *[("optimizers.schedules", name, config) for name, config in optimizer_table.SCHEDULES],
    ]
    for n, (room, name, config) in enumerate(row for row in rows if row[2]):
        golden.fresh()
        module = optimizers.schedules if "." in room else getattr(keras, room)
        family.case(f"{room}.{name}_{n}", kind=room,
                    config=plain(golden.config_of(getattr(module, name)(**config))))


def compiled(family):
    for n, given in enumerate(COMPILE):
        golden.fresh()
        x = keras.Input((3,))
        model = keras.Model(x, [keras.layers.Dense(1, name=name)(x) for name in "ab"])
        given = {key: value() if callable(value) else value for key, value in given.items()}
        if isinstance(given["loss"], (str, losses.Loss)):
            model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
        model.compile(**given)
        family.case(f"compile_{n}", kind="compile", config=plain(model.get_compile_config()),
                    model=golden.saved(model))
