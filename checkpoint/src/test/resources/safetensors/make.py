#!/usr/bin/env python3
"""Writes the fixtures beside it with the reference implementation (safetensors 0.8.0, torch 2.13.0).

usage: make.py OUT
  dtypes.safetensors   every element type that torch can write, scalars, empty tensors, awkward names, metadata
  plain.safetensors    one tensor, no metadata
"""
import sys
import torch
from safetensors.torch import save_file

TYPES = """bool uint8 int8 int16 uint16 int32 uint32 int64 uint64 float16 bfloat16 float32 float64 complex64
float8_e5m2 float8_e4m3fn float8_e8m0fnu float8_e4m3fnuz float8_e5m2fnuz""".split()

out = sys.argv[1]
torch.manual_seed(1)
tensors = {}
for name in TYPES:
    dtype = getattr(torch, name)
    raw = torch.randint(0, 256, (3 * 5 * dtype.itemsize,), dtype=torch.uint8)
    tensors[name] = (raw % 2 if dtype == torch.bool else raw).view(dtype).reshape(3, 5)
tensors["scalar"] = torch.tensor(1.5)
tensors["scalar.i64"] = torch.tensor(-7)
tensors["empty"] = torch.zeros(0, 4)
tensors["empty.f64"] = torch.zeros(2, 0, 3, dtype=torch.float64)
# Names sort as strings, in the order of their bytes and not of UTF-16.
tensors["experts.10.w"] = torch.ones(1)
tensors["experts.2.w"] = torch.ones(2)
tensors['a/b "quoted" \\ \t\n\x01\x1f\x7f \u00e9 \u2028 \u4e2d \U0001F333'] = torch.arange(3, dtype=torch.int32)
tensors["\uffee"] = torch.ones(1, dtype=torch.int32)
tensors["\U00010000"] = torch.ones(1, dtype=torch.int32)
save_file(tensors, out + "/dtypes.safetensors", metadata={"format": "pt"})
save_file({"w": torch.arange(6, dtype=torch.float32).reshape(2, 3)}, out + "/plain.safetensors")
