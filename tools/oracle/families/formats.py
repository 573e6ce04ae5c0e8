"""One trained model in every format that Keras reads, and what loading parts of it leaves behind."""

import json
import pathlib
import tempfile

import h5py
import keras
import numpy as np
import safetensors.numpy
from keras import layers

import golden


def two_inputs():
    left, right = keras.Input((4,), name="left"), keras.Input((6,), name="right")
    shared = layers.Dense(6, activation="relu", kernel_regularizer="l2", name="shared")
    x = layers.Concatenate(name="both")([shared(right), layers.Dense(5, name="own")(left), shared(right)])
    x = layers.BatchNormalization(name="norm")(x)
    outputs = [layers.Dense(1, activation="sigmoid", name="urgent")(x), layers.Dense(2, name="group")(x)]
    model = keras.Model([left, right], outputs, name="two_inputs")
    loss = ["binary_crossentropy", keras.losses.MeanSquaredError()]
    model.compile("adam", loss, metrics=[["accuracy"], [keras.metrics.MeanAbsoluteError()]])
    return model, [(4,), (6,)], [(1,), (2,)]


def nested():
    inner = keras.Sequential([layers.Dense(5, name="first"), layers.Dense(3, use_bias=False, name="second")], name="inner")
    model = keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(3, 3, activation="relu", name="conv"),
            layers.Flatten(name="flat"),
            layers.Dropout(0.3, seed=3, name="drop"),
            inner,
            layers.Dense(2, name="last"),
        ],
        name="nested",
    )
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), keras.losses.MeanSquaredError())
    return model, [(6, 6, 1)], [(2,)]


def other():
    """Shares some names and some shapes with `two_inputs`."""
    left, right = keras.Input((4,), name="left"), keras.Input((6,), name="right")
    x = layers.Concatenate(name="both")([layers.Dense(6, name="shared")(right), layers.Dense(5, name="own")(left)])
    x = layers.BatchNormalization(name="norm")(x)
    return keras.Model([left, right], [layers.Dense(1, name="urgent")(x), layers.Dense(2, name="new")(x)], name="other")


@keras.saving.register_keras_serializable("mine")
class Tower(keras.Model):
    """A model that is a class of one's own; its layers have no weights until the first call."""

    def __init__(self, width=3, **options):
        super().__init__(**options)
        self.width = width
        self.hidden = layers.Dense(width, activation="relu")
        self.norm = layers.BatchNormalization()
        self.head = layers.Dense(2)

    def call(self, x, training=False):
        return self.head(self.norm(self.hidden(x), training=training))

    def get_config(self):
        return super().get_config() | {"width": self.width}


# Keras 2 spelled some parts of a config in another way, which Keras 3 still reads.
def as_keras2(value):
    if isinstance(value, list):
        return [as_keras2(v) for v in value]
    if not isinstance(value, dict):
        return value
    value = {k: as_keras2(v) for k, v in value.items() if k not in ("quantization_config", "optional")}
    if isinstance(value.get("dtype"), dict):
        value["dtype"] = value["dtype"]["config"]["name"]
    if "batch_shape" in value:
        value["batch_input_shape"] = value.pop("batch_shape")
    if value.get("class_name") == "BatchNormalization":
        value["config"] = {k: [v] if k == "axis" else v for k, v in value["config"].items() if "renorm" not in k and k != "synchronized"}
    if str(value.get("module", "")).startswith("keras."):
        value = {"class_name": value["class_name"], "config": {k: v for k, v in value["config"].items() if k not in ("input_axes", "output_axes")}}
    if "inbound_nodes" in value:
        value["inbound_nodes"] = [[[*place, {}] for place in histories(node["args"])] for node in value["inbound_nodes"]]
    if "input_layers" in value:
        for key in ("input_layers", "output_layers"):
            value[key] = value[key] if isinstance(value[key][0], list) else [value[key]]
    return value


def histories(value):
    if isinstance(value, list):
        return [place for item in value for place in histories(item)]
    return [value["config"]["keras_history"]]


def keras2_file(path):
    """Such a file, made of the whole-model `.h5` file at `path`."""
    with h5py.File(path, "r+") as file:
        file.attrs["keras_version"] = "2.11.0"
        file.attrs["model_config"] = json.dumps(as_keras2(json.loads(file.attrs["model_config"])))
        training = as_keras2(json.loads(file.attrs["training_config"]))
        for key in ("run_eagerly", "steps_per_execution", "jit_compile"):
            training.pop(key)
        file.attrs["training_config"] = json.dumps(training)


def contents(path):
    return golden.File(path.read_bytes(), path.name.split(".", 1)[1])


def weights(model):
    return [{"path": v.path, "value": np.asarray(v)} for v in model.weights]


def record(family):
    for build in (two_inputs, nested):
        folder = tempfile.TemporaryDirectory(prefix="cornu-formats-")
        at = pathlib.Path(folder.name)
        golden.fresh(7)
        model, inputs, targets = build()
        rng = golden.rng(build.__name__)
        x = [rng.normal(size=(12, *shape)).astype("float32") for shape in inputs]
        y = [rng.uniform(size=(12, *shape)).astype("float32") for shape in targets]
        one = len(x) == 1
        model.fit(x[0] if one else x, y[0] if one else y, epochs=2, batch_size=4, verbose=0, shuffle=False)
        predictions = keras.tree.flatten(model.predict(x[0] if one else x, verbose=0))
        case = {"x": x, "predictions": predictions, "weights": weights(model),
                "optimizer": [np.asarray(v) for v in model.optimizer.variables]}
        with golden.still():
            for name in ("m.keras", "m.h5", "m.weights.h5"):
                save = model.save_weights if "weights" in name else model.save
                save(at / name)
            model.save_weights(at / "m.weights.json", max_shard_size=1000 / 1024**3)
        case |= {"keras": contents(at / "m.keras"), "h5": contents(at / "m.h5"), "weights_h5": contents(at / "m.weights.h5"),
                 "shards": {p.name: contents(p) for p in sorted(at.glob("m*weights.*")) if p.name != "m.weights.h5"}}
        tensors = {v.path: np.asarray(v) for v in model.weights}
        case["safetensors"] = golden.File(safetensors.numpy.save(tensors, metadata={"format": "np"}), "safetensors")
        keras2_file(at / "m.h5")
        again = keras.saving.load_model(at / "m.h5")
        np.testing.assert_array_equal(keras.tree.flatten(again.predict(x[0] if one else x, verbose=0))[0], predictions[0])
        case["keras2"] = contents(at / "m.h5")
        family.case(build.__name__, **case)
        if build is two_inputs:
            record_partly(family, at)
        folder.cleanup()
    record_subclassed(family)


def record_subclassed(family):
    golden.fresh(9)
    model = Tower(5, name="tower")
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    rng = golden.rng("subclassed")
    x, y = (rng.normal(size=(12, n)).astype("float32") for n in (4, 2))
    model.fit(x, y, epochs=2, batch_size=4, verbose=0, shuffle=False)
    case = {"x": x, "y": y, "predictions": model.predict(x, verbose=0), "weights": weights(model),
            "keras": golden.saved(model), "weights_h5": golden.saved(model, "weights.h5")}
    loss = model.train_on_batch(x, y)
    family.case("subclassed", **case, next={"loss": float(loss), "weights": weights(model)})


def record_partly(family, at):
    """What of `two_inputs`, written in the folder, another model takes over."""
    golden.fresh(8)
    target = other()
    file = golden.saved(target)
    cases = []
    for name, options in [("m.h5", {"by_name": True}), ("m.h5", {"by_name": True, "skip_mismatch": True}),
                          ("m.h5", {"skip_mismatch": True}), ("m.weights.h5", {"skip_mismatch": True}), ("m.weights.h5", {})]:
        target = golden.loaded(file)
        try:
            target.load_weights(at / name, **options)
            after = weights(target)
        except ValueError:
            after = None
        cases.append({"file": name, "options": options, "after": after})
    family.case("partly", model=file, before=weights(golden.loaded(file)), loads=cases)
