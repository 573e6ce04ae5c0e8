"""Whole models: the file before training, three epochs, and everything that came out of them."""

import keras
import numpy as np
from keras import layers, ops

import golden

EPOCHS = 3
BATCH = 8  # divides neither number of samples: the last batch of an epoch is smaller
TRAIN, VALID = 26, 10


def mlp():
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(8, activation="relu", name="hidden"),
            layers.Dense(5, activation="tanh", use_bias=False),
            layers.Dense(3, activation="softmax", name="classes"),
        ],
        name="mlp",
    )
    return model, [floats(6)], [labels(3)], {
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
    }


def regression():
    model = keras.Sequential(
        [layers.Input((5,)), layers.Dense(7, activation="relu"), layers.Dense(2)],
        name="regression",
    )
    return model, [floats(5)], [floats(2)], {
        "loss": keras.losses.MeanSquaredError(),
        "weighted_metrics": [keras.metrics.MeanSquaredError(name="error")],
    }


def cnn(use_bias=False, name="cnn"):
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(6, 3, activation="relu", use_bias=use_bias),
            layers.BatchNormalization(momentum=0.9),
            layers.Flatten(),
            layers.Dense(3),
        ],
        name=name,
    )
    return model, [floats(8, 8, 1)], [one_hot(3)], {
        "loss": keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        "metrics": ["accuracy"],
    }


def biased_cnn():
    """A bias before batch normalization: its gradient is nearly noise."""
    return cnn(use_bias=True, name="biased_cnn")


def resnet():
    def block(x, filters, strides):
        y = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
        y = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(y))
        y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
        y = layers.BatchNormalization(momentum=0.9)(y)
        if x.shape != y.shape:
            x = layers.Conv2D(filters, 1, strides, use_bias=False)(x)
            x = layers.BatchNormalization(momentum=0.9)(x)
        return layers.ReLU()(layers.Add()([x, y]))

    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(image)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = block(block(x, 4, 1), 6, 2)
    y = layers.Dense(3)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, y, name="resnet"), [floats(8, 8, 3)], [labels(3)], {
        "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "metrics": ["accuracy"],
    }


def unet():
    def twice(x, filters):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        return x

    image = keras.Input((8, 8, 1), name="image")
    a = twice(image, 3)
    b = twice(layers.MaxPooling2D()(a), 4)
    c = twice(layers.AveragePooling2D(2)(b), 5)
    x = layers.Conv2DTranspose(4, 2, strides=2)(c)
    x = twice(layers.Concatenate()([x, b]), 4)
    x = layers.UpSampling2D()(x)
    x = twice(layers.Concatenate()([x, a]), 3)
    y = layers.Conv2D(1, 1, activation="sigmoid")(x)
    return keras.Model(image, y, name="unet"), [floats(8, 8, 1)], [bits(8, 8, 1)], {
        "loss": "binary_crossentropy",
        "metrics": ["mae"],
    }


def transformer():
    """Two blocks, the first one causal, on padded words."""
    words = keras.Input((6,), dtype="int32", name="words")
    # Vectors of length one, or the first normalization would magnify rounding a hundredfold.
    x = layers.Embedding(11, 8, keras.initializers.RandomNormal(stddev=1.0), mask_zero=True)(words)
    for causal in [True, False]:
        y = layers.LayerNormalization()(x)
        y = layers.MultiHeadAttention(2, 4)(y, y, use_causal_mask=causal)
        x = layers.Add()([x, y])
        y = layers.LayerNormalization()(x)
        y = layers.Dense(8)(layers.Dense(16, activation="gelu")(y))
        x = layers.Add()([x, y])
    y = layers.Dense(3)(layers.GlobalAveragePooling1D()(x))
    return keras.Model(words, y, name="transformer"), [integers(11, 6)], [labels(3)], {
        "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "metrics": ["accuracy"],
    }


def bilstm():
    words = keras.Input((6,), dtype="int32", name="words")
    x = layers.Embedding(11, 5, mask_zero=True)(words)
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(3))(x)
    return keras.Model(words, layers.Dense(1, activation="sigmoid")(x), name="bilstm"), [
        integers(11, 6)
    ], [bits(1)], {"loss": "binary_crossentropy", "metrics": ["accuracy"]}


def embedding():
    words = keras.Input((7,), dtype="int32", name="words")
    x = layers.Embedding(12, 4)(words)
    x = layers.Flatten()(x)
    x = layers.Dense(5, activation="relu")(x)
    model = keras.Model(words, layers.Dense(1, activation="sigmoid")(x), name="embedding")
    return model, [integers(12, 7)], [bits(1)], {
        "loss": "binary_crossentropy",
        "metrics": ["accuracy"],
    }


def two_inputs():
    left = keras.Input((6,), name="left")
    right = keras.Input((6,), name="right")
    shared = layers.Dense(5, name="shared")
    a, b = shared(left), shared(right)
    x = ops.concatenate([ops.relu(a), b * 0.5], axis=-1)
    x = layers.Concatenate()([x, layers.Add()([a, b])])
    x = ops.add(x[:, 1:9], ops.tanh(x)[:, :8]) - 0.25
    urgent = layers.Dense(1, activation="sigmoid", name="urgent")(x)
    group = layers.Dense(4, name="group")(ops.relu(x))
    model = keras.Model([left, right], [urgent, group], name="two_inputs")
    return model, [floats(6), floats(6)], [bits(1), one_hot(4)], {
        "loss": {
            "urgent": "binary_crossentropy",
            "group": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        "loss_weights": {"urgent": 1.0, "group": 0.2},
        "metrics": {"urgent": ["accuracy"], "group": ["accuracy", "mse"]},
    }


def dict_inputs():
    title = keras.Input((4,), dtype="int32", name="title")
    body = keras.Input((3,), name="body")
    x = layers.Concatenate()([layers.Flatten()(layers.Embedding(9, 3)(title)), body])
    total = layers.Dense(1, name="total")(x)
    share = layers.Dense(2, activation="softmax", name="share")(x)
    model = keras.Model(
        {"title": title, "body": body}, {"total": total, "share": share}, name="dict_inputs"
    )
    # Arrays stand in the order of keras.tree.flatten: by key, body before title.
    return model, [floats(3), integers(9, 4)], [labels(2), floats(1)], {
        "loss": {"total": "mse", "share": "sparse_categorical_crossentropy"},
        "metrics": {"share": ["accuracy"], "total": ["mse"]},
    }


def dropout():
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.5, seed=7),
            layers.Dense(2),
        ],
        name="dropout",
    )
    return model, [floats(6)], [floats(2)], {"loss": "mse"}


def floats(*shape):
    return lambda rng, n: rng.normal(size=(n, *shape)).astype("float32")


def integers(limit, *shape):
    return lambda rng, n: rng.integers(0, limit, (n, *shape)).astype("int32")


def labels(classes):
    return lambda rng, n: rng.integers(0, classes, n).astype("int32")


def one_hot(classes):
    return lambda rng, n: np.eye(classes, dtype="float32")[rng.integers(0, classes, n)]


def bits(*shape):
    return lambda rng, n: rng.integers(0, 2, (n, *shape)).astype("float32")


def sgd():
    return keras.optimizers.SGD(0.05)


def momentum():
    return keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True)


def adam():
    return keras.optimizers.Adam(0.01)


def adamw():
    return keras.optimizers.AdamW(0.01, weight_decay=0.01)


def rmsprop():
    return keras.optimizers.RMSprop(0.005)


# name, model, optimizer, options: "weights" (sample weights, as many arrays as targets),
# "class_weight", "validation" ("data" or "split"), "shuffle".
TABLE = [
    ("mlp_sgd", mlp, sgd, {"class_weight": {0: 1.0, 1: 0.5, 2: 2.0}}),
    ("mlp_momentum", mlp, momentum, {"validation": "data"}),
    ("mlp_adam", mlp, adam, {"validation": "data", "weights": True}),
    ("mlp_adam_split", mlp, adam, {"validation": "split"}),
    ("mlp_shuffled", mlp, sgd, {"shuffle": True}),
    ("regression_sgd", regression, sgd, {"weights": True, "validation": "data"}),
    ("regression_adam", regression, adam, {"weights": True}),
    ("cnn_sgd", cnn, sgd, {"validation": "data"}),
    ("cnn_momentum", cnn, momentum, {}),
    ("cnn_adam", cnn, adam, {"validation": "data"}),
    ("biased_cnn_adam", biased_cnn, adam, {"validation": "data"}),
    ("embedding_sgd", embedding, sgd, {}),
    ("embedding_momentum", embedding, momentum, {"validation": "data"}),
    ("embedding_adam", embedding, adam, {"validation": "data"}),
    ("two_inputs_sgd", two_inputs, sgd, {"validation": "data"}),
    ("two_inputs_momentum", two_inputs, momentum, {}),
    ("two_inputs_adam", two_inputs, adam, {"validation": "data"}),
    ("dict_inputs_sgd", dict_inputs, sgd, {}),
    ("dict_inputs_adam", dict_inputs, adam, {"validation": "data"}),
    ("dropout_sgd", dropout, sgd, {}),
    *(
        (f"{make.__name__}_{optimizer.__name__}", make, optimizer, {"validation": "data"})
        for make in [resnet, unet, transformer, bilstm]
        for optimizer in [sgd, adam, adamw, rmsprop]
    ),
]


def arrays(makers, rng, n):
    return [maker(rng, n) for maker in makers]


def like_inputs(model, flat):
    """Arrays as the model takes them: one, a list or a dict."""
    if isinstance(model, keras.Sequential):
        return flat[0]
    return keras.tree.pack_sequence_as(model.input, flat)


def like_outputs(model, flat):
    if isinstance(model, keras.Sequential):
        return flat[0]
    return keras.tree.pack_sequence_as(model.output, flat)


def fit(model, x, y, w, validation, options, seed):
    keras.utils.set_random_seed(seed)
    arguments = {"validation_split": 0.25} if options.get("validation") == "split" else {}
    if validation:
        arguments["validation_data"] = (
            like_inputs(model, validation[0]),
            *(like_outputs(model, part) for part in validation[1:]),
        )
    history = model.fit(
        like_inputs(model, x),
        like_outputs(model, y),
        sample_weight=like_outputs(model, w) if w else None,
        class_weight=options.get("class_weight"),
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=options.get("shuffle", False),
        verbose=0,
        **arguments,
    )
    return history.history


def variables(items):
    return [{"path": v.path, "value": np.asarray(v.value)} for v in items]


def differences(model, other):
    """For each weight the smallest t at which the two are close: |a-b| <= t|b| + t max|b|."""
    result = []
    for weight, twin in zip(model.weights, other.weights):
        a, b = np.asarray(weight.value, "float64"), np.asarray(twin.value, "float64")
        scale = np.abs(b) + np.abs(b).max(initial=0.0)
        gap = np.abs(a - b)
        close_at = np.max(gap / np.where(scale == 0, 1, scale), initial=0.0)
        result.append({"path": weight.path, "close_at": float(close_at),
                       "max_abs": float(gap.max(initial=0.0))})
    return result


def record(family):
    for name, build, optimizer, options in TABLE:
        if not family.kept(name):
            record_one(family, name, build, optimizer, options)


def record_one(family, name, build, optimizer, options):
    seed = 42
    golden.fresh(seed)
    model, inputs, targets, compiled = build()
    model.compile(optimizer=optimizer(), **compiled)
    rng = golden.rng(build.__name__)  # the same data for each optimizer
    x, y = arrays(inputs, rng, TRAIN), arrays(targets, rng, TRAIN)
    vx, vy = arrays(inputs, rng, VALID), arrays(targets, rng, VALID)
    weighted = y if options.get("weights") else []
    w = [rng.uniform(0.2, 2.0, TRAIN).astype("float32") for _ in weighted]
    vw = [rng.uniform(0.2, 2.0, VALID).astype("float32") for _ in weighted]
    validation = []
    if options.get("validation") == "data":
        validation = [vx, vy, vw] if vw else [vx, vy]

    def predictions():
        flat = keras.tree.flatten(model.predict(like_inputs(model, x), batch_size=BATCH, verbose=0))
        return [np.asarray(a) for a in flat]

    initial = golden.saved(model)
    case = {"model": initial, "summary": {"weights": len(model.weights),
            "parameters": model.count_params()}}
    case |= {"seed": seed, "epochs": EPOCHS, "batch_size": BATCH,
             "shuffle": options.get("shuffle", False), "x": x, "y": y, "sample_weight": w,
             "class_weight": options.get("class_weight", {}),
             "validation_split": 0.25 if options.get("validation") == "split" else 0.0,
             "validation": {"x": validation[0], "y": validation[1],
                            "sample_weight": vw} if validation else None}
    case["initial"] = {"predictions": predictions(), "weights": variables(model.weights)}
    case["history"] = fit(model, x, y, w, validation, options, seed)
    case["evaluate"] = model.evaluate(
        like_inputs(model, x), like_outputs(model, y), batch_size=BATCH,
        sample_weight=like_outputs(model, w) if w else None, verbose=0, return_dict=True)
    case["final"] = {"model": golden.saved(model), "predictions": predictions(),
                     "weights": variables(model.weights),
                     "optimizer": variables(model.optimizer.variables)}
    if build not in (dropout, bilstm):  # has draws of its own; takes minutes
        # What Keras differs from itself, jitted and eager: noise that training amplifies.
        eager = golden.loaded(initial)
        eager.run_eagerly = True
        fit(eager, x, y, w, validation, options, seed)
        case["self_difference"] = differences(eager, model)
    family.case(name, **case)
