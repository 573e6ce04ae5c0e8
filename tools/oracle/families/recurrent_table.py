"""The table of recurrent layers; layers_table.py holds the plain uses of each."""

import functools

import keras
from keras import layers

from families import layers_table
from families.layers_table import BF16, F16, FIRST, LAST, Input, N

ROWS = []
row = functools.partial(layers_table.row, table=ROWS)


def T(*shape):
    """A sequence of unknown length, of which four steps are given."""
    return Input((None, *shape), "float32",
                 lambda rng, full: rng.normal(size=[4 if n is None else n for n in full]))


def given(layer, x, *states):
    return layer(x, initial_state=list(states))


X = N(4, 3)
FAMILY = ["SimpleRNN", "LSTM", "GRU"]

for layer in FAMILY:
    states = [N(2)] * (2 if layer == "LSTM" else 1)
    row(layer, T(3), units=2, return_sequences=True)
    row(layer, X, units=2, return_sequences=True, unroll=True)
    row(layer, X, units=2, return_sequences=True, unroll=True, masked=True)
    row(layer, X, units=2, unroll=True, masked=True, return_state=True)
    row(layer, X, units=2, return_sequences=True, return_state=True, go_backwards=True,
        masked=True)
    row(layer, X, units=2, return_sequences=True, go_backwards=True, masked=True, unroll=True,
        zero_output_for_mask=True)
    row(layer, X, units=2, return_sequences=True, masked=True, zero_output_for_mask=True)
    row(layer, X, units=2, masked=True, zero_output_for_mask=True)
    row(layer, X, units=2, kernel_regularizer="l2", recurrent_regularizer="l1",
        bias_regularizer="l2", activity_regularizer="l2")
    row(layer, X, units=2, kernel_constraint=keras.constraints.MaxNorm(0.3),
        recurrent_constraint="unit_norm", bias_constraint="non_neg")
    row(layer, X, units=2, kernel_initializer="he_normal", bias_initializer="ones",
        recurrent_initializer=keras.initializers.RandomNormal(seed=3))
    row(layer, X, units=2, activation=None, return_sequences=True)
    row(layer, X, units=2, trainable=False)
    row(layer, X, *states, units=2, return_state=True, masked=True, call=given)
    row(layer, X, units=2, dtype=BF16, return_sequences=True, masked=True, return_state=True)
    row(layer, X, units=2, dtype=F16, return_sequences=True)
    row(layer, X, units=2, dtype="bfloat16", recurrent_initializer="glorot_uniform")  # no QR
    row(layer, X, *states, units=2, dtype=BF16, call=given)
    if layer != "SimpleRNN":  # whose file holds no seed
        row(layer, X, units=2, dropout=0.4, seed=7)
        row(layer, X, units=2, recurrent_dropout=0.4, seed=7, return_sequences=True)
        row(layer, X, units=2, dropout=0.4, recurrent_dropout=0.3, seed=7, masked=True)
        row(layer, X, units=2, dropout=1.0, recurrent_dropout=1.0, seed=7)
        row(layer, X, units=2, dropout=0.4, seed=7, dtype=BF16)
        row(layer, X, units=2, recurrent_activation="relu")
    cell = getattr(layers, layer + "Cell")
    row("RNN", X, build=lambda cell=cell: layers.RNN(cell(2, dropout=0.4, seed=7)))
    row("RNN", X, build=lambda cell=cell: layers.RNN(
        cell(2, dropout=0.4, recurrent_dropout=0.3, seed=7), return_sequences=True))
    row("RNN", X, *states, build=lambda cell=cell: layers.RNN(cell(2), return_state=True),
        call=given)
    row("RNN", X, build=lambda cell=cell: layers.RNN(cell(2, dtype=BF16), return_state=True))
row("SimpleRNN", X, units=2, dropout=0.4)  # its seed is drawn before those of the initializers
for backwards in [False, True]:
    row("GRU", X, units=2, reset_after=False, use_bias=False, go_backwards=backwards)
    row("GRU", X, units=2, reset_after=False, dropout=0.4, seed=7, go_backwards=backwards)
row("GRU", X, units=2, reset_after=False, recurrent_dropout=0.4, seed=7)
row("GRU", X, units=2, reset_after=False, dtype=BF16)
row("LSTM", X, units=2, unit_forget_bias=False, use_bias=False)
row("LSTM", X, N(5, 3), units=2, return_state=True, call=lambda encoder, x, y: layers.LSTM(
    2, return_sequences=True)(y, initial_state=encoder(x)[1:]))


# Stacks.
def stack(**options):
    return layers.RNN([layers.LSTMCell(2), layers.GRUCell(3), layers.SimpleRNNCell(2)], **options)


row("RNN", X, build=lambda: stack(return_sequences=True, return_state=True))
row("RNN", X, build=lambda: stack(return_sequences=True, return_state=True, go_backwards=True))
row("RNN", X, build=lambda: stack(unroll=True, return_state=True))
row("RNN", X, masked=True, build=lambda: stack(return_sequences=True, return_state=True))
row("RNN", X, masked=True, build=lambda: stack(return_sequences=True, zero_output_for_mask=True))
row("RNN", X, masked=True, build=lambda: stack(unroll=True))
row("RNN", T(3), build=lambda: stack(return_sequences=True))
row("RNN", X, N(2), N(2), N(3), N(2), build=lambda: stack(return_state=True),
    call=lambda layer, x, h, c, g, s: layer(x, initial_state=[[h, c], [g], [s]]))
row("RNN", X, build=lambda: layers.RNN([
    layers.LSTMCell(2, dropout=0.4, seed=1),
    layers.GRUCell(3, dropout=0.3, recurrent_dropout=0.2, seed=2)], return_sequences=True))
row("StackedRNNCells", N(3), N(2), N(2), N(3),
    build=lambda: layers.StackedRNNCells([layers.LSTMCell(2), layers.GRUCell(3)]),
    call=lambda layer, x, h, c, g: layer(x, [[h, c], [g]]))

# Both directions.
for layer in FAMILY:
    make = getattr(layers, layer)
    for mode in ["sum", "mul", "ave", "concat", None]:
        row("Bidirectional", X, masked=True, build=lambda make=make, mode=mode: layers.Bidirectional(
            make(2, return_sequences=True, return_state=True), merge_mode=mode))
        row("Bidirectional", X, build=lambda make=make, mode=mode: layers.Bidirectional(
            make(2), merge_mode=mode))
    states = [N(2)] * (4 if layer == "LSTM" else 2)
    row("Bidirectional", X, *states, build=lambda make=make: layers.Bidirectional(make(2)),
        call=given)
    row("Bidirectional", X, masked=True, build=lambda make=make: layers.Bidirectional(
        make(2, return_sequences=True, unroll=True)))
    row("Bidirectional", X, build=lambda make=make: layers.Bidirectional(make(2), dtype=BF16))
    row("Bidirectional", X, build=lambda make=make: layers.Bidirectional(make(2, dropout=0.4)))
row("Bidirectional", T(3), build=lambda: layers.Bidirectional(
    layers.LSTM(2, return_sequences=True)))
row("Bidirectional", X, masked=True, build=lambda: layers.Bidirectional(
    stack(return_sequences=True, return_state=True)))
row("Bidirectional", X, build=lambda: layers.Bidirectional(
    layers.LSTM(2, return_sequences=True, name="forward_mine"), merge_mode="sum",
    backward_layer=layers.GRU(2, return_sequences=True, go_backwards=True, name="mine")))
row("Bidirectional", N(3, 5, 2), build=lambda: layers.Bidirectional(
    layers.ConvLSTM1D(2, 3, padding="same")))

# A layer at every time step.
row("TimeDistributed", T(3), build=lambda: layers.TimeDistributed(layers.Dense(2)))
row("TimeDistributed", N(3, 4, 3), build=lambda: layers.TimeDistributed(layers.LSTM(2)))
row("TimeDistributed", N(3, 4, 3), build=lambda: layers.TimeDistributed(
    layers.TimeDistributed(layers.Dense(2, activation="tanh"))))
row("TimeDistributed", X, build=lambda: layers.TimeDistributed(layers.BatchNormalization()))
row("TimeDistributed", X, build=lambda: layers.TimeDistributed(layers.Dropout(0.4, seed=7)))
row("TimeDistributed", N(3, 6, 6, 2), build=lambda: layers.TimeDistributed(
    layers.MaxPooling2D(2)))
row("TimeDistributed", N(3, 6, 6, 2), build=lambda: layers.TimeDistributed(layers.Flatten()))
row("TimeDistributed", X, build=lambda: layers.TimeDistributed(
    layers.Dense(2, kernel_regularizer="l2"), dtype=BF16))

# Convolutions.
for rank, size in [(1, (6,)), (2, (5, 4)), (3, (4, 4, 3))]:
    name = f"ConvLSTM{rank}D"
    x = N(3, *size, 2)
    row(name, x, filters=2, kernel_size=2, return_sequences=True, return_state=True,
        go_backwards=True)
    row(name, x, filters=2, kernel_size=2, strides=2, padding="same", use_bias=False)
    row(name, x, filters=2, kernel_size=2, dilation_rate=2, unit_forget_bias=False)
    row(name, x, filters=2, kernel_size=2, dropout=0.4, recurrent_dropout=0.3, seed=7)
    row(name, N(3, 2, *size), filters=2, kernel_size=2, data_format=FIRST)
row("ConvLSTM1D", T(6, 2), filters=2, kernel_size=3, return_sequences=True)
row("ConvLSTM1D", N(3, 6, 2), filters=2, kernel_size=3, dtype=BF16)
row("ConvLSTM1D", N(3, 6, 2), filters=2, kernel_size=3, dropout=0.4, seed=7, data_format=LAST)

STATEFUL = {
    "SimpleRNN_stateful": lambda: layers.SimpleRNN(2, stateful=True),
    "LSTM_stateful": lambda: layers.LSTM(2, stateful=True, return_state=True),
    "GRU_stateful": lambda: layers.GRU(2, stateful=True, return_sequences=True),
    "RNN_stateful": lambda: layers.RNN(layers.LSTMCell(2), stateful=True),
    "Bidirectional_stateful": lambda: layers.Bidirectional(layers.GRU(2, stateful=True)),
}
