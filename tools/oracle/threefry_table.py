"""Records jax.random's raw bits, splits and folds as a C++ table for threefry_test.cpp.

    python tools/oracle/threefry_table.py > cornu/backends/native/kernels/threefry_cases.inc
"""
import textwrap

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
assert jax.config.jax_threefry_partitionable

KEYS = [(0, 0), (0, 42), (0x13198A2E, 0x03707344), (0xFFFFFFFF, 0xFFFFFFFF)]
COUNT = 37  # whole vectors of every width, and a tail


def words(values):
    text = ", ".join(f"{int(v):#x}" for v in np.asarray(values).reshape(-1))
    return "{" + textwrap.fill(text, 96, subsequent_indent="  ") + "}"


print(f"// Written by tools/oracle/threefry_table.py from JAX {jax.__version__}; do not edit.")
for k0, k1 in KEYS:
    key = jax.random.wrap_key_data(np.array([k0, k1], np.uint32), impl="threefry2x32")
    bits = {n: jax.random.bits(key, (COUNT,), f"uint{n}") for n in (8, 16, 32, 64)}
    # A matrix is filled in row-major order, whatever its shape.
    assert (np.asarray(jax.random.bits(key, (37, 1), "uint32")).reshape(-1) == bits[32]).all()
    splits = jax.random.key_data(jax.random.split(key, 5))
    fold = jax.random.key_data(jax.random.fold_in(key, 0x12345678))
    print(f"{{{k0:#x}, {k1:#x},\n {words(bits[8])},\n {words(bits[16])},\n {words(bits[32])},\n"
          f" {words(bits[64])},\n {words(splits)},\n {words(fold)}}},")
