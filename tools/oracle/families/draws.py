"""How the arrays of a case are drawn, and what a row of the table of ops holds."""

import ml_dtypes
import numpy as np


class Spec:
    """How to draw an array."""

    def __init__(self, make, dtype):
        self.make, self.dtype = make, dtype

    def draw(self, rng):
        return np.asarray(self.make(rng)).astype(self.dtype)

    def as_(self, dtype):
        return Spec(self.make, getattr(ml_dtypes, dtype, dtype))


def N(*shape):
    """Normal numbers."""
    return Spec(lambda rng: rng.normal(size=shape), "float32")


def U(low, high, *shape):
    """Uniform numbers in [low, high)."""
    return Spec(lambda rng: rng.uniform(low, high, shape), "float32")


def I(low, high, *shape):
    """Integers in [low, high)."""
    return Spec(lambda rng: rng.integers(low, high, shape), "int32")


def B(*shape):
    """Truth values."""
    return Spec(lambda rng: rng.integers(0, 2, shape), "bool")


def A(values, dtype="float32"):
    """Just these."""
    return Spec(lambda rng: np.array(values), dtype)


def C(*shape):
    """Complex numbers."""
    return Spec(lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape), "complex64")


def definite(n, *batch):
    """Symmetric positive definite matrices."""
    def make(rng):
        a = rng.normal(size=(*batch, n, n))
        return a @ np.swapaxes(a, -1, -2) + n * np.eye(n)
    return Spec(make, "float32")


def permutation(n):
    """Distinct numbers in any order: sorting has no ties."""
    return Spec(lambda rng: rng.permutation(n), "float32")


SPECIAL = A([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-30, 3e38, np.inf, -np.inf, np.nan])
KINKS = A([-2.0, -1.0, 0.0, 1.0, 2.0, 6.0, 7.0])


class Row:
    def __init__(self, op, arguments, attributes, gradient=False, by_name=()):
        self.op, self.arguments, self.attributes = op, arguments, attributes
        self.gradient, self.by_name = gradient, list(by_name)
