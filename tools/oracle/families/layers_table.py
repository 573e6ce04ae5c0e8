"""The table of layer cases: one line, one case."""

import itertools

import keras
import numpy as np
from keras import layers


class Input:
    """Shape without the batch, and how to draw the values."""

    def __init__(self, shape, dtype, make):
        self.shape, self.dtype, self.make = shape, dtype, make

    def draw(self, rng, batch):
        return self.make(rng, (batch, *self.shape)).astype(self.dtype)


def N(*shape):
    return Input(shape, "float32", lambda rng, full: rng.normal(size=full))


def I(limit, *shape):
    return Input(shape, "int32", lambda rng, full: rng.integers(0, limit, full))


def B(*shape):
    return Input(shape, "bool", lambda rng, full: rng.integers(0, 2, full))


class Row:
    def __init__(self, layer, inputs, build, config, masked, call, as_list, trains, gradients):
        self.layer, self.inputs, self.build, self.config = layer, inputs, build, config
        self.masked, self.call, self.as_list = masked, call, as_list
        self.trains, self.gradients = trains, gradients


ROWS = []


def row(layer, *inputs, table=ROWS, **options):
    table.append(make_row(layer, *inputs, **options))


def make_row(layer, *inputs, build=None, masked=False, call=None, as_list=None, trains=True,
             gradients=True, **config):
    """A layer and its inputs; `build` where the arguments are layers themselves."""
    make = build or (lambda: getattr(layers, layer)(**config))
    return Row(layer, list(inputs), make, None if build else config, masked, call,
               len(inputs) > 1 if as_list is None else as_list, trains, gradients)


def adapted(layer, shape):
    layer.adapt(np.random.default_rng(5).normal(2.0, 3.0, shape).astype("float32"))
    return layer


FIRST, LAST = "channels_first", "channels_last"
BF16, F16 = "mixed_bfloat16", "mixed_float16"

@keras.saving.register_keras_serializable("cases")
def doubled(x):
    return x * 2


@keras.saving.register_keras_serializable("cases")
def scaled(x, factor=1.0):
    return x * factor


@keras.saving.register_keras_serializable("cases")
class Doubling(layers.Wrapper):
    """A wrapper of one's own: twice what the layer within gives."""

    def call(self, x):
        return self.layer(x) * 2


# Core.
row("Dense", N(4), units=3)
row("Dense", N(4), units=3, activation="relu", use_bias=False)
row("Dense", N(2, 4), units=3, activation="gelu")
row("Dense", N(4), units=3, kernel_regularizer="l2", bias_regularizer="l1")
row("Dense", N(4), units=3, kernel_constraint=keras.constraints.MaxNorm(0.5),
    bias_constraint="non_neg")
row("Dense", N(4), units=3, activity_regularizer="l2")
row("Dense", N(4), units=3, dtype=BF16)
row("Dense", N(4), units=3, dtype=F16)
row("Dense", N(4), units=3, dtype="bfloat16")
row("EinsumDense", N(4), equation="ab,bc->ac", output_shape=3, bias_axes="c")
row("EinsumDense", N(3, 4), equation="abc,cd->abd", output_shape=(None, 5), bias_axes="d",
    activation="relu")
row("EinsumDense", N(3, 4), equation="...x,xy->...y", output_shape=2, bias_axes="y")
row("EinsumDense", N(3, 4), equation="abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")
row("EinsumDense", N(3, 4), equation="abc,cd->abd", output_shape=(None, 5), dtype=BF16)
row("Embedding", I(7, 4), input_dim=7, output_dim=3)
row("Embedding", I(7, 4), input_dim=7, output_dim=3, mask_zero=True)
row("Embedding", I(7), input_dim=7, output_dim=3, embeddings_regularizer="l2")
row("Embedding", I(7, 4), input_dim=7, output_dim=3, dtype=BF16)
for tie in [True, False]:
    row("ReversibleEmbedding", I(7, 4), input_dim=7, output_dim=3, tie_weights=tie,
        call=lambda layer, x: layer(layer(x), reverse=True))
row("ReversibleEmbedding", I(7, 4), input_dim=7, output_dim=3, mask_zero=True)
row("ReversibleEmbedding", I(7, 4), input_dim=7, output_dim=3, logit_soft_cap=0.5, reverse_dtype="float32",
    call=lambda layer, x: layer(layer(x), reverse=True))
row("ReversibleEmbedding", I(7, 4), input_dim=7, output_dim=3, dtype=BF16,
    call=lambda layer, x: layer(layer(x), reverse=True))
row("Lambda", N(5), build=lambda: layers.Lambda(doubled))
row("Lambda", N(5), build=lambda: layers.Lambda(scaled, arguments={"factor": 3.0}, output_shape=(5,)))
row("Lambda", N(5), build=lambda: layers.Lambda(keras.ops.tanh))
row("Wrapper", N(5), build=lambda: Doubling(layers.Dense(2)))
row("Activation", N(5), activation="tanh")
row("Activation", N(5), activation="softmax")
for activation in ("celu elu exponential gelu hard_swish hard_shrink hard_sigmoid hard_silu "
                   "hard_tanh leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid "
                   "silu soft_shrink softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus "
                   "tanh_shrink").split():
    row("Activation", N(2, 6), activation=activation)
row("Identity", N(4))
row("Rescaling", N(4), scale=0.5, offset=1.0)
row("Rescaling", I(255, 3, 3, 2), scale=1 / 255)
row("Normalization", N(4), mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 0.5])
row("Normalization", N(4), mean=0.5, variance=2.0, axis=None, invert=True)
row("Normalization", N(4), mean=0.5, variance=2.0)
row("Normalization", N(3, 4), axis=(1, 2), mean=[[0.1, 0.2, 0.3, 0.4]] * 3, variance=[[1.0, 2.0, 3.0, 0.5]] * 3)
row("Normalization", N(3, 4), axis=(1, 2), mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 0.5])
row("Normalization", N(3, 4), axis=(-1, 1), trains=False)
row("Normalization", N(4), axis=None, dtype=BF16, mean=0.25, variance=4.0)
row("Normalization", N(3, 2), build=lambda: adapted(layers.Normalization(), (5, 3, 2)), trains=False)
row("Normalization", N(3, 2), build=lambda: adapted(layers.Normalization(axis=None, invert=True), (5, 3, 2)),
    trains=False)
for mode in ["multi_hot", "count", "one_hot"]:
    row("CategoryEncoding", I(5, 4), num_tokens=5, output_mode=mode)
    row("CategoryEncoding", I(9, 1), num_tokens=5, output_mode=mode)
    row("CategoryEncoding", I(5), num_tokens=5, output_mode="one_hot" if mode == "count" else mode)
row("CategoryEncoding", I(5, 4), N(4), num_tokens=5, output_mode="count",
    call=lambda layer, x, weights: layer(x, count_weights=weights))
row("CategoryEncoding", I(5, 4), num_tokens=5, dtype="int32", output_mode="count")
BOUNDARIES = [-1.0, 0.0, 0.5]
for mode in ["int", "one_hot", "multi_hot", "count"]:
    row("Discretization", N(4), bin_boundaries=BOUNDARIES, output_mode=mode)
row("Discretization", I(9, 4), bin_boundaries=[2.0, 5.0])
row("Discretization", N(3, 1), bin_boundaries=BOUNDARIES, output_mode="one_hot")
SHORT = {"frame_length": 16, "frame_step": 6, "trains": False}
for mode in ["log", "magnitude", "psd", "real", "imag", "angle", "stft"]:
    row("STFTSpectrogram", N(40, 2), mode=mode, **SHORT)
row("STFTSpectrogram", N(40, 2), mode="magnitude", frame_length=12, padding="same", window="hamming")
row("STFTSpectrogram", N(40, 2), expand_dims=True, fft_length=32, scaling="spectrum", **SHORT)
row("STFTSpectrogram", N(2, 40), data_format=FIRST, periodic=True, **SHORT)
row("STFTSpectrogram", N(2, 40), data_format=FIRST, expand_dims=True, window=None, scaling=None, **SHORT)
row("STFTSpectrogram", N(40, 1), mode="stft", dtype=F16, **SHORT)
MEL = {"fft_length": 64, "sequence_stride": 20, "num_mel_bins": 8, "sampling_rate": 400, "min_freq": 10.0}
row("MelSpectrogram", N(200), **MEL)
row("MelSpectrogram", N(200), **MEL, power_to_db=False, mag_exp=1.0)
row("MelSpectrogram", N(2, 200), **MEL, max_freq=150.0, window="hamming", sequence_length=50, top_db=20.0)
row("MelSpectrogram", N(200), **MEL, ref_power=3.0, min_power=1e-3, window=None)
row("MelSpectrogram", N(200), **MEL, dtype=F16)

# Activations as layers.
row("ReLU", N(6))
row("ReLU", N(6), max_value=1.0, negative_slope=0.1, threshold=0.2)
row("LeakyReLU", N(6))
row("LeakyReLU", N(6), negative_slope=0.1)
row("ELU", N(6), alpha=0.5)
row("PReLU", N(6))
row("PReLU", N(3, 4), shared_axes=[1])
row("Softmax", N(2, 5))
row("Softmax", N(2, 5), axis=1)
row("Softmax", N(2, 5), B(2, 5), call=lambda layer, x, mask: layer(x, mask=mask))
row("ActivityRegularization", N(4), l1=0.1, l2=0.01)

# Reshaping.
row("Flatten", N(2, 3, 2))
row("Flatten", N(2, 3, 2), data_format=FIRST)
row("Flatten", N())
row("Reshape", N(2, 6), target_shape=(3, 4))
row("Reshape", N(2, 6), target_shape=(-1, 2))
row("Permute", N(2, 3, 4), dims=(3, 1, 2))
row("RepeatVector", N(3), n=2)
row("Cropping1D", N(6, 2), cropping=(1, 2))
row("ZeroPadding1D", N(3, 2), padding=(1, 2))
row("UpSampling1D", N(3, 2), size=2)
for layout in [LAST, FIRST]:
    row("Cropping2D", N(5, 6, 5), cropping=((1, 2), (0, 1)), data_format=layout)
    row("ZeroPadding2D", N(2, 3, 2), padding=((1, 2), (0, 1)), data_format=layout)
    row("UpSampling2D", N(2, 3, 2), size=(2, 3), data_format=layout)
    row("UpSampling2D", N(2, 3, 2), size=2, interpolation="bilinear", data_format=layout)
    row("Cropping3D", N(4, 5, 4, 5), cropping=1, data_format=layout)
    row("ZeroPadding3D", N(2, 2, 2, 2), padding=(1, 0, 1), data_format=layout)
    row("UpSampling3D", N(2, 2, 2, 2), size=(1, 2, 1), data_format=layout)
row("UpSampling2D", N(3, 3, 2), size=2, interpolation="bicubic")
row("UpSampling2D", N(2, 3, 3), size=(2, 3), interpolation="bicubic", data_format=FIRST)
for interpolation in ["lanczos3", "lanczos5"]:
    row("UpSampling2D", N(3, 3, 2), size=2, interpolation=interpolation)
    row("UpSampling2D", N(2, 3, 4), size=(3, 2), interpolation=interpolation, data_format=FIRST)

# Convolutions.
CONV = [
    {},
    {"padding": "same", "activation": "relu"},
    {"strides": 2, "padding": "same", "use_bias": False},
    {"strides": 2},
    {"dilation_rate": 2},
]
for rank, size in [(1, (8,)), (2, (6, 5)), (3, (4, 5, 4))]:
    for layout, options in itertools.product([LAST, FIRST], CONV):
        x = N(*size, 2) if layout == LAST else N(2, *size)
        kernel = 2 if "dilation_rate" in options else 3
        options = options | {"data_format": layout, "kernel_size": kernel}
        row(f"Conv{rank}D", x, filters=3, **options)
        if "dilation_rate" not in options or rank < 3:
            row(f"Conv{rank}DTranspose", x, filters=2, **options)
        if rank < 3:
            row(f"DepthwiseConv{rank}D", x, depth_multiplier=2, **options)
            row(f"SeparableConv{rank}D", x, filters=3, depth_multiplier=2, **options)
    x = N(*size, 4)
    row(f"Conv{rank}D", x, filters=6, kernel_size=2, groups=2)
    row(f"Conv{rank}DTranspose", N(*size, 2), filters=2, kernel_size=3, strides=2, output_padding=1)
row("Conv1D", N(8, 2), filters=3, kernel_size=3, padding="causal", dilation_rate=2)
row("Conv2D", N(6, 5, 2), filters=3, kernel_size=(3, 2), strides=(1, 2))
row("Conv2D", N(6, 5, 2), filters=3, kernel_size=1, kernel_regularizer="l2")
row("Conv2D", N(6, 5, 2), filters=3, kernel_size=3, dtype=BF16)
row("Conv2D", N(6, 5, 2), filters=3, kernel_size=3, dtype=F16)
for rank, size in [(1, (8,)), (2, (6, 5)), (3, (4, 5, 4))]:
    row(f"Conv{rank}D", N(4, *size), filters=6, kernel_size=2, groups=2, data_format=FIRST)
for layer in ["Conv2DTranspose", "DepthwiseConv2D"]:
    row(layer, N(6, 5, 2), kernel_size=3, dtype=BF16, **({"filters": 3} if layer[0] == "C" else {}))
row("SeparableConv2D", N(6, 5, 2), filters=3, kernel_size=3, dtype=BF16)

# Pooling.
for rank, size in [(1, (7,)), (2, (6, 5)), (3, (4, 5, 4))]:
    for layout in [LAST, FIRST]:
        x = N(*size, 2) if layout == LAST else N(2, *size)
        for kind in ["Max", "Average"]:
            row(f"{kind}Pooling{rank}D", x, pool_size=2, data_format=layout)
            row(f"{kind}Pooling{rank}D", x, pool_size=3, strides=2, padding="same",
                data_format=layout)
            row(f"Global{kind}Pooling{rank}D", x, data_format=layout)
            row(f"Global{kind}Pooling{rank}D", x, keepdims=True, data_format=layout)
            row(f"Adaptive{kind}Pooling{rank}D", x, output_size=3, data_format=layout)
row("MaxPooling2D", N(6, 5, 2), pool_size=(2, 3), strides=1)
row("GlobalAveragePooling1D", N(5, 3), masked=True)
for kind in ["Max", "Average"]:
    row(f"Adaptive{kind}Pooling2D", N(7, 5, 2), output_size=(2, 4))
    row(f"Adaptive{kind}Pooling3D", N(2, 5, 4, 3), output_size=(3, 1, 2), data_format=FIRST)
    row(f"{kind}Pooling2D", N(6, 5, 2), pool_size=2, dtype=BF16)

# Normalization.
row("BatchNormalization", N(4))
row("BatchNormalization", N(3, 3, 2), momentum=0.8, epsilon=1e-2)
row("BatchNormalization", N(2, 3, 3), axis=1)
row("BatchNormalization", N(4), center=False, scale=False)
row("BatchNormalization", N(5, 3), masked=True)
row("BatchNormalization", N(4), dtype=BF16)
row("BatchNormalization", N(4), trainable=False)
row("LayerNormalization", N(5))
row("LayerNormalization", N(3, 4), axis=1)
row("LayerNormalization", N(3, 4), axis=[1, 2])
row("LayerNormalization", N(5), center=False, scale=False, epsilon=1e-5)
row("LayerNormalization", N(5), dtype=BF16)
row("RMSNormalization", N(5))
row("RMSNormalization", N(3, 4))
row("GroupNormalization", N(3, 4), groups=2)
row("GroupNormalization", N(4, 3), groups=2, axis=1)
row("GroupNormalization", N(3, 3, 4), groups=-1, center=False)
row("GroupNormalization", N(3, 4), groups=2, dtype=BF16)
row("RMSNormalization", N(5), dtype=BF16)
row("UnitNormalization", N(5))
row("UnitNormalization", N(3, 4), axis=1)
row("SpectralNormalization", N(4), build=lambda: layers.SpectralNormalization(layers.Dense(3)))
row("SpectralNormalization", N(5, 5, 2),
    build=lambda: layers.SpectralNormalization(layers.Conv2D(3, 2), power_iterations=2))

# Merging.
for layer in ["Add", "Average", "Maximum", "Minimum", "Multiply", "Concatenate"]:
    row(layer, N(3, 4), N(3, 4))
    row(layer, N(3, 4), N(3, 4), N(3, 4))
    if layer != "Concatenate":
        row(layer, N(3, 4), N(1, 4))
row("Subtract", N(3, 4), N(3, 4))
row("Concatenate", N(2, 4), N(3, 4), axis=1)
row("Dot", N(4), N(4), axes=1)
row("Dot", N(3, 4), N(2, 4), axes=2)
row("Dot", N(3, 4), N(3, 4), axes=(1, 1), normalize=True)
row("Add", N(3, 4), N(3, 4), dtype=BF16)

# Regularization: the masks are exact for a given seed.
row("Dropout", N(6), rate=0.5, seed=7)
row("Dropout", N(3, 4), rate=0.25, noise_shape=(None, 1, 4), seed=7)
row("SpatialDropout1D", N(3, 4), rate=0.4, seed=7)
row("SpatialDropout2D", N(2, 3, 4), rate=0.4, seed=7)
row("SpatialDropout2D", N(4, 2, 3), rate=0.4, seed=7, data_format=FIRST)
row("SpatialDropout3D", N(2, 2, 2, 4), rate=0.4, seed=7)
row("SpatialDropout3D", N(4, 2, 2, 2), rate=0.4, seed=7, data_format=FIRST)
row("GaussianDropout", N(6), rate=0.3, seed=7)
row("GaussianNoise", N(6), stddev=0.3, seed=7)
row("AlphaDropout", N(6), rate=0.3, seed=7)
row("Dropout", N(6), rate=0.5, seed=7, dtype=BF16)

# Attention.
row("MultiHeadAttention", N(4, 6), num_heads=2, key_dim=3, call=lambda layer, x: layer(x, x))
row("MultiHeadAttention", N(4, 6), N(5, 6), num_heads=2, key_dim=3, output_shape=5,
    call=lambda layer, x, y: layer(x, y))
row("MultiHeadAttention", N(4, 6), N(5, 6), N(5, 4), num_heads=2, key_dim=3, use_bias=False,
    call=lambda layer, x, y, z: layer(x, y, z))
row("MultiHeadAttention", N(4, 6), num_heads=2, key_dim=3,
    call=lambda layer, x: layer(x, x, use_causal_mask=True))
row("MultiHeadAttention", N(4, 6), B(4, 4), num_heads=2, key_dim=3,
    call=lambda layer, x, mask: layer(x, x, attention_mask=mask))
row("MultiHeadAttention", N(4, 6), num_heads=2, key_dim=3,
    call=lambda layer, x: layer(x, x, return_attention_scores=True))
row("MultiHeadAttention", N(4, 6), num_heads=2, key_dim=3, masked=True,
    call=lambda layer, x: layer(x, x))
row("MultiHeadAttention", N(2, 3, 4), num_heads=2, key_dim=3, attention_axes=(2,),
    call=lambda layer, x: layer(x, x))
row("MultiHeadAttention", N(4, 6), num_heads=2, key_dim=3, dtype=BF16,
    call=lambda layer, x: layer(x, x))
row("MultiHeadAttention", N(4, 6), B(4, 4), num_heads=2, key_dim=3, dropout=0.3, seed=7,
    trains=False, call=lambda layer, x, mask: layer(x, x, attention_mask=mask))
row("MultiHeadAttention", N(4, 6), num_heads=2, key_dim=3, dropout=0.3, seed=7, trains=False,
    call=lambda layer, x: layer(x, x, use_causal_mask=True))
# Few keys: some queries may look at none.
row("MultiHeadAttention", N(4, 6), N(2, 6), B(4, 2), num_heads=2, key_dim=3,
    call=lambda layer, x, y, mask: layer(x, y, attention_mask=mask))
row("GroupQueryAttention", N(4, 6), head_dim=3, num_query_heads=4, num_key_value_heads=2,
    call=lambda layer, x: layer(x, x))
row("GroupQueryAttention", N(4, 6), head_dim=3, num_query_heads=4, num_key_value_heads=1,
    use_bias=False, call=lambda layer, x: layer(x, x, use_causal_mask=True))
row("GroupQueryAttention", N(4, 6), N(2, 6), B(4, 2), head_dim=3, num_query_heads=4,
    num_key_value_heads=2, call=lambda layer, x, y, mask: layer(x, y, attention_mask=mask))
for layer in ["Attention", "AdditiveAttention"]:
    row(layer, N(3, 4), N(5, 4))
    row(layer, N(3, 4), N(5, 4), N(5, 4))
    row(layer, N(4, 4), N(4, 4), call=lambda layer, q, v: layer([q, v], use_causal_mask=True))
    row(layer, N(3, 4), N(5, 4), B(5), call=lambda layer, q, v, m: layer([q, v], mask=[None, m]))
    row(layer, N(3, 4), N(5, 4),
        call=lambda layer, q, v: layer([q, v], return_attention_scores=True))
row("Attention", N(3, 4), N(5, 4), use_scale=True, score_mode="concat")
row("Attention", N(3, 4), N(5, 4), use_scale=True)

# Recurrent.
for layer in ["SimpleRNN", "LSTM", "GRU"]:
    row(layer, N(4, 3), units=2)
    row(layer, N(4, 3), units=2, return_sequences=True)
    row(layer, N(4, 3), units=2, return_state=True)
    row(layer, N(4, 3), units=2, return_sequences=True, return_state=True, go_backwards=True)
    row(layer, N(4, 3), units=2, return_sequences=True, masked=True)
    row(layer, N(4, 3), units=2, return_state=True, masked=True)
    row(layer, N(4, 3), units=2, masked=True, go_backwards=True)
    row(layer, N(4, 3), units=2, use_bias=False, activation="relu")
    row(layer, N(4, 3), units=2, unroll=True)
    row(layer, N(4, 3), units=2, dropout=0.3, recurrent_dropout=0.2, seed=7, trains=False)
    row(layer, N(4, 3), units=2, dtype=BF16)
    states = 2 if layer == "LSTM" else 1
    row(layer, N(4, 3), *[N(2)] * states, units=2,
        call=lambda layer, x, *s: layer(x, initial_state=list(s)))
    cell = getattr(layers, layer + "Cell") if layer != "SimpleRNN" else layers.SimpleRNNCell
    row(layer + "Cell", N(3), *[N(2)] * states, units=2,
        call=lambda layer, x, *s: layer(x, list(s) if len(s) > 1 else s[0]))
    row("RNN", N(4, 3), build=lambda cell=cell: layers.RNN(cell(2), return_sequences=True))
    row("Bidirectional", N(4, 3),
        build=lambda layer=layer: layers.Bidirectional(getattr(layers, layer)(2)))
row("GRU", N(4, 3), units=2, reset_after=False)
row("GRU", N(4, 3), units=2, reset_after=False, return_sequences=True, masked=True)
row("LSTM", N(4, 3), units=2, unit_forget_bias=False, recurrent_activation="hard_sigmoid")
row("LSTM", N(4, 3), units=2, zero_output_for_mask=True, return_sequences=True, masked=True)
row("RNN", N(4, 3), build=lambda: layers.RNN(
    [layers.GRUCell(2), layers.LSTMCell(3)], return_state=True))
row("RNN", N(4, 3), build=lambda: layers.RNN(
    layers.StackedRNNCells([layers.SimpleRNNCell(2), layers.GRUCell(2)]), return_sequences=True))
for mode in ["sum", "mul", "ave", "concat", None]:
    row("Bidirectional", N(4, 3), build=lambda mode=mode: layers.Bidirectional(
        layers.LSTM(2, return_sequences=True), merge_mode=mode))
row("Bidirectional", N(4, 3), masked=True, build=lambda: layers.Bidirectional(
    layers.LSTM(2, return_sequences=True)))
row("Bidirectional", N(4, 3), build=lambda: layers.Bidirectional(layers.GRU(2, return_state=True)))
row("Bidirectional", N(4, 3), build=lambda: layers.Bidirectional(
    layers.GRU(2), backward_layer=layers.LSTM(2, go_backwards=True)))
row("TimeDistributed", N(4, 3), build=lambda: layers.TimeDistributed(layers.Dense(2)))
row("TimeDistributed", N(2, 5, 5, 1), build=lambda: layers.TimeDistributed(layers.Conv2D(2, 3)))
row("TimeDistributed", N(4, 3), masked=True, build=lambda: layers.TimeDistributed(layers.Dense(2)))
row("Masking", N(4, 3), mask_value=0.0)
for rank, size in [(1, (5,)), (2, (4, 4))]:
    row(f"ConvLSTM{rank}D", N(3, *size, 2), filters=2, kernel_size=3)
    row(f"ConvLSTM{rank}D", N(3, *size, 2), filters=2, kernel_size=3, padding="same",
        return_sequences=True)
