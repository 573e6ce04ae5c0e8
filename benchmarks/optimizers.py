#!/usr/bin/env python3
"""One update of 10 million parameters by each optimizer: Keras's backends, and Cornu's native engine.

  optimizers.py BUILD [--backends jax,torch,tensorflow] [--million 10]

Each backend has a process of its own; the update is compiled where the backend can (XLA on JAX and
TensorFlow), donates what it replaces on JAX, and is timed alone, without a gradient's computation.
Medians of 25; build BUILD/bench_optimizers first.
"""

import argparse
import json
import os
import re
import sys
import time

from compare import Machine, installed, output_of

NAMES = {"SGD": {}, "SGD, momentum": {"momentum": 0.9}, "RMSprop": {}, "Adam": {}, "AdamW": {}, "Adagrad": {},
         "Adadelta": {}, "Adamax": {}, "Nadam": {}, "Ftrl": {}, "Lion": {}, "Lamb": {}}
TURNS = 25


def updater(backend, keras, optimizer, variable, gradient):
    """A function that updates once and waits for the result."""
    if backend == "jax":
        import jax
        step = jax.jit(lambda state, g: optimizer.stateless_apply(state[1], [g], [state[0]]), donate_argnums=0)
        state = [variable.value + 0, [v.value + 0 for v in optimizer.variables]]

        def update():
            [state[0]], state[1] = step(tuple(state), gradient)
            jax.block_until_ready(state)
        return update
    if backend == "tensorflow":
        import tensorflow as tf
        step = tf.function(lambda: optimizer.apply([gradient], [variable]), jit_compile=True)

        def update():
            step()
            variable.value[0].numpy()
        return update
    import torch

    def update():
        with torch.no_grad():
            optimizer.apply([gradient], [variable])
    return update


def serve(backend, count, threads):
    os.environ["KERAS_BACKEND"] = backend
    import keras
    import numpy as np
    if backend == "torch":
        import torch
        torch.set_num_threads(threads)
    result = {}
    for name, options in NAMES.items():
        optimizer = getattr(keras.optimizers, name.split(",")[0])(**options)
        variable = keras.Variable(np.random.default_rng(1).standard_normal(count, "float32"))
        gradient = keras.ops.convert_to_tensor(np.random.default_rng(2).standard_normal(count, "float32"))
        optimizer.build([variable])
        update = updater(backend, keras, optimizer, variable, gradient)
        update()
        times = []
        for _ in range(TURNS):
            start = time.perf_counter()
            update()
            times.append(time.perf_counter() - start)
        result[name] = sorted(times)[TURNS // 2] * 1e3
    print(json.dumps(result))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--backends", default="jax,torch,tensorflow")
    parser.add_argument("--million", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    count = int(options.million * 1e6)
    if options.serve:
        return serve(options.serve, count, options.threads)
    machine = Machine(tuple(sorted(os.sched_getaffinity(0))[:options.threads]))
    text = output_of(machine.pinned([f"{options.build}/bench_optimizers", options.million]))
    ours = {name: float(ms) for name, ms in re.findall(r"^(\w.*?) {2,}([\d.]+) ", text, re.M) if name in NAMES}
    theirs = {}
    for backend in installed(options.backends.split(",")):
        text_of_side = output_of(machine.pinned([sys.executable, __file__, options.build, "--serve", backend, "--million", options.million,
                                                 "--threads", options.threads]), env=machine.environment(backend))
        theirs[backend] = json.loads(text_of_side.splitlines()[-1])
    if not theirs:
        sys.exit("nothing to compare with")
    print(text)
    print("| ms | Cornu | " + " | ".join(theirs) + " | ratio to the best |\n" + "|---" * (len(theirs) + 3) + "|")
    for name in NAMES:
        best = min(side[name] for side in theirs.values())
        print(f"| {name} | {ours[name]:.2f} | " + " | ".join(f"{side[name]:.2f}" for side in theirs.values()) + f" | {best / ours[name]:.2f} |")


if __name__ == "__main__":
    sys.exit(main())
