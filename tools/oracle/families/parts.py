"""The small parts: activations, regularizers and constraints."""

import jax
import keras
import numpy as np
from keras import activations, constraints, regularizers

import golden
from families.ops import wide
from families.draws import A, N

ACTIVATIONS = """celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish
hard_tanh leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink
softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh
tanh_shrink""".split()

# function, arguments
ARGUED = [
    ("relu", {"negative_slope": 0.1, "max_value": 1.0, "threshold": 0.2}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 0.5}),
    ("gelu", {"approximate": True}),
    ("squareplus", {"b": 2}),
    ("soft_shrink", {"threshold": 0.8}),
    ("hard_shrink", {"threshold": 0.8}),
    ("threshold", {"threshold": 0.5, "default_value": -1.0}),
    ("softmax", {"axis": 0}),
    ("log_softmax", {"axis": 0}),
]

REGULARIZERS = [
    ("L1", {}), ("L1", {"l1": 0.3}), ("L2", {}), ("L2", {"l2": 0.3}), ("L1L2", {}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}), ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.1, "mode": "columns"}),
]

CONSTRAINTS = [
    ("MaxNorm", {}), ("MaxNorm", {"max_value": 0.5}), ("MaxNorm", {"max_value": 0.5, "axis": 1}),
    ("MaxNorm", {"max_value": 0.5, "axis": [0, 1]}), ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.8, "rate": 0.5}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.8, "axis": 1}),
    ("NonNeg", {}), ("UnitNorm", {}), ("UnitNorm", {"axis": 1}),
]

EDGES = A([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 8.0])


def record(family):
    rows = [(name, {}) for name in ACTIVATIONS] + ARGUED
    for n, (name, arguments) in enumerate(rows):
        function = getattr(activations, name)
        for label, spec in [("drawn", N(3, 6)), ("edges", EDGES)]:
            case = f"{name}_{n}_{label}"
            x = spec.draw(golden.rng(case))
            if label == "edges" and "axis" in arguments:
                continue
            output, pull = jax.vjp(lambda v: function(v, **arguments), x)
            cotangent = golden.rng(case + "/cotangent").normal(size=output.shape).astype("float32")
            with wide("float64"):
                exact = np.asarray(function(keras.ops.convert_to_tensor(x.astype("float64")),
                                            **arguments))
            family.case(case, kind="activation", function=name, arguments=arguments, x=x,
                        output=output, reference=exact, cotangent=cotangent,
                        gradient=pull(cotangent)[0])
    for n, (name, config) in enumerate(REGULARIZERS):
        x = keras.ops.convert_to_tensor(golden.rng(name).normal(size=(4, 3)).astype("float32"))
        instance = getattr(regularizers, name)(**config)
        family.case(f"{name}_{n}", kind="regularizer", config=golden.config_of(instance), x=x,
                    value=instance(x), gradient=jax.grad(instance)(x))
    for n, (name, config) in enumerate(CONSTRAINTS):
        instance = getattr(constraints, name)(**config)
        shapes = [(4, 3)] if "axis" in config else [(4, 3), (2, 2, 2, 3)]
        xs = [golden.rng(f"{name}{s}").normal(size=s).astype("float32") for s in shapes]
        family.case(f"{name}_{n}", kind="constraint", config=golden.config_of(instance), x=xs,
                    outputs=[instance(keras.ops.convert_to_tensor(x)) for x in xs])
