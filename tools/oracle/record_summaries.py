"""Records what model.summary() prints: summaries.json."""

import json
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["COLUMNS"] = "200"

import keras
from keras import layers, ops

import output


def chain():
    return keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(1000, name="a_layer_with_a_very_long_name_indeed_it_is"),
            layers.Dropout(0.5),
            layers.Dense(3),
        ],
        name="chain",
    )


def branches():
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    shared = layers.Dense(5, name="shared")
    a, b = shared(left), shared(right)
    x = layers.Concatenate()([ops.relu(a), b * 0.5, layers.Add()([a, b])])
    return keras.Model([left, right], [layers.Dense(1, name="urgent")(x), x[:, 1:9]], name="branches")


def nested():
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(3), layers.Dropout(0.5)], name="inner")
    inner.trainable = False
    inputs = keras.Input((4,), name="in")
    return keras.Model(inputs, layers.Dense(2, name="out")(inner(inputs)), name="nested")


def unbuilt():
    return keras.Sequential([layers.Dense(3), layers.Dense(2)], name="unbuilt")


def compiled():
    model = chain()
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


TABLE = [
    (chain, [{}, {"line_length": 60}, {"show_trainable": True}]),
    (branches, [{}, {"line_length": 60}, {"line_length": 130, "show_trainable": True}]),
    (nested, [{}, {"expand_nested": True}, {"expand_nested": True, "show_trainable": True}]),
    (unbuilt, [{}]),
    (compiled, [{}]),
]


def main():
    folder = output.folder(__doc__)
    cases = []
    for build, settings in TABLE:
        keras.utils.clear_session()
        model = build()
        config = keras.saving.serialize_keras_object(model)
        for options in settings:
            lines = []
            model.summary(print_fn=lambda text, **_: lines.append(text), **options)
            cases.append({"name": model.name, "model": config, "options": options, "text": "".join(lines)})
    (folder / "summaries.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


main()
