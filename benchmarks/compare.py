#!/usr/bin/env python3
"""Training and prediction steps: Cornu against Keras on JAX, PyTorch and TensorFlow.

    python benchmarks/compare.py build [--rows mlp,lstm] [--backends jax] [--what fit,predict]

Each row's model is built and saved by Python Keras. First both sides predict, and train five steps,
from that file on the same data, and must agree; then they are timed in turn on the same processors.
The ratio is the time of the best Keras backend over Cornu's: above 1, Cornu is faster. A package
that is missing is named and left out. `--rounds 0` only compares the numbers.
docs/performance.md says how the figures are taken.
"""

import argparse
import contextlib
import dataclasses
import html
import importlib.metadata
import importlib.util
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from compare_models import ROWS

BACKENDS = ["jax", "torch", "torch:plain", "tensorflow", "tensorflow:plain"]
CHECKED_STEPS, WARM_UP = 5, 5  # `cornu bench` makes as many steps before it times
PREDICT_TOLERANCE, LOSS_TOLERANCE, NUDGE = 1e-4, 1e-3, 1e-7


class Failure(Exception):
    pass


class Differs(Failure):
    pass


# ---- Keras's side: a process for each row and backend, which obeys lines on its standard input


def packed(arrays):
    return arrays if len(arrays) > 1 else arrays[0]


def is_classifier(model):
    return "Sparse" in type(model.loss).__name__


def random_data(model, batch, random, words=None):
    """Inputs and targets. Whole numbers lie below words[i], classes below the model's number of
    them; without words all of them are 0 or 1, as `cornu bench` draws them."""
    classes = 2 if words is None else model.outputs[0].shape[-1]
    words = iter(words or ())
    x = []
    for tensor in model.inputs:
        values = random.random_sample((batch, *tensor.shape[1:]))
        if "int" in tensor.dtype:
            values = np.floor(values * next(words, 2))
        x.append(values.astype(tensor.dtype))
    shape = (batch, *model.outputs[0].shape[1:])
    if is_classifier(model):
        return x, random.randint(0, classes, shape[:-1]).astype("int32")
    return x, random.random_sample(shape).astype("float32")


def keras_build(row, folder):
    import keras

    keras.utils.set_random_seed(0)
    model = ROWS[row].make(keras)
    model.save(f"{folder}/model.keras")
    x, y = random_data(model, ROWS[row].batch, np.random.RandomState(1), ROWS[row].words)
    np.savez(f"{folder}/check.npz", y0=y, **{f"x{i}": array for i, array in enumerate(x)})


class KerasSide:
    def __init__(self, keras, row, folder, jit):
        keras.utils.set_random_seed(0)  # and `cornu fit --seed 0`: the same masks
        self.folder, self.row = folder, ROWS[row]
        self.model = keras.models.load_model(f"{folder}/model.keras")
        self.model.jit_compile = jit
        self.model.optimizer.build(self.model.trainable_variables)
        self.variables = self.model.variables + self.model.optimizer.variables
        self.values = [np.array(keras.ops.convert_to_numpy(v)) for v in self.variables]

    def restore(self):
        for variable, value in zip(self.variables, self.values):
            variable.assign(value)

    def data(self):
        with np.load(f"{self.folder}/check.npz") as data:
            return packed([data[f"x{i}"] for i in range(len(self.model.inputs))]), data["y0"]

    def losses(self):
        x, y = self.data()
        # As `cornu fit` does: one batch an epoch, so that the history has the loss of every step.
        return self.model.fit(x, y, batch_size=len(y), epochs=CHECKED_STEPS, shuffle=False,
                              verbose=0).history["loss"]

    def check(self):
        losses = self.losses()
        self.restore()
        x, y = self.data()
        np.savez(f"{self.folder}/keras.npz", y0=self.model.predict(x, batch_size=len(y), verbose=0))
        return {"losses": losses}

    def nudged(self):
        """The losses once more from weights that are off by a rounding or two."""
        self.restore()
        random = np.random.RandomState(2)
        for variable in self.model.trainable_variables:
            value = np.array(variable.numpy())
            noise = 1 + NUDGE * random.standard_normal(value.shape)
            variable.assign((value * noise).astype(value.dtype))
        return {"losses": self.losses()}

    def time(self, what, steps, loop):
        self.restore()  # each run of `cornu bench`, too, begins with the weights of the file
        x, y = random_data(self.model, self.row.batch, np.random.RandomState(0))
        x, times = packed(x), []
        for _ in range(WARM_UP + steps):
            start = time.perf_counter()
            if what == "fit":
                self.model.train_on_batch(x, y)
            else:
                self.model.predict_on_batch(x)
            times.append(1e3 * (time.perf_counter() - start))
        ms = statistics.median(times[WARM_UP:])
        if what == "fit" and loop:
            ms = min(ms, self.loop(steps))
        return {"ms": ms}

    def loop(self, steps):
        """Milliseconds a step of Keras's fit over so many batches."""
        self.restore()
        batch = self.row.batch
        x, y = random_data(self.model, batch * steps, np.random.RandomState(0))
        start = time.perf_counter()
        self.model.fit(packed(x), y, batch_size=batch, shuffle=False, verbose=0)
        return 1e3 * (time.perf_counter() - start) / steps


def keras_serve(row, folder, jit, threads):
    import keras

    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(threads)
    side = None
    for line in sys.stdin:
        command, *arguments = line.split()
        try:
            side = side or KerasSide(keras, row, folder, jit)
            if command in ("check", "nudged"):
                answer = getattr(side, command)()
            else:
                answer = side.time(command, int(arguments[0]), "loop" in arguments)
        except Exception as error:  # whatever a backend raises belongs in the report
            lines = str(error).strip().splitlines() or [""]
            answer = {"error": f"{type(error).__name__}: {lines[0][:200]}"}
        print(json.dumps(answer), flush=True)


# ---- The other side of that pipe


@dataclasses.dataclass(frozen=True)
class Machine:
    """Which processors everything is pinned to."""

    processors: tuple

    @property
    def threads(self):
        return len(self.processors)

    def pinned(self, command):
        return ["taskset", "-c", ",".join(map(str, self.processors)), *map(str, command)]

    def environment(self, backend):
        n = str(self.threads)
        eigen = "true" if self.threads > 1 else "false"
        return os.environ | {
            "KERAS_BACKEND": backend.split(":")[0], "JAX_PLATFORMS": "cpu",
            "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3",
            "OMP_NUM_THREADS": n, "MKL_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n, "NPROC": n,
            "TF_NUM_INTRAOP_THREADS": n, "TF_NUM_INTEROP_THREADS": "1",
            "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={n}",
        }  # fmt: skip

    def python(self, *arguments):
        return self.pinned([sys.executable, __file__, *arguments])


class KerasProcess:
    def __init__(self, machine, backend, row, folder):
        jit = "plain" if backend.endswith(":plain") else "jit"
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            machine.python("--serve", row, folder, jit, machine.threads), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            env=machine.environment(backend))  # fmt: skip

    def ask(self, *words):
        try:
            print(*words, file=self.process.stdin, flush=True)
            answer = next(line for line in self.process.stdout if line.startswith("{"))
        except (StopIteration, BrokenPipeError):
            self.log.seek(0)
            raise Failure(last_line(self.log.read()) or "the process ended") from None
        answer = json.loads(answer)
        if "error" in answer:
            raise Failure(answer["error"])
        return answer

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def output_of(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise Failure(last_line(done.stderr) or f"exit status {done.returncode}")
    return done.stdout


# ---- Do both compute the same?


def cornu_check(cornu, machine, batch, folder):
    model, data = f"{folder}/model.keras", f"{folder}/check.npz"
    common = ["--batch-size", batch, "--threads", machine.threads]
    output_of(machine.pinned([cornu, "predict", model, "--inputs", data, "--outputs",
                              f"{folder}/cornu.npz", *common]))
    output_of(machine.pinned([cornu, "fit", model, "--data", data, "--epochs", CHECKED_STEPS,
                              "--no-shuffle", "--seed", 0, "--history", f"{folder}/history.json",
                              *common]))
    return json.loads(pathlib.Path(f"{folder}/history.json").read_text())["loss"]


def difference(ours, theirs, scale):
    """The largest difference, as a part of scale; without end where a value is not finite."""
    ours, theirs = np.asarray(ours, "float64"), np.asarray(theirs, "float64")
    if ours.shape != theirs.shape or not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return math.inf
    return float(np.abs(ours - theirs).max() / max(scale, 1e-30))


def compare_numbers(process, folder, losses, same_draws):
    """Raises Differs when Keras and Cornu differ by too much; returns by how much they did."""
    answer = process.ask("check")
    with np.load(f"{folder}/cornu.npz") as ours, np.load(f"{folder}/keras.npz") as theirs:
        off = {"predict": difference(ours["y0"], theirs["y0"], np.abs(theirs["y0"]).max())}
    if off["predict"] > PREDICT_TOLERANCE:
        raise Differs(f"DIFFERS: predictions by {off['predict']:.1e} of the largest")
    if same_draws:
        keras = answer["losses"]
        off["loss"] = difference(losses, keras, abs(keras[0]))
        if off["loss"] > LOSS_TOLERANCE:
            own = difference(process.ask("nudged")["losses"], keras, abs(keras[0]))
            curves = [" ".join(f"{value:.5g}" for value in curve) for curve in (losses, keras)]
            raise Differs(f"DIFFERS: losses by {off['loss']:.1e} of the first (Keras's own by "
                          f"{own:.1e} when its weights move by {NUDGE:.0e}): Cornu {curves[0]}; "
                          f"Keras {curves[1]}")
    return off


# ---- Rows


def run_row(name, options, machine, backends):
    """What one row gave: milliseconds of each round by work and side, and what went wrong."""
    row, cornu = ROWS[name], options.build.absolute() / "cornu"
    result = {"row": name, "title": row.title, "ms": {}, "difference": {}, "failed": {}}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        side = "building the model"
        try:
            output_of(machine.python("--build", name, folder), env=machine.environment(backends[0]))
            side = "Cornu"
            losses = cornu_check(cornu, machine, row.batch, folder)
        except Failure as failure:
            result["failed"][side] = str(failure)
            return result
        processes = {}
        for backend in backends:
            process = KerasProcess(machine, backend, name, folder)
            stack.callback(process.close)
            try:
                same_draws = not row.draws or backend == "jax"
                result["difference"][backend] = compare_numbers(process, folder, losses, same_draws)
                processes[backend] = process
            except Failure as failure:
                result["failed"][backend] = str(failure)
                if options.unequal and isinstance(failure, Differs):
                    processes[backend] = process
        for what in options.what if processes and options.rounds else ():
            result["ms"][what] = time_in_turn(what, options, cornu, machine, row.batch, folder,
                                              processes, result["failed"])
    return result


def time_in_turn(what, options, cornu, machine, batch, folder, processes, failed):
    """For each side the milliseconds of every round: the median of the steps of that round."""
    bench = machine.pinned([cornu, "bench", f"{folder}/model.keras", what, "--batch-size", batch,
                            "--steps", options.steps, "--threads", machine.threads, "--json"])
    words = [what, options.steps] + ["loop"] * options.loop
    sides = {"cornu": lambda: json.loads(output_of(bench))["median_ms"]}
    for backend, process in processes.items():
        sides[backend] = lambda process=process: process.ask(*words)["ms"]
    ms = {}
    for _ in range(options.rounds):
        for side, measure in sides.items():
            if f"{side} {what}" in failed:
                continue
            time.sleep(0.3)  # until the pool of threads that ran before has stopped spinning
            try:
                ms.setdefault(side, []).append(measure())
            except Failure as failure:
                failed[f"{side} {what}"] = str(failure)
                ms.pop(side, None)
    return ms


# ---- The report


def ratio_of(ms):
    """The best Keras backend's median over Cornu's; None where one side is missing."""
    keras = [statistics.median(rounds) for side, rounds in ms.items() if side != "cornu"]
    return min(keras) / statistics.median(ms["cornu"]) if keras and "cornu" in ms else None


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def figure(value, digits=3):
    """Three digits that count, without an exponent."""
    return f"{value:.{max(0, digits - 1 - math.floor(math.log10(value)))}f}"


def print_row(result, sides):
    for what, ms in result["ms"].items():
        cells = [f"{figure(statistics.median(ms[s])) if s in ms else '-':>{max(9, len(s) + 2)}}"
                 for s in sides]
        ratio = ratio_of(ms)
        print(f"{result['title']:<26}{what:<8}{''.join(cells)}{figure(ratio) if ratio else '-':>8}")
    if not result["ms"] and result["difference"]:
        off = {k: max(d[k] for d in result["difference"].values() if k in d)
               for k in ("predict", "loss") if any(k in d for d in result["difference"].values())}
        print(f"{result['title']:<26}same numbers: " +
              ", ".join(f"{k} within {value:.1e}" for k, value in off.items()))
    for side, why in result["failed"].items():
        print(f"{result['title']:<26}{side}: {why}")
    sys.stdout.flush()


def versions(cornu):
    found = {"cornu": output_of([cornu, "version"]).strip().removeprefix("cornu "),
             "python": platform.python_version()}
    for package in ("keras", "jax", "torch", "tensorflow", "numpy"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def processor_name():
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def svg(ratios, title):
    """Bars from 1 on a logarithmic scale: to the right where Cornu is faster."""
    left, width, bar = 210, 460, 13
    low = min(0.5, *(r for _, _, r in ratios))
    high = max(2, *(r for _, _, r in ratios))
    place = lambda r: left + width * math.log(r / low) / math.log(high / low)  # noqa: E731
    parts, y, last = [], 54, None
    for name, what, ratio in ratios:
        if name != last:
            y += 8
            parts.append(f'<text x="{left - 10}" y="{y + bar - 2}" text-anchor="end">{name}</text>')
            last = name
        start, end = sorted((place(1), place(ratio)))
        color = "#2a6fbb" if what == "fit" else "#e08a2e"
        parts.append(f'<rect x="{start:.1f}" y="{y}" width="{end - start:.1f}" height="{bar - 2}" '
                     f'fill="{color}"/>')
        parts.append(f'<text x="{end + 5:.1f}" y="{y + bar - 3}">{figure(ratio)}</text>')
        y += bar
    grid = [r for r in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= r <= high]
    for r in grid:
        x, color = place(r), "#333" if r == 1 else "#ccc"
        parts.insert(0, f'<path d="M{x:.1f} 54V{y + 6}" stroke="{color}"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 20}" text-anchor="middle">{r}</text>')
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" height="{y + 30}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="10" y="20" font-size="13">{html.escape(title)}</text>',
        '<rect x="10" y="32" width="10" height="10" fill="#2a6fbb"/><text x="25" y="41">fit</text>',
        '<rect x="60" y="32" width="10" height="10" fill="#e08a2e"/>'
        '<text x="75" y="41">predict</text>',
        *parts, "</svg>", ""])  # fmt: skip


# ---- The command


def choice_of(allowed):
    def parse(text):
        words = text.split(",")
        for word in words:
            if word not in allowed:
                raise argparse.ArgumentTypeError(
                    f"must be of {', '.join(allowed)}. Received: {word!r}")
        return list(dict.fromkeys(words))

    return parse


def at_least(least):
    def number(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}. Received: {value}")
        return value

    return number


def parsed_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="the folder that holds the command cornu")
    parser.add_argument("--rows", type=choice_of(ROWS), default=list(ROWS),
                        help=f"some of {','.join(ROWS)}; all")
    parser.add_argument("--backends", type=choice_of(BACKENDS), default=BACKENDS,
                        help=f"some of {','.join(BACKENDS)}, plain without jit_compile; all")
    parser.add_argument("--what", type=choice_of(["fit", "predict"]), default=["fit", "predict"])
    parser.add_argument("--threads", type=at_least(1), default=2)
    parser.add_argument("--steps", type=at_least(1), default=50, help="timed steps of a round; 50")
    parser.add_argument("--rounds", type=at_least(0), default=5, help="5")
    parser.add_argument("--loop", action="store_true",
                        help="times a step of Keras's fit, too, and takes it where it is faster")
    parser.add_argument("--unequal", action="store_true",
                        help="times rows, too, whose numbers differ; they stay marked as failed")
    parser.add_argument("--json", type=pathlib.Path, help="where to write every round's figures")
    parser.add_argument("--plot", type=pathlib.Path, help="where to draw the ratios, an .svg")
    options = parser.parse_args()
    if not (options.build / "cornu").is_file():
        parser.error(f"{options.build}/cornu is missing: build it first")
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < options.threads:
        parser.error(f"--threads {options.threads}: only {len(processors)} processors may be used")
    return options, Machine(tuple(processors[: options.threads]))


def installed(backends):
    """Those that can run; says what to install for the others."""
    missing = {p for p in ["keras"] + [b.split(":")[0] for b in backends]
               if importlib.util.find_spec(p) is None}
    for package in sorted(missing):
        print(f"{package} is not installed and is left out. To install it: "
              f"{sys.executable} -m pip install {package}")
    return [] if "keras" in missing else [b for b in backends if b.split(":")[0] not in missing]


def main():
    options, machine = parsed_options()
    backends = installed(options.backends)
    if not backends:
        sys.exit("nothing to compare with")
    sides = ["cornu", *backends]
    found = versions(options.build / "cornu")
    print(f"{processor_name()}, {machine.threads} threads; "
          + ", ".join(f"{name} {version}" for name, version in found.items()))
    print(f"{'milliseconds a step':<26}{'':<8}"
          + "".join(f"{side:>{max(9, len(side) + 2)}}" for side in sides) + f"{'ratio':>8}")
    results = []
    for name in options.rows:
        results.append(run_row(name, options, machine, backends))
        print_row(results[-1], sides)
    ratios = [(r["title"], what, ratio) for r in results for what, ms in r["ms"].items()
              if (ratio := ratio_of(ms))]
    means = {what: geometric_mean(those) for what in options.what
             if (those := [ratio for _, w, ratio in ratios if w == what])}
    for what, mean in means.items():
        print(f"geometric mean of {what}: {figure(mean)}")
    if options.json:
        options.json.write_text(json.dumps({
            "processor": processor_name(), "threads": machine.threads, "versions": found,
            "steps": options.steps, "rounds": options.rounds, "loop": options.loop,
            "geometric_means": means, "rows": results}, indent=1) + "\n")  # fmt: skip
    if options.plot and ratios:
        options.plot.write_text(svg(ratios, "The best Keras backend's time over Cornu's, "
                                            f"{machine.threads} threads of {processor_name()}"))
    return int(any(result["failed"] for result in results))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build"]:
        keras_build(*sys.argv[2:])
    elif sys.argv[1:2] == ["--serve"]:
        keras_serve(sys.argv[2], sys.argv[3], sys.argv[4] == "jit", int(sys.argv[5]))
    else:
        sys.exit(main())
