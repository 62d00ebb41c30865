#!/usr/bin/env python3
"""Copies a checkpoint grown in mode cold, with its replicas' selection bias raised by the hold-back at once, where
training would do so by and by.

usage: take_away_hold_back.py GROWN RELEASED
Needs: torch safetensors
"""
import json, re, shutil, sys
from pathlib import Path

from safetensors.torch import load_file, save_file

grown, released = map(Path, sys.argv[1:3])
shutil.copytree(grown, released)
manifest = json.loads((grown / "cambium.json").read_text())
growth = manifest["growth"][-1]


def replicas(layer):
    parents = growth["parents"][layer]
    return [expert for expert, parent in enumerate(parents) if parent in parents[:expert]]


for file in released.glob("*.safetensors"):
    tensors = load_file(file)
    for name, tensor in tensors.items():
        if name.endswith("e_score_correction_bias"):
            layer = re.search(r"layers\.(\d+)\.", name).group(1)
            tensor.view(-1)[replicas(layer)] += manifest["selection"]["holdBack"]
    save_file(tensors, file, metadata={"format": "pt"})
(released / "cambium.json").unlink()  # its checksums are those of other bytes, and the model is a plain one
