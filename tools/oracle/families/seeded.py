"""What a seed decides: the draws of every layer, and the runs that follow from them.

After each step the next number of Python's and of NumPy's generator is recorded: it is the same
only if as many draws were made before.
"""

import copy
import random as python_random

import keras
import numpy as np
from keras import layers

import golden
from families.layers_table import I, N, ROWS, make_row

SEED = 42
EPOCHS = 3
BATCH = 8
SAMPLES = 26


def bidirectional(layer="LSTM", **config):
    return lambda: layers.Bidirectional(getattr(layers, layer)(2, **config))


def itself(layer, x):
    return layer(x, x)


# What the table of layers holds with a seed only, or without a random part.
UNSEEDED = [
    make_row("Dropout", N(6), rate=0.5),
    make_row("Dropout", N(6), rate=0.0),
    make_row("Dropout", N(6), rate=1.0),
    make_row("Dropout", N(3, 4), rate=0.25, noise_shape=(None, 1, 4)),
    make_row("SpatialDropout1D", N(3, 4), rate=0.4),
    make_row("SpatialDropout1D", N(3, 4), rate=0.0),
    make_row("SpatialDropout2D", N(2, 3, 4), rate=0.4),
    make_row("SpatialDropout3D", N(2, 2, 2, 4), rate=0.4),
    make_row("GaussianDropout", N(6), rate=0.3),
    make_row("GaussianDropout", N(6), rate=0.0),
    make_row("GaussianNoise", N(6), stddev=0.3),
    make_row("GaussianNoise", N(6), stddev=0.0),
    make_row("AlphaDropout", N(6), rate=0.3),
    make_row("AlphaDropout", N(3, 6), rate=0.3, noise_shape=(None, 1, 6)),
    make_row("Attention", N(3, 4), N(5, 4), dropout=0.2),
    make_row("Attention", N(3, 4), N(5, 4), dropout=0.2, seed=3, use_scale=True),
    make_row("AdditiveAttention", N(3, 4), N(5, 4), dropout=0.2),
    make_row("MultiHeadAttention", N(4, 6), num_heads=2, key_dim=3, dropout=0.2, call=itself),
    make_row("GroupQueryAttention", N(4, 6), head_dim=3, num_query_heads=4, num_key_value_heads=2,
             dropout=0.2, call=itself),
    *[make_row(layer, N(4, 3), units=2, dropout=0.3, recurrent_dropout=0.2)
      for layer in ["SimpleRNN", "LSTM", "GRU"]],
    make_row("Bidirectional", N(4, 3), build=bidirectional(dropout=0.3)),
    make_row("Bidirectional", N(4, 3), build=bidirectional("GRU", recurrent_dropout=0.2)),
    make_row("RNN", N(4, 3), build=lambda: layers.RNN(layers.LSTMCell(2, dropout=0.3))),
    make_row("StackedRNNCells", N(3), N(2), N(2), N(3),
             build=lambda: layers.StackedRNNCells([layers.LSTMCell(2), layers.GRUCell(3)]),
             call=lambda layer, x, h, c, s: layer(x, [[h, c], s])),
    make_row("ConvLSTM3D", N(2, 3, 3, 3, 2), filters=2, kernel_size=2),
    make_row("Dense", N(4), units=3, kernel_initializer="he_normal",
             bias_initializer="random_normal"),
    make_row("Dense", N(4), units=3, kernel_initializer={
        "class_name": "RandomUniform", "config": {"minval": -1.0, "maxval": 1.0, "seed": None}}),
    make_row("Dense", N(4), units=3, kernel_initializer={
        "class_name": "RandomUniform", "config": {"minval": -1.0, "maxval": 1.0, "seed": 5}}),
    make_row("Embedding", I(7, 4), input_dim=7, output_dim=3, embeddings_initializer="orthogonal"),
    make_row("PReLU", N(6), alpha_initializer="random_uniform"),
    make_row("BatchNormalization", N(4), gamma_initializer="random_uniform",
             moving_mean_initializer="truncated_normal"),
]

# Layers of images. Keras trains no model with RandomElasticTransform or Equalization in it.
IMAGE_LAYERS = {
    "Resizing": {"height": 4, "width": 4}, "CenterCrop": {"height": 3, "width": 3},
    "RandomCrop": {"height": 5, "width": 6}, "RandomFlip": {}, "RandomRotation": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RandomZoom": {"height_factor": 0.1}, "RandomShear": {"x_factor": (0.0, 0.2)},
    "RandomPerspective": {}, "RandomBrightness": {"factor": 0.1},
    "RandomContrast": {"factor": 0.1}, "RandomSaturation": {"factor": 0.1},
    "RandomHue": {"factor": 0.1}, "RandomGrayscale": {}, "RandomColorDegeneration": {"factor": 0.1},
    "RandomColorJitter": {"brightness_factor": 0.1, "contrast_factor": 0.1,
                          "saturation_factor": 0.1, "hue_factor": 0.1},
    "RandomInvert": {}, "RandomPosterization": {"factor": 3}, "Solarization": {},
    "RandomSharpness": {"factor": 0.1}, "RandomGaussianBlur": {}, "AutoContrast": {},
    "ContrastLimitedAdaptiveHistogramEqualization": {"tile_grid_size": (2, 2)}, "MixUp": {},
    "CutMix": {}, "RandomErasing": {}, "RandAugment": {}, "AugMix": {},
    "MaxNumBoundingBoxes": {"max_number": 3},
}
IMAGES = [make_row(layer, N(5, 6, 3), **config) for layer, config in IMAGE_LAYERS.items()]
IMAGES.append(make_row("Pipeline", N(5, 6, 3), build=lambda: layers.Pipeline(
    [layers.RandomFlip(), layers.RandomRotation(0.1)])))


def first_rows():
    """One row of each layer: the numbers of its draws do not depend on the rest."""
    seen = {"Lambda", "Wrapper"}  # functions and classes of one's own, which draw nothing
    for row in ROWS:
        if row.layer not in seen:
            seen.add(row.layer)
            yield row


def record(family):
    draws(family)
    runs(family)


def streams():
    return {"python": python_random.randint(1, 10**9), "numpy": int(np.random.randint(10**9))}


# ---- the draws of each layer ----

def draws(family):
    counts = {}
    for row in [*first_rows(), *UNSEEDED, *IMAGES]:
        counts[row.layer] = counts.get(row.layer, 0) + 1
        name = f"draws_{row.layer}_{counts[row.layer]}"
        if not family.kept(name):
            draws_of(family, row, name)


def plain(value):
    """An argument as a config spells it."""
    known = value is None or isinstance(value, (bool, int, float, str, list, tuple, dict))
    return value if known else golden.config_of(value)


def draws_of(family, row, name):
    fields = {"kind": "draws", "layer": row.layer, "seed": SEED}
    if row.config is not None:
        fields["arguments"] = {key: plain(value) for key, value in row.config.items()}

    golden.fresh(SEED)
    layer = row.build()
    fields["constructed"] = streams()
    fields["config"] = golden.config_of(layer)["config"]
    golden.fresh(SEED)
    type(layer).from_config(copy.deepcopy(fields["config"]))  # wrappers take theirs apart
    fields["from_config"] = streams()

    # The layer alone, built where it is called: its weights for the seed.
    golden.fresh(SEED)
    inputs, outputs, layer = connected(row)
    fields["built"] = streams()
    fields["build_config"] = layer.get_build_config()
    fields["weights"] = [{"path": v.path, "value": np.array(v)} for v in layer.weights]

    output = layers.Flatten()(keras.tree.flatten(outputs)[0])
    model = keras.Model(inputs, layers.Dense(1)(output))
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    rng = golden.rng(name)
    x = [spec.draw(rng, 6) for spec in row.inputs]
    y = rng.normal(size=(6, 1)).astype("float32")
    fields |= {"model": golden.saved(model), "x": x, "y": y}
    golden.fresh(SEED)
    model = golden.loaded(fields["model"])
    fields["loaded"] = streams()
    fields["seed_states"] = seed_states(model)
    golden.fresh(SEED)
    model = golden.loaded(fields["model"])
    first = model.fit(x, y, batch_size=4, epochs=1, verbose=0).history["loss"]
    fields["fitted"] = streams()
    second = model.fit(x, y, batch_size=4, epochs=1, verbose=0).history["loss"]
    fields["fitted_again"] = streams()
    fields["losses"] = first + second
    fields["fitted_seed_states"] = seed_states(model)
    family.case(name, **fields)


def connected(row):
    inputs = [keras.Input(x.shape, dtype=x.dtype, name=f"x{n}") for n, x in enumerate(row.inputs)]
    tensors = [layers.Masking()(inputs[0]), *inputs[1:]] if row.masked else inputs
    layer = row.build()
    if row.call:
        return inputs, row.call(layer, *tensors), layer
    return inputs, layer(tensors if row.as_list else tensors[0]), layer


def seed_states(model):
    return [{"path": v.path, "value": np.array(v)} for v in model.variables
            if v.path.endswith("seed_generator_state")]


# ---- runs ----

def mlp():
    return keras.Sequential([
        layers.Input((6,)), layers.Dense(16, activation="relu"), layers.Dropout(0.5),
        layers.Dense(8, activation="selu"), layers.AlphaDropout(0.2), layers.Dense(2)])


def mlp_with_seeds():
    return keras.Sequential([
        layers.Input((6,)), layers.Dropout(0.2, seed=11), layers.Dense(8, activation="tanh"),
        layers.GaussianNoise(0.3, seed=5), layers.Dropout(0.0), layers.Dense(2)])


def cnn():
    return keras.Sequential([
        layers.Input((8, 8, 2)), layers.Conv2D(4, 3, activation="relu"),
        layers.SpatialDropout2D(0.3), layers.Conv2D(4, 3, use_bias=False),
        layers.BatchNormalization(), layers.Activation("relu"), layers.Flatten(),
        layers.Dropout(0.4), layers.Dense(2)])


def volumes():
    return keras.Sequential([
        layers.Input((4, 4, 4, 2)), layers.Conv3D(4, 2, activation="relu"),
        layers.SpatialDropout3D(0.3), layers.GlobalAveragePooling3D(), layers.GaussianNoise(0.1),
        layers.Dense(2)])


def sequence():
    x = keras.Input((6, 4))
    y = layers.SpatialDropout1D(0.2)(x)
    y = layers.Dropout(0.3, noise_shape=(None, 1, 4))(y)
    y = layers.GaussianDropout(0.2)(layers.Dense(5, activation="tanh")(y))
    y = layers.Attention(dropout=0.25)([y, y])
    y = layers.AdditiveAttention(dropout=0.1)([y, y])
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(y)))


def shared():
    """One Dropout called twice a step: its generator moves twice."""
    a, b = keras.Input((5,)), keras.Input((5,))
    drop = layers.Dropout(0.4)
    y = layers.Concatenate()([drop(a), drop(b)])
    return keras.Model([a, b], layers.Dense(2)(layers.Dense(6, activation="relu")(y)))


def half():
    return keras.Sequential([
        layers.Input((6,)), layers.Dense(8, activation="relu"),
        layers.Dropout(0.5, dtype="mixed_bfloat16"), layers.Dense(2)])


def lstm():
    return keras.Sequential([
        layers.Input((5, 3)), layers.LSTM(4, dropout=0.3, recurrent_dropout=0.2,
                                          return_sequences=True),
        layers.GRU(3, dropout=0.2), layers.Dense(2)])


def bidirectional_rnn():
    return keras.Sequential([
        layers.Input((5, 3)), layers.Bidirectional(layers.LSTM(3, dropout=0.3)), layers.Dense(2)])


def transformer():
    x = keras.Input((6, 4))
    y = layers.MultiHeadAttention(2, 3, dropout=0.2)(x, x)
    y = layers.LayerNormalization()(layers.Add()([x, layers.Dropout(0.1)(y)]))
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(y)))


# model, optimizer, arguments of fit
RUNS = [
    (mlp, "sgd", {}),
    (mlp, "adam", {"validation_split": 0.25}),
    (mlp, "sgd", {"shuffle": False, "validation_split": 0.25}),
    (mlp, "sgd", {"validation_split": 0.2, "seed": 7}),
    (mlp, "sgd", {"steps_per_epoch": 2}),
    (mlp_with_seeds, "sgd", {"validation_split": 0.25}),
    (cnn, "sgd", {"validation_split": 0.25}),
    (volumes, "sgd", {"validation_split": 0.25}),
    (sequence, "sgd", {"validation_split": 0.25}),
    (sequence, "adam", {}),
    (shared, "sgd", {"validation_split": 0.25}),
    (half, "sgd", {}),
    (lstm, "sgd", {"validation_split": 0.25}),
    (bidirectional_rnn, "sgd", {}),
    (transformer, "sgd", {"validation_split": 0.25}),
    (transformer, "adam", {}),
]


def optimizer(name):
    return keras.optimizers.SGD(0.05) if name == "sgd" else keras.optimizers.Adam(0.01)


def runs(family):
    for n, (build, how, options) in enumerate(RUNS):
        name = f"run_{n}_{build.__name__}"
        if family.kept(name):
            continue
        golden.fresh(3)
        model = build()
        model.compile(optimizer=optimizer(how), loss="mse", metrics=["mae"])
        rng = golden.rng(build.__name__)
        shapes = [x.shape[1:] for x in model.inputs]
        x = [rng.normal(size=(SAMPLES, *shape)).astype("float32") for shape in shapes]
        y = rng.normal(size=(SAMPLES, 2)).astype("float32")
        given = x if len(x) > 1 else x[0]
        seed = options.get("seed", SEED)
        arguments = {"batch_size": BATCH, "epochs": EPOCHS,
                     **{k: v for k, v in options.items() if k != "seed"}}
        file = golden.saved(model)
        golden.fresh(seed)
        model = golden.loaded(file)
        history = model.fit(given, y, verbose=0, **arguments).history
        family.case(
            name, kind="run", layers=sorted({type(layer).__name__ for layer in model.layers}), model=file, x=x, y=y, seed=seed,
            arguments=arguments, history=history, after=streams(), seed_states=seed_states(model),
            weights=[{"path": v.path, "value": np.array(v)} for v in model.weights],
            # A second call goes on: no further build, so one permutation an epoch.
            again=model.fit(given, y, verbose=0, **arguments | {"epochs": 1}).history)
