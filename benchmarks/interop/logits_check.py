#!/usr/bin/env python3
"""Compares logits that Cambium computed with those of Hugging Face transformers.

usage: logits_check.py ids DIR FILE [--tokens 24]     writes random `input_ids` int64 [B,S] of DIR's vocabulary: S tokens,
                                                      or as many as the model has positions, in at least 2 sequences
       logits_check.py compare DIR FILE [--tol 1e-4] [--every-expert]
                                                      FILE holds `input_ids` and the `logits` fp32 [B,S,V] to compare

Strict: any missing, unexpected or mismatched tensor fails the check, though transformers itself only warns.
--every-expert fails it too if a routing layer has an expert that no token chose: nothing was seen of that one.
Prints one line and exits 1 where the check fails. Needs: torch transformers safetensors
"""
import argparse, json, sys
from pathlib import Path

import torch, transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def write_ids(a):
    config = json.loads((Path(a.dir) / "config.json").read_text())
    length = min(a.tokens, config["max_position_embeddings"])
    shape = (max(2, -(-a.tokens // length)), length)
    ids = torch.randint(0, config["vocab_size"], shape, generator=torch.Generator().manual_seed(7))
    save_file({"input_ids": ids}, a.file)


def load(folder, dtype=torch.float32):
    # Its fastest kernel for experts takes no fp64.
    options = {"experts_implementation": "eager"} if dtype == torch.float64 else {}
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager",
                                                       output_loading_info=True, **options)
    return model.eval(), {k: sorted(map(str, v))[:3] for k, v in info.items() if v}


def count_choices(model):
    """Per router the experts it chose so far: a gate returns their indices among other things."""
    chosen = {}

    def hook(name):
        def note(module, args, output):
            for part in output if isinstance(output, tuple) else ():
                if part.dtype == torch.int64:
                    chosen.setdefault(name, set()).update(part.flatten().tolist())
        return note

    for name, module in model.named_modules():
        if name.endswith((".gate", ".router")):
            chosen[name] = set()
            module.register_forward_hook(hook(name))
    return chosen


def never_chosen(model, chosen):
    config = model.config.get_text_config()
    experts = next(getattr(config, k) for k in ("n_routed_experts", "num_local_experts", "num_experts") if hasattr(config, k))
    return {name: missing for name, seen in chosen.items() if (missing := sorted(set(range(experts)) - seen))}


def compare(a):
    theirs, faults = load(a.dir)
    chosen = count_choices(theirs)
    ours = load_file(a.file)
    with torch.no_grad():
        logits = theirs(input_ids=ours["input_ids"], use_cache=False).logits.float()
    difference = (logits - ours["logits"]).abs().max().item()
    unseen = never_chosen(theirs, chosen) if a.every_expert else {}
    good = not faults and not unseen and difference <= a.tol and (chosen or not a.every_expert)
    print(f"{'ok' if good else 'FAILED'} transformers {transformers.__version__} {theirs.__class__.__name__} "
          f"{list(ours['input_ids'].shape)} tokens max|dlogit| {difference:.2e} (|logit| up to {logits.abs().max():.2f}) "
          f"faults {faults or 'none'}" + (f" experts never chosen {unseen or 'none'}" if a.every_expert else ""))
    sys.exit(0 if good else 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for command, run in (("ids", write_ids), ("compare", compare)):
        sub = commands.add_parser(command)
        sub.add_argument("dir")
        sub.add_argument("file")
        sub.set_defaults(run=run)
    commands.choices["ids"].add_argument("--tokens", type=int, default=24)
    commands.choices["compare"].add_argument("--tol", type=float, default=1e-4)
    commands.choices["compare"].add_argument("--every-expert", action="store_true")
    a = parser.parse_args()
    a.run(a)


if __name__ == "__main__":
    main()
