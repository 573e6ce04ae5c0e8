#!/usr/bin/env python3
"""Writes cornu/saving/keras_versions.inc: since which release Keras knows what a config may name.

    python3 tools/keras_versions/keras_versions.py --wheels FOLDER

Missing wheels of the releases below are downloaded into FOLDER with pip; nothing in them is run,
their sources are only parsed. The first and the last patch of each minor release are read: what
came in between counts from the next release read, which is late, never early.
"""

import argparse
import ast
import json
import pathlib
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "cornu/saving/keras_versions.inc"
RELEASES = """3.0.0 3.0.5 3.1.0 3.1.1 3.2.0 3.2.1 3.3.0 3.3.3 3.4.0 3.4.1 3.5.0 3.6.0 3.7.0 3.8.0 3.9.0
    3.9.2 3.10.0 3.11.0 3.11.3 3.12.0 3.12.4 3.13.0 3.13.2 3.14.0 3.14.1 3.15.0 3.15.1""".split()
# What a `.keras` file may name: classes of these, and functions of these by a plain string.
ROOMS = ("activations", "constraints", "dtype_policies", "initializers", "layers", "losses", "metrics",
         "models", "ops", "optimizers", "quantizers", "random", "regularizers", "trainers")
FUNCTIONS = ("keras.activations.", "keras.losses.", "keras.metrics.")
UNKNOWN = object()  # a default that is no literal


def literal(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return UNKNOWN


class Class:
    def __init__(self, node, imports, module):
        self.exports = exports(node)
        self.bases = [resolve(b, imports, module) for b in node.bases]
        self.arguments, self.open, self.own = {}, True, False
        for method in node.body:
            if not isinstance(method, ast.FunctionDef):
                continue
            if method.name == "__init__":
                self.own = True
                self.arguments |= arguments(method)
                self.open = method.args.kwarg is not None
            if method.name in ("__init__", "from_config"):  # keys taken from kwargs or the config
                self.arguments |= {key: UNKNOWN for key in popped(method)
                                   if key not in self.arguments}


def arguments(function):
    a = function.args
    plain = [*a.posonlyargs, *a.args]
    out = {p.arg: UNKNOWN for p in plain[1:]}
    for p, default in zip(reversed(plain), reversed(a.defaults)):
        out[p.arg] = literal(default)
    for p, default in zip(a.kwonlyargs, a.kw_defaults):
        out[p.arg] = literal(default) if default else UNKNOWN
    return out


def popped(function):
    """Keys that it takes out itself: `kwargs.pop("x")`, `config.pop("x")`, `if "x" in kwargs`."""
    for node in ast.walk(function):
        key = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            if node.func.attr == "pop" and getattr(node.func.value, "id", "") in ("kwargs", "config"):
                key = node.args[0]
        elif isinstance(node, ast.Compare) and getattr(node.comparators[0], "id", "") == "kwargs":
            key = node.left
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def exports(node):
    """Public names, the one written into configs first."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "keras_export":
            names = literal(decorator.args[0])
            return [names] if isinstance(names, str) else list(names)
    return []


def resolve(node, imports, module):
    if isinstance(node, ast.Name):
        return imports.get(node.id, f"{module}.{node.id}")
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{imports.get(node.value.id, '?')}.{node.attr}"
    return "?"


class Release:
    def __init__(self, wheel):
        self.classes, self.by_name, self.functions, self.compile = {}, {}, set(), {}
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                room = name.split("/")[2] if name.startswith("keras/src/") else ""
                if name.endswith(".py") and not name.endswith("_test.py") and room.removesuffix(".py") in ROOMS:
                    self.read(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."),
                              ast.parse(archive.read(name)))
        for full, c in self.classes.items():
            for name in c.exports or [full] * full.startswith("keras.src.ops."):
                self.by_name[name] = c

    def read(self, module, tree):
        imports = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                if (name := resolve(node.value, imports, module)) != "?":
                    imports[node.targets[0].id] = name  # BackendOptimizer = BaseOptimizer
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self.classes[f"{module}.{node.name}"] = Class(node, imports, module)
                if f"{module}.{node.name}" == "keras.src.trainers.trainer.Trainer":
                    method = next(m for m in node.body if getattr(m, "name", "") == "compile")
                    self.compile = arguments(method)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self.functions |= {n for n in exports(node) if n.startswith(FUNCTIONS)}

    def accepted(self, c, seen=()):
        """Arguments of the class and, where it passes on what it does not know, of its bases."""
        out = dict(c.arguments)
        if c.open:
            for name in c.bases:
                if name in self.classes and name not in seen:
                    inherited = self.accepted(self.classes[name], (*seen, name))
                    out = inherited | out
        return out

    def table(self):
        """{name: arguments} of all that a config may name; a function has none."""
        out = {name: self.accepted(c) for name, c in self.by_name.items()}
        return {**{name: {} for name in self.functions}, **out, "keras.Model.compile": self.compile}

    def written(self):
        """The names that this release writes into configs: of several the first."""
        classes = {c.exports[0] if c.exports else name for name, c in self.by_name.items()}
        return classes | self.functions | {"keras.Model.compile"}

    def name_of(self, name):
        """What this release calls the class in configs, of which only that name need be read."""
        c = self.by_name.get(name)
        return c.exports[0] if c and c.exports else name


def first(tables, present):
    """The release since which, without a gap, `present` holds."""
    since = None
    for version, table in reversed(tables):
        if not present(table):
            return since
        since = version
    return since


def rows(tables, written):
    """Of the names that configs are written with, (name, argument or "", since, default as JSON or "") of what the oldest release lacks."""
    newest = tables[-1][1]
    for name in sorted(newest):
        if name not in written:
            continue
        since = first(tables, lambda t: name in t)
        if since != tables[0][0]:
            yield name, "", since, ""
        for argument in sorted(newest[name]):
            known = first(tables, lambda t: name not in t or argument in t[name])
            if known == tables[0][0]:
                continue
            # As it was when it came: what releases without the argument do.
            at = next(t for v, t in tables if v == known)
            default = at[name][argument] if name in at else UNKNOWN
            yield name, argument, known, "" if default is UNKNOWN else json.dumps(default)


def renamed(names, written):
    """(name, "=", the release that writes it so, the name before) for classes."""
    for name in sorted(written & names[0][1].keys()):
        since = first(names, lambda t: t.get(name, name) == name)
        before = {t[name] for v, t in names[:[v for v, _ in names].index(since)] if name in t}
        if before:
            old, = before - {name}
            yield name, "=", since, old


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--wheels", type=pathlib.Path, required=True, help="folder of the releases")
    folder = parser.parse_args().wheels
    tables, names = [], []
    for version in RELEASES:
        wheel = folder / f"keras-{version}-py3-none-any.whl"
        if not wheel.exists():
            subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download",
                            "--no-deps", "--only-binary", ":all:", "--dest", folder, f"keras=={version}"], check=True)
        release = Release(wheel)
        tables.append((version, release.table()))
        names.append((version, {name: release.name_of(name) for name in release.by_name}))
    lines = ["// Written by tools/keras_versions/keras_versions.py from the sources of Keras "
             f"{RELEASES[0]} to {RELEASES[-1]}.",
             "// {name, argument, first release that knows it, its default there as JSON}; without an",
             "// argument: the class or function itself; with =, its name in configs until then. What is not",
             "// listed has been there, so called, from the start.",
             "// clang-format off"]
    written = release.written()
    for name, argument, since, default in sorted([*rows(tables, written), *renamed(names, written)]):
        version = "{" + since.replace(".", ", ") + "}"
        lines.append(f'{{"{name}", "{argument}", {version}, {json.dumps(default)}}},')
    TABLE.write_text("\n".join(lines) + "\n// clang-format on\n")
    print(f"{TABLE.relative_to(ROOT)}: {len(lines) - 5} rows from {len(tables)} releases")


main()
