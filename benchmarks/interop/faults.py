#!/usr/bin/env python3
"""Makes faulty checkpoint directories of a sound one, and says what transformers does with each.

usage: faults.py make DIR WORK      makes WORK/<fault>, of Mixtral's names (DIR: the golden mixtral)
       faults.py load DIR WORK      loads each and prints, tab-separated: fault, what transformers does with it
Logits that differ from those of the sound model are said so. Needs: torch transformers safetensors
"""
import json, shutil, sys, warnings
from pathlib import Path

import torch, transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity(transformers.logging.CRITICAL)
transformers.utils.logging.disable_progress_bar()
warnings.filterwarnings("ignore")

LAYER = "model.layers.1.block_sparse_moe."
ROUTER, EXPERT, NORM = LAYER + "gate.weight", LAYER + "experts.2.w3.weight", "model.norm.weight"
INDEX = "model.safetensors.index.json"
SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


def write(folder, config, shards, index=None):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    for name, tensors in shards.items():
        save_file(tensors, folder / name, {"format": "pt"})
    if index is not None:
        (folder / INDEX).write_text(json.dumps(index))


def single(tensors, **changes):
    return dict(config=changes, shards={"model.safetensors": tensors}, index=None)


def sharded(tensors):
    names = sorted(tensors)
    parts = [names[: len(names) // 2], names[len(names) // 2 :]]
    shards = {file: {n: tensors[n] for n in part} for file, part in zip(SHARDS, parts)}
    weight_map = {n: file for file, part in zip(SHARDS, parts) for n in part}
    size = sum(t.numel() * t.element_size() for t in tensors.values())
    return dict(config={}, shards=shards, index={"metadata": {"total_size": size}, "weight_map": weight_map})


def faults(t):
    less = lambda name: {n: x for n, x in t.items() if n != name}
    yield "sound, one file", single(t)
    yield "sound, sharded", sharded(t)
    yield "missing tensor: router", single(less(ROUTER))
    yield "missing tensor: final norm", single(less(NORM))
    yield "missing expert tensor", single(less(EXPERT))
    yield "unexpected tensor", single({**t, "model.extra.weight": t[NORM].clone()})
    yield "more experts in config.json", single(t, num_local_experts=8)
    yield "fewer experts in config.json", single(t, num_local_experts=4)
    yield "wrong shape", single(t, intermediate_size=48)
    yield "experts of several types", single({**t, EXPERT: t[EXPERT].to(torch.bfloat16)})
    renamed = {n.replace(LAYER + "experts.5.", LAYER + "experts.7."): x for n, x in t.items()}
    yield "gap in the numbering of experts", single(renamed)
    yield "tied, with lm_head", single(t, tie_word_embeddings=True)
    yield "untied, without lm_head", single(less("lm_head.weight"))
    yield "leftover quantization_config", single(t, quantization_config={"quant_method": "fp8"})
    case = sharded(t)
    del case["index"]["weight_map"][NORM]
    yield "weight_map omits a tensor", case
    case = sharded(t)
    case["index"]["weight_map"]["phantom"] = SHARDS[0]
    yield "phantom tensor in weight_map", case
    case = sharded(t)
    del case["shards"][SHARDS[1]]
    yield "missing file", case
    case = sharded(t)
    case["index"]["weight_map"][NORM] = next(s for s in SHARDS if s != case["index"]["weight_map"][NORM])
    yield "tensor listed in the wrong file", case
    case = sharded(t)
    del case["index"]["metadata"]
    yield "index without metadata", case
    case = sharded(t)
    case["index"]["metadata"]["total_size"] = 1
    yield "wrong total_size", case
    case = sharded(t)
    case["shards"]["model.safetensors"] = {n: x * 1.5 for n, x in t.items()}
    yield "single file and index, differing", case
    case = sharded(t)
    case["shards"]["model-old.safetensors"] = {NORM: t[NORM] * 2}
    yield "stale weight file", case


def make(source, work):
    base = json.loads((source / "config.json").read_text())
    base["rope_theta"] = base["rope_parameters"]["rope_theta"]  # for transformers 4
    tensors = load_file(source / "model.safetensors")
    for name, case in faults(tensors):
        write(work / name, {**base, **case["config"]}, case["shards"], case["index"])


def logits(model, ids):
    with torch.no_grad():
        return model.eval()(ids).logits


def behaviour(folder, ids, expected):
    try:
        model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        difference = (logits(model, ids) - expected).abs().max().item()
    except Exception as e:  # whatever it raises is what a user sees
        return f"refuses ({type(e).__name__})"
    said = [f"{k.removesuffix('_keys')}: {len(v)}" for k, v in info.items() if v]
    same = "same logits" if difference < 1e-5 else f"loads, logits off by {difference:.1g}"
    return same + (f"; warns ({', '.join(said)})" if said else ", says nothing")


def main():
    mode, source, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if mode == "make":
        return make(source, work)
    ids = torch.randint(0, 96, (2, 24), generator=torch.Generator().manual_seed(7))
    torch.manual_seed(1)
    sound = AutoModelForCausalLM.from_pretrained(work / "sound, one file", dtype=torch.float32)
    expected = logits(sound, ids)
    for name, _ in faults(load_file(source / "model.safetensors")):
        print(f"{name}\t{behaviour(work / name, ids, expected)}")


if __name__ == "__main__":
    main()
