#!/usr/bin/env python3
"""TensorBoard's own reader opens the event files that the tests write: check_tensorboard.py BUILD"""

import argparse
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
from jax.profiler import ProfileData
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.graph import keras_util
from tensorboard.plugins.histogram import summary_v2 as histogram_summary
from tensorboard.util import tensor_util

WHAT = "TensorBoard: figures*"


def check(condition, message):
    if not condition:
        sys.exit(f"check_tensorboard: {message}")


def read(folder):
    """By tag: the plugin, and (step, array) in order."""
    events = event_accumulator.EventAccumulator(
        str(folder), size_guidance={event_accumulator.TENSORS: 0}, purge_orphaned_data=False)
    events.Reload()
    tags = {}
    for tag in events.Tags()["tensors"]:
        plugin = events.SummaryMetadata(tag).plugin_data.plugin_name
        tags[tag] = plugin, [
            (event.step, tensor_util.make_ndarray(event.tensor_proto))
            for event in events.Tensors(tag)]
    return tags


def check_histogram(buckets):
    """The buckets are those that TensorBoard makes of values spread as they say."""
    check(buckets.shape == (30, 3) and buckets.dtype == np.float64, f"buckets are {buckets.shape}")
    left, right, counts = buckets.T
    check(np.all(right >= left) and np.allclose(left[1:], right[:-1]), "buckets have gaps")
    values = np.repeat((left + right) / 2, counts.astype(int))
    if left[0] < right[-1] and counts.sum() > 0:
        # The outermost values are the edges themselves.
        values[0], values[-1] = left[0], right[-1]
    again = histogram_summary.histogram_pb("x", values, buckets=30)
    theirs = tensor_util.make_ndarray(again.value[0].tensor)
    check(np.allclose(theirs, buckets), f"TensorBoard makes other buckets: {theirs} {buckets}")


def check_png(png):
    check(png.startswith(b"\x89PNG\r\n\x1a\n"), "no PNG")
    return struct.unpack(">II", png[16:24])


def check_profile(folder):
    """The profile of batches 3 to 5, as JAX's own reader of such files sees it."""
    [file] = folder.glob("plugins/profile/*/*.xplane.pb")
    [plane] = ProfileData.from_file(str(file)).planes
    [line] = plane.lines
    events = list(line.events)
    steps = [event for event in events if event.name == "train step"]
    check([dict(e.stats)["step_num"] for e in steps] == [0, 1, 2], f"the profile has {len(steps)} steps")
    for step in steps:
        inside = [e.name for e in events if step.start_ns < e.start_ns < step.start_ns + step.duration_ns]
        check("dot_general" in inside, f"a step holds {inside}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    test = parser.parse_args().build / "test_training"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([test, f"--test-case={WHAT}"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "CORNU_TENSORBOARD_DIR": folder})
        train = read(pathlib.Path(folder) / "train")
        validation = read(pathlib.Path(folder) / "validation")
        check_profile(pathlib.Path(folder))
    checked = 0
    for name, tags, steps in [
        ("epoch_loss", train, [0, 1, 2]), ("epoch_learning_rate", train, [0, 1, 2]),
        ("batch_loss", train, [2, 4, 6, 8, 10, 12]), ("epoch_loss", validation, [0, 1, 2]),
        ("evaluation_loss_vs_iterations", validation, [4, 8, 12]),
    ]:
        check(name in tags, f"{name} is missing in {sorted(tags)}")
        plugin, values = tags[name]
        check(plugin == "scalars", f"{name} is of the plugin {plugin}")
        check([step for step, _ in values] == steps, f"{name} has the steps {values}")
        check(all(v.shape == () and np.isfinite(v) for _, v in values), f"{name} is {values}")
    check(abs(train["epoch_learning_rate"][1][0][1] - 0.001) < 1e-9, "another learning rate")
    for tag, (plugin, values) in train.items():
        if tag.endswith("/histogram"):
            check(plugin == "histograms" and [s for s, _ in values] == [0, 2], f"{tag}: {values}")
            for _, buckets in values:
                check_histogram(buckets)
                checked += 1
        if tag.endswith("/image"):
            check(plugin == "images", f"{tag} is of the plugin {plugin}")
            for _, image in values:
                width, height = int(image[0]), int(image[1])
                check(check_png(image[2]) == (width, height), f"{tag} is of another size")
                checked += 1
    check(checked == 14, f"{checked} histograms and images instead of 14")
    plugin, [(_, text)] = train["keras"]
    check(plugin == "graph_keras_model", f"the model is of the plugin {plugin}")
    graph = keras_util.keras_model_to_graph_def(json.loads(text.item()))
    nodes = {node.name.split("/")[-1] for node in graph.node}
    check("hidden" in nodes, f"the graph has the nodes {nodes}")
    print(f"check_tensorboard: TensorBoard read {len(train) + len(validation)} tags")
    return 0


if __name__ == "__main__":
    sys.exit(main())
