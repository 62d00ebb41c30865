#!/usr/bin/env python3
"""Writes what PyTorch's autograd computes on the goldens, small enough to keep beside them.

usage: golden_gradients.py GOLDENS...     checkpoint directories with an expected.safetensors

For every tensor on disk the gradient g of the mean next-token cross entropy is reduced to three
numbers: its norm, sum g_i cos(i) and sum g_i sin(2 i), i counting elements row by row. They go to
gradients.json in each directory; GoldenGradientTest compares the decoder's with them.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file

HERE = os.path.dirname(os.path.abspath(__file__))

for golden in sys.argv[1:]:
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "gradients.safetensors")
        subprocess.run([sys.executable, os.path.join(HERE, "gradients.py"), golden, file], check=True)
        gradients = load_file(file)
    loss = float(gradients.pop("loss"))
    reduced = {}
    for name, g in sorted(gradients.items()):
        g = g.astype(np.float64).ravel()
        i = np.arange(g.size)
        reduced[name] = [float(x) for x in (np.linalg.norm(g), g @ np.cos(i), g @ np.sin(2 * i))]
    with open(os.path.join(golden, "gradients.json"), "w") as out:
        json.dump({"loss": loss, "gradients": reduced}, out, indent=0)
        out.write("\n")
    print(os.path.basename(golden), len(reduced), "tensors")
