"""Reads a run's TensorBoard events with the tensorboard package and compares them with metrics.jsonl.

    pip install tensorboard
    python benchmarks/interop/tensorboard_check.py RUN_DIR [RUN_DIR ...]

Every scalar of every event, and the text of every alarm, must be there, at its step, and nothing
else: also after a resume, when TensorBoard has to drop what came after the checkpoint. Exit code 1
if not.
"""

import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def expected(line):
    event = json.loads(line)
    if event["event"] == "train":
        for key in ("lr", "grad_norm", "tokens", "tokens_per_second"):
            yield key, event[key]
        yield "loss/train", event["loss"]
        yield from per_layer("max_vio", [layer["max_vio"] for layer in event["balance"]])
        yield from per_layer("max_vio_micro", event["max_vio_micro"])
        yield from per_layer("load_cv", [layer["cv"] for layer in event["balance"]])
        yield from per_layer("load_min", [layer["min"] for layer in event["balance"]])
        yield from per_layer("load_max", [1 + layer["max_vio"] for layer in event["balance"]])
    elif event["event"] == "evaluation":
        yield "loss/validation", event["mean_loss"]
        for domain, value in event["loss"].items():
            yield f"loss/validation/{domain}", value
        yield "dead_experts", event["dead_experts"]
        yield "unhealthy_layers", len(event["unhealthy_layers"])
        if "sibling_coselection" in event:
            yield "sibling_coselection", event["sibling_coselection"]
        health = event["health"]
        yield from per_layer("max_vio_global", [layer["balance"]["max_vio"] for layer in health])
        yield from per_layer("router_entropy", [layer["router_entropy"] for layer in health])
        for key in ("coselection", "distinct_lineages", "cosine", "distance"):
            if all("siblings" in layer for layer in health):
                yield from per_layer(f"siblings/{key}", [layer["siblings"][key] for layer in health])
    elif event["event"] == "growth":
        yield "growth/experts", event["target_experts"]
        yield "growth/loss_before", event["loss_before"]
        yield "growth/loss_after", event["loss_after"]


def per_layer(tag, values):
    for layer, value in enumerate(values):
        yield f"{tag}/layer_{layer}", value


def alarm(line):
    event = json.loads(line)
    if event["event"] == "alarm":
        yield f"alarms/{event['alarm']}", f"{event['message']} -> {event['remedy']}"


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def check(run):
    logged = {}
    for line in (run / "metrics.jsonl").read_text().splitlines():
        step = json.loads(line)["step"]
        for tag, value in expected(line):
            logged.setdefault(tag, []).append((step, float32(value)))
        for tag, text in alarm(line):
            logged.setdefault(tag, []).append((step, text))
    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    shown = {
        tag: [(scalar.step, scalar.value) for scalar in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }
    for tag in events.Tags()["tensors"]:
        plugin = events.SummaryMetadata(tag).plugin_data.plugin_name
        assert plugin == "text", f"{tag} is for the plugin {plugin}"
        shown[tag] = [(event.step, event.tensor_proto.string_val[0].decode()) for event in events.Tensors(tag)]
    different = sorted(tag for tag in logged.keys() | shown.keys() if logged.get(tag) != shown.get(tag))
    for tag in different:
        print(f"{run}: {tag}: metrics.jsonl has {len(logged.get(tag, []))} values, "
              f"TensorBoard shows {len(shown.get(tag, []))}, and they differ")
    files = len(list((run / "tensorboard").iterdir()))
    print(f"{run}: {len(shown)} tags, {sum(map(len, shown.values()))} values "
          f"in {files} event file(s): {'DIFFERENT' if different else 'equal'}")
    return not different


if __name__ == "__main__":
    runs = [pathlib.Path(argument) for argument in sys.argv[1:]]
    if not runs:
        sys.exit(__doc__)
    sys.exit(0 if all([check(run) for run in runs]) else 1)
