"""LoRA enabled on a built model: predictions, three steps of SGD, the file with the merged kernel."""

import keras
import numpy as np
from keras import layers

import golden


def dense():
    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.Dense(3, activation="tanh", name="adapted", kernel_regularizer="l2")(x)), "float32"


def dense_without_bias():
    x = keras.Input((2, 4), name="x")
    hidden = layers.Dense(5, use_bias=False, name="adapted")(x)
    return keras.Model(x, layers.Dense(2, name="after")(hidden)), "float32"


def einsum():
    x = keras.Input((3, 4), name="x")
    return keras.Model(x, layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", name="adapted")(x)), "float32"


def embedding():
    x = keras.Input((4,), dtype="int32", name="x")
    return keras.Model(x, layers.Embedding(7, 3, name="adapted", mask_zero=True)(x)), "int32"


def tied():
    x = keras.Input((4,), dtype="int32", name="x")
    layer = layers.ReversibleEmbedding(7, 3, name="adapted")
    return keras.Model(x, layer(layer(x), reverse=True)), "int32"


def untied():
    x = keras.Input((4,), dtype="int32", name="x")
    layer = layers.ReversibleEmbedding(7, 3, tie_weights=False, logit_soft_cap=2.0, name="adapted")
    return keras.Model(x, layer(layer(x), reverse=True)), "int32"


def weights(model):
    return [{"path": v.path, "trainable": v.trainable, "value": np.array(v)} for v in model.weights]


def record(family):
    for build in (dense, dense_without_bias, einsum, embedding, tied, untied):
        for rank, alpha in ((1, None), (2, 5.0)):
            golden.fresh(42)
            model, dtype = build()
            rng = golden.rng(f"{build.__name__}{rank}")
            for weight in model.weights:
                weight.assign(rng.normal(size=weight.shape) * 0.5)
            plain = golden.saved(model)
            model.get_layer("adapted").enable_lora(rank, lora_alpha=alpha)
            for weight in model.weights:
                if "lora" in weight.path:
                    weight.assign(rng.normal(size=weight.shape) * 0.5)
            shape = (3, *model.input_shape[1:])
            x = rng.normal(size=shape).astype(dtype) if dtype == "float32" else rng.integers(0, 7, shape).astype(dtype)
            case = {"plain": plain, "rank": rank, "alpha": alpha, "x": [x], "weights": weights(model),
                    "predictions": model.predict(x, verbose=0)}
            y = rng.normal(size=case["predictions"].shape).astype("float32")
            model.compile(keras.optimizers.SGD(0.1), "mse")
            losses = [float(model.train_on_batch(x, y)) for _ in range(3)]
            file = golden.saved(model)
            case |= {"y": y, "losses": losses, "trained": weights(model), "saved": file}
            if build is not untied:  # Keras cannot read such a file itself: the table backwards comes too late
                after = golden.loaded(file)
                case |= {"reloaded": weights(after), "reloaded_predictions": after.predict(x, verbose=0)}
            family.case(f"{build.__name__}_{rank}", **case)
