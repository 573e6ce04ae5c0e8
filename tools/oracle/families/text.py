"""Layers that Keras runs through TensorFlow, whatever its backend: vocabularies, hashes, texts.

Needs the environment of requirements-text.txt. A Functional model on strings cannot be called on JAX;
what is recorded is the layer, called by itself, and what follows it as a model of its own.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import golden

ROWS = []


def row(layer, x, adapt=None, steps=None, vocabulary=None, idf_weights=None, shape=None, **config):
    """`adapt`: data, or with `steps` a list of batches; `vocabulary`: for set_vocabulary."""
    ROWS.append((layer, x, adapt, steps, vocabulary, idf_weights, shape, config))


def S(*rows):
    return np.array(rows)


def I(*rows, dtype="int64"):
    return np.array(rows, dtype)


WORDS = ["a", "b", "c", "d"]
DATA = S(["a", "c", "d", "d"], ["d", "z", "b", "z"])
TEXTS = S("The quick brown fox, jumps over the lazy dog!", "THE dog; the fox?", "  a\tb \n", "",
          "café — naïve über-cool ÄÖ", "it's don't (won't)")
NUMBERS = I([12, 1138, 42, 42], [42, 7, 36, -5])
COUNTED = S("b", "a", "c", "b", "c", "c", "é", "zz", "zz", "a")

for mode in ["int", "one_hot", "multi_hot", "count"]:
    row("StringLookup", DATA, vocabulary=None, output_mode=mode, config_vocabulary=WORDS)
    row("IntegerLookup", NUMBERS, output_mode=mode, config_vocabulary=[12, 36, 1138, 42])
row("StringLookup", DATA, config_vocabulary=WORDS, num_oov_indices=3)
row("StringLookup", DATA, config_vocabulary=WORDS, num_oov_indices=3, salt=[133, 137])
row("StringLookup", DATA, config_vocabulary=WORDS, num_oov_indices=2, salt=9, mask_token="b_")
row("StringLookup", S(["a", "", "z"]), config_vocabulary=WORDS, mask_token="")
row("StringLookup", S(["a", "", "z"]), config_vocabulary=WORDS, mask_token="", output_mode="multi_hot")
row("StringLookup", S(["a", "b"]), config_vocabulary=WORDS, num_oov_indices=0)
row("StringLookup", S(["a"], ["q"]), config_vocabulary=["[UNK]", *WORDS], output_mode="one_hot")
row("StringLookup", I([0, 1, 4], [9, 2, 3]), config_vocabulary=WORDS, invert=True)
row("StringLookup", I([0, 1, 4], [9, 2, 3]), config_vocabulary=WORDS, invert=True, mask_token="", oov_token="?")
row("StringLookup", DATA, config_vocabulary=WORDS, output_mode="tf_idf", config_idf_weights=[0.25, 0.75, 0.6, 0.4])
row("StringLookup", DATA, vocabulary=["[UNK]", *WORDS], idf_weights=[0.9, 0.25, 0.75, 0.6, 0.4], output_mode="tf_idf")
row("StringLookup", DATA, vocabulary=WORDS, max_tokens=8, pad_to_max_tokens=True, output_mode="count")
row("StringLookup", S(["a", "b", "é"], ["x", "zz", "c"]), adapt=COUNTED)
row("StringLookup", S(["a", "b", "é"], ["x", "zz", "c"]), adapt=COUNTED, max_tokens=3)
row("StringLookup", S(["a", "b", "é"], ["x", "zz", "c"]), adapt=DATA, output_mode="tf_idf")
row("StringLookup", S(["a", "b", "é"], ["x", "zz", "c"]), adapt=DATA, output_mode="tf_idf", max_tokens=7, pad_to_max_tokens=True)
row("StringLookup", S(["a", "z"], ["x", "d"]), adapt=[DATA, S(["z", "z", "z", "q"])], steps=2, output_mode="count")
row("IntegerLookup", NUMBERS, config_vocabulary=[12, 36, 1138, 42], num_oov_indices=3)
row("IntegerLookup", NUMBERS, config_vocabulary=[12, 36, 1138, 42], num_oov_indices=3, oov_method="farmhash")
row("IntegerLookup", NUMBERS, config_vocabulary=[12, 36, 1138, 42], num_oov_indices=3, oov_method="farmhash", salt=[1, 2])
row("IntegerLookup", NUMBERS, config_vocabulary=[12, 36, 1138], mask_token=42)
row("IntegerLookup", NUMBERS, vocabulary=[12, 36, 1138])
row("IntegerLookup", NUMBERS, adapt=I([3, 42, 42], [12, 12, -5]))
row("IntegerLookup", NUMBERS, adapt=I([3, 42, 42], [12, 12, -5]), output_mode="tf_idf")
row("IntegerLookup", I([1, 3, 4], [4, 0, 2]), config_vocabulary=[12, 36, 1138, 42], invert=True)

for mode in ["int", "one_hot", "multi_hot", "count"]:
    row("Hashing", DATA, num_bins=5, output_mode=mode)
    row("Hashing", I([1, 2, 3], [1, -7, 100000000000]), num_bins=4, output_mode=mode)
row("Hashing", S(["a"], ["b"], [""], ["c"]), num_bins=3, mask_value="")
row("Hashing", S(["a"], ["b"], [""], ["c"]), num_bins=3, mask_value="", output_mode="one_hot")
row("Hashing", I([0], [1], [2], [3]), num_bins=3, mask_value=2)
row("Hashing", DATA, num_bins=1000, salt=133)
row("Hashing", DATA, num_bins=1000, salt=[133, 137])
row("Hashing", I([5, 6], [7, 8], dtype="int32"), num_bins=1000, salt=[133, 137], dtype="int32")
LONG = ["".join(chr(33 + (i * 7 + n) % 90) for i in range(n)) for n in (1, 3, 4, 7, 8, 16, 17, 32, 33, 64, 65, 128, 129, 500)]
row("Hashing", S(LONG), num_bins=2**31 - 1)
row("Hashing", S(LONG), num_bins=2**31 - 1, salt=[2**62, 5])
row("HashedCrossing", [S("A", "B", "A", "é"), I(101, 101, 102, -3)], num_bins=5)
row("HashedCrossing", [S(["A"], ["B"]), I([101], [102], dtype="int32"), S(["x"], ["y"])], num_bins=50)
row("HashedCrossing", [I([1], [2]), I([101], [102])], num_bins=50, output_mode="one_hot")
row("HashedCrossing", [S("A", "B"), S("x", "y")], num_bins=4, output_mode="one_hot")

VOCABULARY = ["the", "dog", "fox", "café", "a"]
for standardize in ["lower_and_strip_punctuation", "lower", "strip_punctuation", None]:
    row("TextVectorization", TEXTS, config_vocabulary=VOCABULARY, standardize=standardize)
    row("TextVectorization", TEXTS, adapt=TEXTS, standardize=standardize, output_sequence_length=6)
row("TextVectorization", TEXTS.reshape(-1, 1), config_vocabulary=VOCABULARY, output_sequence_length=4)
row("TextVectorization", TEXTS, config_vocabulary=VOCABULARY, output_sequence_length=2)
# Without the text of a line break, which a vocabulary file of Keras's cannot hold.
row("TextVectorization", TEXTS, adapt=TEXTS[[0, 1, 4]], split="character", output_sequence_length=12)
row("TextVectorization", DATA, config_vocabulary=WORDS, split=None)
row("TextVectorization", DATA, config_vocabulary=WORDS, split=None, output_sequence_length=3)
row("TextVectorization", TEXTS, adapt=TEXTS, ngrams=2, output_sequence_length=8)
row("TextVectorization", TEXTS, adapt=TEXTS, ngrams=(1, 3), output_mode="count")
for mode in ["multi_hot", "count"]:
    row("TextVectorization", TEXTS, config_vocabulary=VOCABULARY, output_mode=mode)
    row("TextVectorization", TEXTS, adapt=TEXTS, output_mode=mode, max_tokens=6)
    row("TextVectorization", TEXTS, adapt=TEXTS, output_mode=mode, max_tokens=60, pad_to_max_tokens=True)
row("TextVectorization", TEXTS, adapt=TEXTS, output_mode="tf_idf")
row("TextVectorization", TEXTS, adapt=TEXTS, output_mode="tf_idf", max_tokens=60, pad_to_max_tokens=True)
row("TextVectorization", TEXTS, config_vocabulary=VOCABULARY, config_idf_weights=[0.5, 1.0, 1.5, 2.0, 2.5], output_mode="tf_idf")
row("TextVectorization", TEXTS, vocabulary=VOCABULARY, output_sequence_length=5)


SPREAD = np.random.default_rng(5).normal(2.0, 3.0, (60, 4)).astype("float32")
row("Discretization", SPREAD[:5], adapt=SPREAD, num_bins=4)
row("Discretization", SPREAD[:5], adapt=SPREAD, num_bins=3, epsilon=0.2)
row("Discretization", SPREAD[:5], adapt=[SPREAD[:7], SPREAD[7:50], SPREAD[50:]], steps=3, num_bins=5, output_mode="count")


def construct(layer, config):
    arguments = {key.removeprefix("config_"): value for key, value in config.items()}
    return getattr(layers, layer)(**arguments)


def dtype_of(x):
    return "string" if x.dtype.kind == "U" else x.dtype.name


def symbols(arrays):
    return [keras.Input(x.shape[1:], dtype=dtype_of(x), name=f"x{n}") for n, x in enumerate(arrays)]


def values(output):
    output = np.asarray(output)
    if output.dtype.kind in "OS":
        return np.array([s.decode() for s in output.reshape(-1)]).reshape(output.shape)
    return output


def plain(tokens):
    return None if tokens is None else [str(t) if isinstance(t, str) else int(t) for t in tokens]


def record(family):
    counts = {}
    for layer, x, adapt, steps, vocabulary, idf_weights, shape, config in ROWS:
        counts[layer] = counts.get(layer, 0) + 1
        golden.fresh(42)
        arrays = x if isinstance(x, list) else [x]
        inputs = symbols(arrays)
        made = construct(layer, config)
        fields = {"layer": layer}
        if adapt is not None:
            fields["fresh"] = golden.config_of(made)
            fields["batches"] = adapt if steps else [adapt]
            if steps:
                made.adapt((batch for batch in adapt), steps=steps)
            else:
                made.adapt(adapt)
        if vocabulary is not None:
            made.set_vocabulary(vocabulary, idf_weights=idf_weights)
        if hasattr(made, "get_vocabulary"):
            fields["vocabulary"] = plain(made.get_vocabulary())
            fields["tokens"] = plain(made.get_vocabulary(include_special_tokens=False))
        # JAX has no strings to give back.
        called = made(tf.constant(x)) if layer == "StringLookup" and made.invert else made(x)
        fields["outputs"] = values(called)
        fields["made"] = golden.config_of(made)
        if len(arrays) < 3:  # Keras gives HashedCrossing no shapes for more than two
            symbolic = made(inputs if isinstance(x, list) else inputs[0])
            fields["model"] = golden.saved(keras.Model(inputs, symbolic))
        family.case(f"{layer}_{counts[layer]}", x=arrays, adapted=bool(steps), **fields)
    record_models(family)


def text_model():
    x = keras.Input((1,), dtype="string", name="text")
    vectorize = layers.TextVectorization(output_sequence_length=6, name="vectorize")
    vectorize.adapt(TEXTS)
    return [x], vectorize, lambda ids: layers.Dense(2)(layers.GlobalAveragePooling1D()(
        layers.Embedding(vectorize.vocabulary_size(), 4, mask_zero=True)(ids))), [
            TEXTS[TEXTS != ""].reshape(-1, 1)]  # of no words there is no mean


def varying_length():
    x = keras.Input((), dtype="string", name="text")
    vectorize = layers.TextVectorization(vocabulary=VOCABULARY, name="vectorize")
    return [x], vectorize, lambda ids: layers.Dense(2)(layers.GlobalMaxPooling1D()(
        layers.Embedding(vectorize.vocabulary_size(), 4)(ids))), [TEXTS]


def mixed_inputs():
    """A category beside numbers; the lookup stands in the middle of the graph."""
    x = keras.Input((1,), dtype="string", name="kind")
    other = keras.Input((3,), name="numbers")
    lookup = layers.StringLookup(name="lookup", output_mode="one_hot")
    lookup.adapt(COUNTED)
    numbers = np.linspace(-1, 1, 12).reshape(4, 3).astype("float32")

    def tail(ids):
        return layers.Dense(1)(layers.Concatenate()([layers.Dense(3, activation="relu")(other), ids]))

    return [x, other], lookup, tail, [S(["a"], ["b"], ["q"], ["é"]), numbers]


def numbers_model():
    x = keras.Input((2,), dtype="int64", name="ids")
    lookup = layers.IntegerLookup(vocabulary=[5, 9, 2], name="lookup")
    return [x], lookup, lambda ids: layers.Dense(2)(layers.Flatten()(layers.Embedding(4, 3)(ids))), [
        I([5, 9], [2, 77], [0, 5])]


def record_models(family):
    for build in (text_model, varying_length, mixed_inputs, numbers_model):
        golden.fresh(7)
        inputs, front, tail, x = build()
        symbolic = front(inputs[0])
        whole = keras.Model(inputs, tail(symbolic), name=build.__name__)
        fed = [np.asarray(front(x[0])), *x[1:]]
        rng = golden.rng(build.__name__)
        for weight in whole.weights:
            weight.assign(rng.normal(size=weight.shape) * 0.5)
        whole.compile(keras.optimizers.SGD(0.1), "mse")
        case = {"model": golden.saved(whole), "x": x}
        rest = keras.Model([symbolic, *inputs[1:]], whole.outputs[0])
        rest.compile(keras.optimizers.SGD(0.1), "mse")
        case["predictions"] = rest.predict(fed, verbose=0)
        y = rng.normal(size=case["predictions"].shape).astype("float32")
        losses = [float(rest.train_on_batch(fed, y)) for _ in range(3)]
        family.case(build.__name__, **case, y=y, losses=losses,
                    weights=[{"path": v.path, "value": np.array(v)} for v in rest.weights])
