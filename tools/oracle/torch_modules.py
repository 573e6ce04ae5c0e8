#!/usr/bin/env python3
"""Records what PyTorch does with TorchScript modules, and Keras on torch with one as a layer.

torch_modules.py [--output FOLDER]   writes torch_modules.zip (docs/golden.md)
torch_modules.py --check FILE        Keras on torch reads a `.keras` file that Cornu wrote
"""

import argparse
import io
import os
import pathlib
import sys
import typing
import zipfile

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
if os.environ.get("PYTHONHASHSEED") != "0":  # TorchScript lists constants in the order of a set
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, *sys.argv])

import golden
import keras
import numpy as np
import torch
from torch import Tensor, nn

torch.use_deterministic_algorithms(True)


class Tied(nn.Module):
    """One parameter in two places."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 3, bias=False)
        self.decoder = nn.Linear(4, 3)
        self.decoder.weight = self.encoder.weight

    def forward(self, x):
        return self.encoder(x) + self.decoder(x * x)


class Several(nn.Module):
    """Arguments that may be left out, a dict of outputs, a frozen parameter, a plain buffer."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
        self.shift = nn.Parameter(torch.tensor([0.5]), requires_grad=False)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, x, y: typing.Optional[Tensor] = None) -> typing.Dict[str, Tensor]:
        if self.training:
            self.calls = self.calls + 1
        z = x * self.scale + self.shift
        if y is not None:
            z = z + y * y
        return {"sum": z.sum(dim=1), "all": z, "index": z.argmax(dim=1)}


class Recurrent(nn.Module):
    """PyTorch's cells keep their parameters in a list as well; outputs are a tuple."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, x):
        return self.cell(x)


class WritesParameter(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(3))

    def forward(self, x):
        with torch.no_grad():
            self.w.clamp_(max=0.5)
        return x * self.w


class SizeFromValues(nn.Module):
    def forward(self, x):
        return x[x > 0]


class NoTensor(nn.Module):
    def forward(self, x):
        return x.size(0)


class Constants(nn.Module):
    """Holds a tensor that is no weight, and looks at values."""

    def __init__(self):
        super().__init__()
        self.table = torch.arange(3.0)

    def forward(self, x):
        if bool((x > 100).any()):
            x = x * 0
        return x + self.table


def block(features, inner):
    return nn.Sequential(nn.Linear(features, inner), nn.BatchNorm1d(inner), nn.ReLU(inplace=True),
                         nn.Linear(inner, 3))


def archive(module):
    """The file of torch.jit, without what it tells of this machine, and the same each time."""
    buffer, out = io.BytesIO(), io.BytesIO()
    torch.jit.save(module, buffer)
    with zipfile.ZipFile(buffer) as given, zipfile.ZipFile(out, "w") as kept:
        for name in given.namelist():
            if not name.endswith((".debug_pkl", "/serialization_id")):
                kept.writestr(zipfile.ZipInfo(name), given.read(name))
    torch.jit.load(io.BytesIO(out.getvalue()))
    return golden.File(out.getvalue(), "pt")


def state(module):
    return {name: value.detach().numpy().copy() for name, value in module.state_dict().items()}


def leaves(outputs):
    if isinstance(outputs, Tensor):
        return [outputs]
    items = [outputs[k] for k in sorted(outputs)] if isinstance(outputs, dict) else outputs
    return [leaf for item in items for leaf in leaves(item)]


def record_module(family, name, module, *inputs, trace=False):
    """Outputs in both modes, and gradients of sum(cotangent * output) in training."""
    torch.manual_seed(7)
    script = torch.jit.trace(module, inputs) if trace else torch.jit.script(module)
    file = archive(script)
    rng = golden.rng(name)
    before = state(script)
    script.eval()
    predicted = leaves(script(*[x.clone() for x in inputs]))
    script.train()
    sources = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    outputs = leaves(script(*[x * 1 for x in sources]))
    floats = [y for y in outputs if y.is_floating_point()]
    cotangents = [torch.from_numpy(rng.standard_normal(y.shape).astype("float32")) for y in floats]
    total = sum((c * y).sum() for c, y in zip(cotangents, floats))
    parameters = {n: p for n, p in script.named_parameters() if p.requires_grad}
    asked = list(parameters.values()) + [x for x in sources if x.requires_grad]
    found = torch.autograd.grad(total, asked)
    family.case(
        name, module=file, inputs=[x.numpy() for x in inputs], weights=before,
        outputs=[y.detach().numpy() for y in predicted],
        training=[y.detach().numpy() for y in outputs], weights_after=state(script),
        cotangents=[c.numpy() for c in cotangents],
        gradients=[g.numpy() for g in found[len(parameters):]],
        weight_gradients={n: g.numpy() for n, g in zip(parameters, found)})


def record_training(family):
    """Dense, the module, Dense: three steps of SGD."""
    golden.fresh(3)
    torch.manual_seed(3)
    script = torch.jit.script(block(5, 6))
    file = archive(script)
    x = keras.Input((4,))
    y = keras.layers.Dense(5, activation="tanh", name="before")(x)
    y = keras.layers.TorchModuleWrapper(script, name="block", output_shape=(None, 3))(y)
    model = keras.Model(x, keras.layers.Dense(2, name="after")(y))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    rng = golden.rng("training")
    data = rng.standard_normal((8, 4)).astype("float32")
    target = rng.standard_normal((8, 2)).astype("float32")
    dense = {name: [w.numpy() for w in model.get_layer(name).weights] for name in ("before", "after")}
    predictions = model.predict(data, verbose=0)
    losses = [float(model.train_on_batch(data, target)) for _ in range(3)]
    family.case(
        "training", module=file, x=data, y=target, dense=dense, predictions=predictions,
        losses=losses, trained=state(script), predicted=model.predict(data, verbose=0),
        trained_dense={n: [w.numpy() for w in model.get_layer(n).weights] for n in dense})


def record_refused(family):
    """Files of Python that are no TorchScript."""
    golden.fresh(3)
    x = keras.Input((4,))
    pickled = keras.Model(x, keras.layers.TorchModuleWrapper(nn.Linear(4, 2), output_shape=(None, 2))(x))
    buffer = io.BytesIO()
    torch.save(nn.Linear(4, 2), buffer)
    exported = torch.export.export(nn.Linear(4, 2), (torch.ones(3, 4),))
    program = io.BytesIO()
    torch.export.save(exported, program)
    family.case("pickle of Keras", model=golden.saved(pickled))
    family.case("refused", pickle=golden.File(buffer.getvalue(), "bin"),
                names_of_exported=zipfile.ZipFile(program).namelist())
    for name, module in {"writes a parameter": WritesParameter(), "size from values": SizeFromValues(),
                         "no tensor": NoTensor()}.items():
        family.case(name, module=archive(torch.jit.script(module)))


def record(output):
    family = golden.Family("torch_modules")
    x = torch.from_numpy(golden.rng("x").standard_normal((5, 4)).astype("float32"))
    image = torch.from_numpy(golden.rng("image").standard_normal((2, 3, 6, 6)).astype("float32"))
    steps = torch.from_numpy(golden.rng("steps").standard_normal((2, 3, 4)).astype("float32"))
    three = torch.from_numpy(golden.rng("three").standard_normal((4, 3)).astype("float32"))
    torch.manual_seed(1)
    record_module(family, "block", block(4, 6), x)
    record_module(family, "tied", Tied(), x)
    record_module(family, "several", Several(), three, three + 1)
    record_module(family, "convolution", nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(36, 2)), image)
    record_module(family, "gru", Recurrent(nn.GRU(4, 3, batch_first=True)), steps)
    record_module(family, "lstm", Recurrent(nn.LSTM(4, 3, num_layers=2, batch_first=True)), steps)
    record_module(family, "constants", Constants(), three)
    record_module(family, "in place", nn.ReLU(inplace=True), x)
    exported = torch.export.export(nn.Sequential(nn.Linear(4, 3), nn.Tanh()), (x,))
    record_module(family, "exported", exported.module(), x, trace=True)
    family.case("no forward", module=archive(torch.jit.script(nn.GRU(4, 3))))
    family.case("dropout", module=archive(torch.jit.script(nn.Sequential(
        nn.Linear(4, 64), nn.Dropout(0.5)))))
    record_training(family)
    record_refused(family)
    path = family.write(output)
    print(f"{path.name}: {len(family.cases)} cases, {path.stat().st_size / 1000:.0f} kB")


def check(path):
    """What Keras predicts must be what Cornu stored with the model (`self_check`)."""
    model = keras.saving.load_model(path, safe_mode=False)
    with zipfile.ZipFile(path) as file:
        stored = np.load(io.BytesIO(file.read("cornu/self_check.npz")))
    (x,), (y,) = ([stored[k] for k in stored if k.startswith(kind)] for kind in ("x", "y"))
    error = np.abs(model.predict(x, verbose=0) - y).max()
    if not error <= 1e-5:
        raise SystemExit(f"{path}: predictions differ by {error}")
    print(f"{path.name}: read by Keras on torch, predictions differ by {error:.1e}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=golden.GOLDEN)
    parser.add_argument("--check", type=pathlib.Path, metavar="FILE")
    options = parser.parse_args()
    check(options.check) if options.check else record(options.output)
