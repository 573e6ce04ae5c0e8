"""The models that benchmarks/compare.py times, each of Keras's own layers alone.

Every function takes the keras module and returns a compiled model. Classifiers end in logits: of an
untrained net they tell two implementations apart, where a softmax over a thousand classes would
hide what differs. Dropout is left out where the architecture is ours to choose, since masks are the
same bits on Keras's JAX backend only.
"""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Row:
    title: str
    batch: int
    make: typing.Callable
    words: tuple = ()  # for each input of whole numbers, how many there are
    draws: bool = False  # draws random numbers while training


def compiled(keras, model, loss=None, metrics=None):
    classifier = loss is None
    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True) if classifier else loss,
        metrics=["accuracy"] if classifier else metrics,
        jit_compile=True,
    )
    return model


def mlp(keras):
    layers = keras.layers
    return compiled(keras, keras.Sequential([
        keras.Input((784,)),
        layers.Dense(512, activation="relu"),
        layers.Dense(512, activation="relu"),
        layers.Dense(10),
    ]))


def cnn(keras):
    layers = keras.layers
    return compiled(keras, keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(10),
    ]))


def resnet20(keras):
    layers = keras.layers

    def convolution(x, filters, size, strides):
        x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    image = keras.Input((32, 32, 3))
    x = layers.ReLU()(convolution(image, 16, 3, 1))
    for stage, filters in enumerate([16, 32, 64]):
        for block in range(3):
            strides = 2 if stage and not block else 1
            y = layers.ReLU()(convolution(x, filters, 3, strides))
            y = convolution(y, filters, 3, 1)
            shortcut = convolution(x, filters, 1, strides) if strides == 2 else x
            x = layers.ReLU()(layers.Add()([y, shortcut]))
    logits = layers.Dense(10)(layers.GlobalAveragePooling2D()(x))
    return compiled(keras, keras.Model(image, logits, name="resnet20"))


def recurrent(keras, *stack):
    *lower, top = stack
    return compiled(keras, keras.Sequential([
        keras.Input((80, 128)),
        *[layer(128, return_sequences=True) for layer in lower],
        top(128),
        keras.layers.Dense(1, activation="sigmoid"),
    ]), "binary_crossentropy", ["accuracy"])


def lstm(keras):
    return recurrent(keras, keras.layers.LSTM)


def gru_stack(keras):
    return recurrent(keras, keras.layers.GRU, keras.layers.GRU, keras.layers.GRU)


WORDS, LENGTH = 1000, 128


def transformer(keras, causal):
    layers, width = keras.layers, 256
    tokens = keras.Input((LENGTH,), dtype="int32")
    positions = keras.ops.cumsum(keras.ops.ones_like(tokens), axis=1) - 1
    x = layers.Add()([layers.Embedding(WORDS, width)(tokens),
                      layers.Embedding(LENGTH, width)(positions)])
    for _ in range(4):
        attention = layers.MultiHeadAttention(num_heads=8, key_dim=width // 8)
        x = layers.LayerNormalization()(x + attention(x, x, use_causal_mask=causal))
        y = layers.Dense(width)(layers.Dense(1024, activation="gelu")(x))
        x = layers.LayerNormalization()(x + y)
    if causal:
        logits = layers.Dense(WORDS)(x)
    else:
        logits = layers.Dense(10)(layers.GlobalAveragePooling1D()(x))
    name = "decoder" if causal else "encoder"
    return compiled(keras, keras.Model(tokens, logits, name=name))


def encoder(keras):
    return transformer(keras, causal=False)


def decoder(keras):
    return transformer(keras, causal=True)


def tabular(keras):
    layers = keras.layers
    return compiled(keras, keras.Sequential([
        keras.Input((32,)),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(1),
    ]), "mean_squared_error")


USERS, ITEMS = 50_000, 20_000


def recommender(keras):
    layers = keras.layers
    user = keras.Input((1,), dtype="int32", name="user")
    item = keras.Input((1,), dtype="int32", name="item")
    x = layers.Concatenate()([
        layers.Flatten()(layers.Embedding(USERS, 32)(user)),
        layers.Flatten()(layers.Embedding(ITEMS, 32)(item)),
    ])
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dense(32, activation="relu")(x)
    y = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model([user, item], y, name="recommender")
    return compiled(keras, model, "binary_crossentropy", ["accuracy"])


def unet(keras):
    layers = keras.layers

    def residual(x, filters):
        shortcut = x if x.shape[-1] == filters else layers.Conv2D(filters, 1)(x)
        for _ in range(2):
            x = layers.Activation("silu")(layers.GroupNormalization(8)(x))
            x = layers.Conv2D(filters, 3, padding="same")(x)
        return layers.Add()([x, shortcut])

    def attend(x):
        height, width, filters = x.shape[1:]
        y = layers.Reshape((height * width, filters))(layers.GroupNormalization(8)(x))
        y = layers.MultiHeadAttention(num_heads=4, key_dim=filters // 4)(y, y)
        return layers.Add()([x, layers.Reshape((height, width, filters))(y)])

    image = keras.Input((64, 64, 3))
    x = layers.Conv2D(32, 3, padding="same")(image)
    skips = []
    for filters in [32, 64]:
        x = residual(x, filters)
        skips.append(x)
        x = layers.AveragePooling2D(2)(x)
    x = residual(attend(residual(x, 128)), 128)  # 16 x 16 places
    for filters in [64, 32]:
        x = layers.Concatenate()([layers.UpSampling2D(2)(x), skips.pop()])
        x = residual(x, filters)
    x = layers.Activation("silu")(layers.GroupNormalization(8)(x))
    noise = layers.Conv2D(3, 3, padding="same")(x)
    return compiled(keras, keras.Model(image, noise, name="unet"), "mean_squared_error")


def application(name, pixels):
    def make(keras):
        build = getattr(keras.applications, name)
        model = build(weights=None, input_shape=(pixels, pixels, 3), classifier_activation=None)
        return compiled(keras, model)

    return make


ROWS = {
    "mlp": Row("MLP 784-512-512-10 b128", 128, mlp),
    "cnn": Row("CNN 28x28 b64", 64, cnn),
    "resnet20": Row("ResNet-20 b64", 64, resnet20),
    "resnet50": Row("ResNet50 224px b2", 2, application("ResNet50", 224)),
    "densenet121": Row("DenseNet121 96px b4", 4, application("DenseNet121", 96)),
    "mobilenetv2": Row("MobileNetV2 96px b8", 8, application("MobileNetV2", 96)),
    "efficientnetb0": Row("EfficientNetB0 96px b4", 4, application("EfficientNetB0", 96),
                          draws=True),
    "lstm": Row("LSTM(128) T80 b32", 32, lstm),
    "gru": Row("3 x GRU(128) T80 b32", 32, gru_stack),
    "encoder": Row("Transformer encoder b8", 8, encoder, words=(WORDS,)),
    "decoder": Row("Causal decoder b8", 8, decoder, words=(WORDS,)),
    "tabular": Row("Tabular MLP b32", 32, tabular),
    "tabular1": Row("Tabular MLP b1", 1, tabular),
    "recommender": Row("Recommender 50k+20k b256", 256, recommender, words=(USERS, ITEMS)),
    "unet": Row("U-Net, attention, 64px b4", 4, unet),
}
