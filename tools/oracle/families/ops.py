"""keras.ops: inputs, outputs in float32, the same computed in float64, and dtypes of results."""

import contextlib
import inspect

import jax
import keras
import numpy as np
from keras.src.backend.common import dtypes

import golden
from families.draws import Spec
from families.ops_table import ROWS

DTYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
          "float16", "bfloat16", "float32", "float64"]

UNARY_DTYPES = """abs ceil floor round sign negative square sqrt rsqrt exp expm1 log log1p sin cos
tan tanh sinh cosh arcsin arccos arctan sigmoid relu softplus silu gelu softmax log_softmax erf
reciprocal isnan isfinite isinf logical_not sum prod max min mean var std median all any argmax
argmin cumsum cumprod count_nonzero sort argsort trace logsumexp norm identity_ ones_like
zeros_like transpose one_hot_ trunc nan_to_num conjugate real""".split()

BINARY_DTYPES = """add subtract multiply divide true_divide floor_divide mod power maximum minimum
equal less logical_and arctan2 matmul dot where_ concatenate_ divide_no_nan logaddexp hypot
bitwise_and left_shift""".split()

SCALARS = {"True": True, "2": 2, "2.5": 2.5}


def record(family):
    counts = {}
    for row in ROWS:
        counts[row.op] = counts.get(row.op, 0) + 1
        name = f"{row.op}_{counts[row.op]}"
        if not family.kept(name):
            record_row(family, row, name)
    record_dtypes(family)


def function_of(op):
    value = keras.ops
    for part in op.split("."):
        value = getattr(value, part)
    return value


def drawn(value, rng):
    """The row's arguments with arrays in the place of their specifications."""
    if isinstance(value, Spec):
        return value.draw(rng)
    if isinstance(value, (list, tuple)):
        return type(value)(drawn(item, rng) for item in value)
    return value


def holds_array(value):
    if isinstance(value, (list, tuple)):
        return any(holds_array(item) for item in value)
    return golden.is_array(value)


def as_double(value):
    if isinstance(value, (list, tuple)):
        return type(value)(as_double(item) for item in value)
    if golden.is_array(value) and value.dtype == np.float32:
        return value.astype("float64")
    if golden.is_array(value) and value.dtype == np.complex64:
        return value.astype("complex128")
    return value


@contextlib.contextmanager
def wide(floatx):
    """64-bit types are real, as in Keras on TensorFlow; Keras on JAX would narrow them."""
    before = dict(dtypes.BIT64_TO_BIT32_DTYPE)
    dtypes.BIT64_TO_BIT32_DTYPE.clear()
    if floatx == "float32":
        dtypes.BIT64_TO_BIT32_DTYPE.update(uint64="uint32", complex128="complex64")
    keras.config.set_floatx(floatx)
    try:
        with jax.enable_x64(True):
            yield
    finally:
        keras.config.set_floatx("float32")
        dtypes.BIT64_TO_BIT32_DTYPE.update(before)


FUNCTIONS = {
    "running_sum": lambda carry, x: (carry + x, carry * x),
    "halve": lambda x: x / 2,
    "above_one": lambda x: keras.ops.max(x) > 1,
    "add": lambda a, b: a + b,
    "double": lambda x: x * 2,
    "sum_to": lambda i, x: x + keras.ops.cast(i, x.dtype),
}


def decoded(key, value):
    """JSON has no slices and no functions: the table spells them, Keras is given the real ones."""
    if key == "key":
        return tuple(
            Ellipsis if item == "..." else slice(*item["slice"]) if isinstance(item, dict) else item
            for item in value
        )
    if key in ("f", "cond", "body", "body_fun"):
        return FUNCTIONS[value]
    return tuple(value) if key in ("axes", "range") and isinstance(value, list) else value


def run(row, arguments):
    attributes = {key: decoded(key, value) for key, value in row.attributes.items()}
    if not row.by_name:
        output = function_of(row.op)(*arguments, **attributes)
    else:
        output = function_of(row.op)(**dict(zip(row.by_name, arguments)), **attributes)
    return [np.asarray(item) for item in keras.tree.flatten(output)]


def names(row):
    if row.by_name:
        return row.by_name
    parameters = inspect.signature(function_of(row.op)).parameters.values()
    positional = [p.name for p in parameters if p.kind != p.KEYWORD_ONLY]
    return positional[: len(row.arguments)]


def record_row(family, row, name):
    arguments = drawn(row.arguments, golden.rng(name))
    outputs = run(row, arguments)
    fields = {"op": row.op, "args": arguments, "arg_names": names(row), "kwargs": row.attributes,
              "outputs": outputs}
    floating = [output.dtype.kind in "fc" and output.dtype.itemsize >= 4 for output in outputs]
    if all(holds_array(argument) is False for argument in arguments) or any(floating):
        with wide("float64"):
            exact = run(row, as_double(arguments))
        # Integers become floatx or float32 by the op's own rule; only the former says more.
        doubles = [e.dtype.name in ("float64", "complex128") for e in exact]
        fields["reference"] = [e if f and d else None for e, f, d in zip(exact, floating, doubles)]
    if row.gradient:
        fields |= gradient(row, arguments, name)
    family.case(name, kind="values", **fields)


def gradient(row, arguments, name):
    """Derivatives where the function has a kink or a tie, by a fixed cotangent, in float64."""
    with wide("float64"):
        doubles = [jax.numpy.asarray(argument) for argument in as_double(arguments)]
        attributes = {key: decoded(key, value) for key, value in row.attributes.items()}
        output, pull = jax.vjp(lambda *a: function_of(row.op)(*a, **attributes), *doubles)
        cotangent = golden.rng(name + "/cotangent").normal(size=output.shape)
        gradients = pull(jax.numpy.asarray(cotangent))
    return {"cotangent": cotangent, "gradients": [np.asarray(g) for g in gradients]}


def dtype_of(function, *arguments):
    try:
        outputs = keras.tree.flatten(jax.eval_shape(lambda: function(*arguments)))
    except Exception:  # whatever the reason: Keras on JAX refuses this type here
        return None
    return keras.backend.standardize_dtype(outputs[0].dtype)


def record_dtypes(family):
    """Result types, in the wide world (int64 and float64 real) that Cornu follows."""
    special = {
        "identity_": lambda x: x + 0,
        "one_hot_": lambda x: keras.ops.one_hot(x, 3),
        "where_": lambda a, b: keras.ops.where(keras.ops.ones((2, 2), "bool"), a, b),
        "concatenate_": lambda a, b: keras.ops.concatenate([a, b]),
    }
    with wide("float32"):
        ones = {dtype: keras.ops.ones((2, 2), dtype) for dtype in DTYPES}
        for op in UNARY_DTYPES:
            function = special.get(op) or function_of(op)
            family.case(f"dtypes_of_{op.rstrip('_')}", kind="dtypes_unary", op=op.rstrip("_"),
                        dtypes={a: dtype_of(function, ones[a]) for a in DTYPES})
        for op in BINARY_DTYPES:
            function = special.get(op) or function_of(op)
            table = {a: {b: dtype_of(function, ones[a], ones[b]) for b in DTYPES} for a in DTYPES}
            scalars = {a: {s: dtype_of(function, ones[a], v) for s, v in SCALARS.items()}
                       for a in DTYPES}
            family.case(f"dtypes_of_{op.rstrip('_')}", kind="dtypes_binary", op=op.rstrip("_"),
                        dtypes=table, scalars=scalars)
        table = {a: {b: keras.backend.result_type(a, b) for b in DTYPES} for a in DTYPES}
        kinds = {a: {s: keras.backend.result_type(a, type(v)) for s, v in SCALARS.items()}
                 for a in DTYPES}
        family.case("result_type", kind="result_type", dtypes=table, scalars=kinds)
