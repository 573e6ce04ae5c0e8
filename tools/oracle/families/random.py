"""Random numbers: Threefry, the functions of keras.random, seeds, initializers, fresh models."""

import json
import random as python_random

import jax
import keras
import numpy as np
from keras import initializers, layers

import golden

KEYS = [[0, 0], [42, 0], [42, 1], [1337, 7], [2**31 + 5, 3], [2**32 - 1, 2**32 - 1]]
SEEDS = [0, 1, 42, 1337, 2**31, 2**32 - 1]
SHAPES = [[], [1], [2], [7], [3, 5], [2, 3, 4], [0, 3]]

# function of keras.random, arguments
FUNCTIONS = [
    ("uniform", {"shape": [7]}),
    ("uniform", {"shape": [3, 5], "minval": -2.0, "maxval": 3.0}),
    ("uniform", {"shape": [5], "dtype": "float16"}),
    ("uniform", {"shape": [5], "dtype": "bfloat16"}),
    ("uniform", {"shape": [2, 3], "dtype": "bfloat16", "minval": -1.0, "maxval": 1.0}),
    ("normal", {"shape": [7]}),
    ("normal", {"shape": [3, 5], "mean": 1.5, "stddev": 0.25}),
    ("normal", {"shape": [64]}),
    ("normal", {"shape": [5], "dtype": "bfloat16"}),
    ("normal", {"shape": [5], "dtype": "float16"}),
    ("truncated_normal", {"shape": [7]}),
    ("truncated_normal", {"shape": [3, 5], "mean": -1.0, "stddev": 2.0}),
    ("truncated_normal", {"shape": [64]}),
    ("truncated_normal", {"shape": [5], "dtype": "bfloat16"}),
    ("randint", {"shape": [7], "minval": 0, "maxval": 10}),
    ("randint", {"shape": [3, 5], "minval": -100, "maxval": 100}),
    ("randint", {"shape": [9], "minval": 0, "maxval": 2**31 - 1}),
    ("randint", {"shape": [9], "minval": 0, "maxval": 256, "dtype": "uint8"}),
    ("randint", {"shape": [9], "minval": -128, "maxval": 127, "dtype": "int8"}),
    ("randint", {"shape": [9], "minval": 3, "maxval": 1000, "dtype": "int16"}),
    ("randint", {"shape": [9], "minval": 3, "maxval": 2**31 - 1, "dtype": "uint32"}),
    ("randint", {"shape": [4], "minval": 5, "maxval": 5}),
    ("categorical", {"logits": ("normal", [3, 5]), "num_samples": 4}),
    ("categorical", {"logits": ("normal", [1, 9]), "num_samples": 1, "dtype": "int64"}),
    ("dropout", {"inputs": ("normal", [4, 6]), "rate": 0.5}),
    ("dropout", {"inputs": ("normal", [4, 6]), "rate": 0.1}),
    ("dropout", {"inputs": ("normal", [4, 6]), "rate": 0.3, "noise_shape": [None, 1]}),
    ("dropout", {"inputs": ("normal", [2, 3, 4]), "rate": 0.4, "noise_shape": [2, 1, 4]}),
    ("dropout", {"inputs": ("normal", [5]), "rate": 0.0}),
    ("dropout", {"inputs": ("normal", [5]), "rate": 1.0}),
    ("shuffle", {"x": ("arange", [11])}),
    ("shuffle", {"x": ("arange", [5, 3])}),
    ("shuffle", {"x": ("arange", [3, 7]), "axis": 1}),
    ("shuffle", {"x": ("normal", [3000])}),
    ("gamma", {"shape": [7], "alpha": 2.5}),
    ("gamma", {"shape": [3, 2], "alpha": 0.3}),
    ("binomial", {"shape": [7], "counts": 10.0, "probabilities": 0.3}),
    ("binomial", {"shape": [7], "counts": 100.0, "probabilities": 0.5}),
    ("beta", {"shape": [7], "alpha": 2.0, "beta": 3.0}),
    ("beta", {"shape": [3, 2], "alpha": 0.5, "beta": 0.5}),
    ("gamma", {"shape": [500], "alpha": 1.0}),
    ("gamma", {"shape": [2, 40], "alpha": 0.02}),
    ("gamma", {"shape": [40], "alpha": 300.0}),
    ("gamma", {"shape": [], "alpha": 2.0}),
    ("gamma", {"shape": [0, 3], "alpha": 2.0}),
    ("gamma", {"shape": [50, 4], "alpha": ("values", [0.1, 0.9, 1.0, 7.0])}),
    ("gamma", {"shape": [3], "alpha": ("values", [-1.0, 0.0, 2.0])}),
    ("binomial", {"shape": [300], "counts": 40.0, "probabilities": 0.9}),
    ("binomial", {"shape": [300], "counts": 1e5, "probabilities": 0.01}),
    ("binomial", {"shape": [20, 6], "counts": ("values", [0.0, 1.0, 5.0, 30.0, 1000.0, 3.0]),
                  "probabilities": ("values", [0.5, 0.1, 0.99, 0.5, 0.7, 0.0])}),
    ("binomial", {"shape": [5], "counts": ("values", [-1.0, 3.0, 3.0, 3.0, 20.0]),
                  "probabilities": ("values", [0.5, -0.1, 1.5, 1.0, 1.0])}),
    ("binomial", {"shape": [9], "counts": 12.0, "probabilities": 0.25, "dtype": "bfloat16"}),
    ("beta", {"shape": [300], "alpha": 1.0, "beta": 1.0}),
    ("beta", {"shape": [40], "alpha": 0.01, "beta": 0.02}),
    ("beta", {"shape": [30, 2], "alpha": ("values", [3.0, 50.0]), "beta": ("values", [0.5, 20.0])}),
    ("uniform", {"shape": [0, 3]}),
    ("uniform", {"shape": []}),
    ("uniform", {"shape": [5, 7, 11], "minval": 3.0, "maxval": 3.5}),
    ("uniform", {"shape": [9], "dtype": "float16", "minval": -2.0, "maxval": 5.0}),
    ("normal", {"shape": [1000]}),
    ("normal", {"shape": [2, 1, 3], "mean": -3.0, "stddev": 7.0, "dtype": "float16"}),
    ("truncated_normal", {"shape": [1000]}),
    ("truncated_normal", {"shape": [9], "mean": 2.0, "stddev": 0.1, "dtype": "float16"}),
    ("randint", {"shape": [500], "minval": 0, "maxval": 3}),
    ("randint", {"shape": [9], "minval": 0, "maxval": 65536, "dtype": "uint16"}),
    ("randint", {"shape": [9], "minval": 10, "maxval": 5}),
    ("categorical", {"logits": ("normal", [4, 30]), "num_samples": 50}),
    ("categorical", {"logits": ("values", [[0.0, -1e9, 0.0], [5.0, 0.0, -5.0]]), "num_samples": 20,
                     "dtype": "uint8"}),
    ("dropout", {"inputs": ("normal", [3, 5, 7]), "rate": 0.2, "noise_shape": [1, 1, None]}),
    ("shuffle", {"x": ("arange", [4, 3, 5]), "axis": -1}),
    ("shuffle", {"x": ("arange", [4, 3, 5]), "axis": 1}),
    ("shuffle", {"x": ("arange", [1])}),
]

# class, configuration, shapes
INITIALIZERS = [
    ("Zeros", {}, [[3], [2, 3]]),
    ("Ones", {}, [[3], [2, 3]]),
    ("Constant", {"value": 0.25}, [[3], [2, 3]]),
    ("Identity", {}, [[3, 3], [2, 4], [4, 2]]),
    ("Identity", {"gain": 0.5}, [[3, 3]]),
    ("RandomUniform", {}, [[5], [4, 3]]),
    ("RandomUniform", {"minval": -1.0, "maxval": 2.0}, [[4, 3]]),
    ("RandomNormal", {}, [[5], [4, 3]]),
    ("RandomNormal", {"mean": 1.0, "stddev": 0.5}, [[4, 3]]),
    ("TruncatedNormal", {}, [[5], [4, 3]]),
    ("TruncatedNormal", {"mean": -1.0, "stddev": 2.0}, [[4, 3]]),
    *[(name, {}, [[5], [4, 3], [3, 3, 2, 4], [2, 3, 2, 3, 2]]) for name in [
        "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal"]],
    *[("VarianceScaling", {"scale": 2.0, "mode": mode, "distribution": distribution},
       [[4, 3], [3, 2, 4]])
      for mode in ["fan_in", "fan_out", "fan_avg"]
      for distribution in ["truncated_normal", "untruncated_normal", "uniform"]],
    ("Orthogonal", {}, [[4, 4], [5, 3], [3, 5], [2, 3, 4]]),
    ("Orthogonal", {"gain": 1.5}, [[4, 3]]),
    ("STFT", {"side": "real", "window": "hann"}, [[8, 1, 5]]),
    ("STFT", {"side": "imag", "window": None, "scaling": "spectrum"}, [[8, 1, 5]]),
    *[("STFT", {"side": "imag", "window": window, "scaling": scaling, "periodic": periodic},
       [[64, 1, 33], [5, 1, 9], [1, 1, 3]])
      for window, scaling, periodic in [
          ("hann", "spectrum", True), ("hamming", "density", True), ("blackman", None, False),
          ("bartlett", "density", False), ("bartlett", "spectrum", True), ("boxcar", "density", False)]],
    ("RandomNormal", {"stddev": 1.0}, [[5000]]),  # far into the tails
    ("TruncatedNormal", {"stddev": 1.0}, [[5000]]),
]


def everyday_models():
    """Models whose fresh weights a Keras user expects to meet again for the same seed."""
    Input = layers.Input
    yield "mlp", lambda: keras.Sequential([
        Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(3)])
    yield "unbuilt", lambda: keras.Sequential([
        layers.Dense(8), layers.Dropout(0.5), layers.Dense(3)])
    yield "cnn", lambda: keras.Sequential([
        Input((8, 8, 1)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dropout(0.25), layers.Dense(3)])
    yield "depthwise", lambda: keras.Sequential([
        Input((8, 8, 2)), layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.SeparableConv2D(3, 3),
        layers.Conv2DTranspose(2, 3), layers.GlobalAveragePooling2D()])
    yield "embedding", lambda: keras.Sequential([
        Input((5,), dtype="int32"), layers.Embedding(11, 4), layers.LSTM(3, return_sequences=True),
        layers.GRU(3), layers.Dense(1)])
    yield "bidirectional", lambda: keras.Sequential([
        Input((5, 3)), layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
        layers.SimpleRNN(3), layers.Dense(1)])
    yield "attention", attention
    yield "he", lambda: keras.Sequential([
        Input((4,)),
        layers.Dense(5, kernel_initializer="he_normal", bias_initializer="random_normal"),
        layers.Dense(3, kernel_initializer=initializers.Orthogonal(seed=3))])


def attention():
    x = layers.Input((5, 6))
    y = layers.MultiHeadAttention(2, 3, dropout=0.1)(x, x)
    return keras.Model(x, layers.LayerNormalization()(layers.Add()([x, y])))


def made(spec, name):
    if not isinstance(spec, tuple):
        return spec
    kind, shape = spec
    if kind == "values":
        return np.array(shape, "float32")
    if kind == "arange":
        return np.arange(np.prod(shape), dtype="int32").reshape(shape)
    return golden.rng(name).normal(size=shape).astype("float32")


def record(family):
    bits(family)
    functions(family)
    seeds(family)
    record_initializers(family)
    fresh_models(family)


def bits(family):
    for n, key in enumerate(KEYS):
        if family.kept(f"bits_{n}"):
            continue
        k = jax.numpy.array(key, "uint32")
        outputs = {
            dtype: [jax.random.bits(k, shape, dtype) for shape in SHAPES]
            for dtype in ["uint32", "uint16", "uint8"]
        }
        with jax.enable_x64(True):
            outputs["uint64"] = [
                np.asarray(jax.random.bits(jax.numpy.array(key, "uint32"), shape, "uint64"))
                for shape in SHAPES
            ]
        family.case(
            f"bits_{n}", kind="bits", key=key, shapes=SHAPES, outputs=outputs,
            split={str(count): jax.random.split(k, count) for count in [1, 2, 3, 5]},
            fold_in={str(data): jax.random.fold_in(k, data) for data in [0, 1, 77]},
            bernoulli={str(p): jax.random.bernoulli(k, p, (3, 5)) for p in [0.0, 0.3, 0.5, 1.0]},
            permutation={str(count): jax.random.permutation(k, count) for count in [1, 2, 9, 3000]},
        )
    with jax.enable_x64(True):
        for n, key in enumerate(KEYS):
            if family.kept(f"float64_{n}"):
                continue
            k = jax.numpy.array(key, "uint32")
            family.case(
                f"float64_{n}", kind="float64", key=key, shape=[3, 5],
                uniform=np.asarray(jax.random.uniform(k, (3, 5), "float64")),
                normal=np.asarray(jax.random.normal(k, (3, 5), "float64")),
                randint=np.asarray(jax.random.randint(k, (3, 5), -(2**40), 2**50, "int64")),
            )
        for n, key in enumerate(KEYS):
            if family.kept(f"rejection64_{n}"):
                continue
            k = jax.numpy.array(key, "uint32")
            family.case(
                f"rejection64_{n}", kind="rejection64", key=key, shape=[3, 5],
                gamma=np.asarray(jax.random.gamma(k, 0.7, (3, 5), "float64")),
                beta=np.asarray(jax.random.beta(k, 2.0, 0.3, (3, 5), "float64")),
                binomial=np.asarray(jax.random.binomial(k, 40.0, 0.4, (3, 5), "float64")),
            )


def functions(family):
    for n, (function, arguments) in enumerate(FUNCTIONS):
        for seed in [42, 1337, 2**32 - 1]:
            name = f"{function}_{n}_{seed}"
            if family.kept(name):
                continue
            given = {key: made(value, name) for key, value in arguments.items()}
            output = getattr(keras.random, function)(**given, seed=seed)
            family.case(name, kind="function", function=function, arguments=given, seed=seed,
                        output=output)


def seeds(family):
    for seed in SEEDS:
        if family.kept(f"seed_generator_{seed}") and family.kept(f"set_random_seed_{seed}"):
            continue
        golden.fresh(seed)
        generator = keras.random.SeedGenerator(seed)
        ordered = [np.asarray(generator.next()) for _ in range(4)]
        unordered = [np.asarray(generator.next(ordered=False)) for _ in range(4)]
        family.case(f"seed_generator_{seed}", kind="seed_generator", seed=seed, ordered=ordered,
                    unordered=unordered, state=generator.state)

        golden.fresh(seed)
        python = [python_random.randint(1, int(1e9)) for _ in range(8)]
        keras.utils.set_random_seed(seed)
        permutations = [np.random.permutation(n) for n in [5, 26, 100]]
        keras.utils.set_random_seed(seed)
        unseeded = [keras.random.uniform([3]), keras.random.normal([3]), keras.random.uniform([3])]
        keras.utils.set_random_seed(seed)
        default = keras.random.SeedGenerator()
        family.case(
            f"set_random_seed_{seed}", kind="set_random_seed", seed=seed,
            randint_1_to_1e9=python,
            numpy_permutation=permutations,  # of 5, 26, 100: what fit(shuffle=True) draws an epoch
            uniform_normal_uniform=unseeded,  # without a seed: by the global generator
            default_generator_state=default.state,
        )
    for seed in [42]:
        if family.kept("draws_by_generator"):
            continue
        generator = keras.random.SeedGenerator(seed)
        family.case("draws_by_generator", kind="draws_by_generator", seed=seed,
                    uniform=[keras.random.uniform([2, 2], seed=generator) for _ in range(3)],
                    state=generator.state)


def record_initializers(family):
    for n, (name, config, shapes) in enumerate(INITIALIZERS):
        cls = getattr(initializers, name)
        takes_seed = "seed" in cls().get_config() if name != "STFT" else False
        for seed in [42, 1337] if takes_seed else [None]:
            given = config | ({"seed": seed} if seed is not None else {})
            for dtype in ["float32", "bfloat16", "float16"] if seed == 42 else ["float32"]:
                if dtype != "float32" and name in ("Orthogonal", "STFT"):
                    continue
                if family.kept(f"{name}_{n}_{seed}_{dtype}"):
                    continue
                initializer = cls(**given)
                family.case(
                    f"{name}_{n}_{seed}_{dtype}", kind="initializer", dtype=dtype,
                    config=golden.config_of(initializer), shapes=shapes,
                    outputs=[initializer(shape, dtype=dtype) for shape in shapes],
                )
        if takes_seed and not family.kept(f"{name}_{n}_default"):
            golden.fresh(42)
            made_first, made_second = cls(**config), cls(**config)
            family.case(
                f"{name}_{n}_default", kind="default_seed", random_seed=42, shape=shapes[-1],
                class_name=name, config=config, first=made_first(shapes[-1]),
                again=made_first(shapes[-1]), second=made_second(shapes[-1]),
            )


def fresh_models(family):
    for name, build in everyday_models():
        for seed in [42, 7]:
            if family.kept(f"model_{name}_{seed}"):
                continue
            golden.fresh(seed)
            model = build()
            if not model.built:
                model.build((None, 6))
            family.case(
                f"model_{name}_{seed}", kind="model", random_seed=seed,
                model=json.loads(model.to_json()),
                input_shape=[None, 6] if name == "unbuilt" else None,
                weights=[{"path": v.path, "value": v} for v in model.weights],
                seed_states=[{"path": v.path, "value": v}
                             for v in model.non_trainable_variables if "seed" in v.path],
                next_randint=python_random.randint(1, int(1e9)),
            )
