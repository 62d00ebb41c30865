#!/usr/bin/env python3
"""Computes `cambium score` again with PyTorch and Hugging Face transformers, and compares every number.

usage: scores.py CHECKPOINT CORPUS SCORES [--tol 1e-4]
       CHECKPOINT   of a run that Cambium trained: weights, and the optimizer's moments
       CORPUS       as training_curve.py makes it: every domain holds one sequence, and SCORES was computed on all
       SCORES       what `cambium score` wrote

Prints one line per score and exits 1 where an expert's score differs by more than --tol of itself, or of a thousandth
of its layer's largest. Needs: torch transformers safetensors
"""
import argparse, re, sys
from collections import defaultdict
from pathlib import Path

import torch, transformers
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy, linear, silu
from transformers import AutoModelForCausalLM

from gradients import as_on_disk, put_gradients, tensors_of

EXPERT = re.compile(r"\.layers\.(\d+)\..*\.experts\.(\d+)\.")


def by_expert(tensors):
    experts = defaultdict(list)
    for name in sorted(tensors):
        if place := EXPERT.search(name):
            experts[int(place[1]), int(place[2])].append(tensors[name].double().flatten())
    return {place: torch.cat(parts) for place, parts in experts.items()}


class Routed:
    """How often each expert is chosen, and how long what it adds is, from what its module is given."""

    def __init__(self, model):
        self.tokens, self.count, self.norm = 0, defaultdict(int), defaultdict(float)
        for name, module in model.named_modules():
            if name.endswith(".experts"):
                layer = int(re.search(r"layers\.(\d+)\.", name)[1])
                module.register_forward_pre_hook(lambda m, args, kwargs, layer=layer: self.note(layer, m, *args, **kwargs),
                                                 with_kwargs=True)

    @torch.no_grad()
    def note(self, layer, module, hidden_states, top_k_index, top_k_weights):
        for expert in range(len(module.down_proj)):
            token, slot = (top_k_index == expert).nonzero(as_tuple=True)
            gate, up = linear(hidden_states[token], module.gate_up_proj[expert]).chunk(2, dim=-1)
            output = linear(silu(gate) * up, module.down_proj[expert])
            self.count[layer, expert] += len(token)
            self.norm[layer, expert] += (output.norm(dim=-1) * top_k_weights[token, slot]).double().sum().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("scores", type=Path)
    parser.add_argument("--tol", type=float, default=1e-4)
    a = parser.parse_args()
    sequences = torch.stack([load_file(file)["tokens"].long() for file in sorted((a.corpus / "train").glob("*.safetensors"))])
    model = AutoModelForCausalLM.from_pretrained(a.checkpoint, dtype=torch.float32, attn_implementation="eager",
                                                 experts_implementation="eager").eval()
    routed = Routed(model)
    logits = model(input_ids=sequences[:, :-1], use_cache=False).logits.float()
    cross_entropy(logits.flatten(0, 1), sequences[:, 1:].flatten()).backward()
    put_gradients(model)
    weights, gradients = by_expert(tensors_of(a.checkpoint)), by_expert(as_on_disk(model))
    moments = {}
    for file in sorted((a.checkpoint / "training").glob("optimizer*.safetensors")):
        moments |= load_file(file)
    moments = by_expert({n.removesuffix(".exp_avg_sq"): m for n, m in moments.items() if n.endswith(".exp_avg_sq")})
    tokens = sequences[:, 1:].numel()

    expected = {}
    for place, g in gradients.items():
        w, v = weights[place], moments[place]
        expected[place] = {
            "grad_squared": (g @ g).item(), "saliency": (w.norm() * g.norm()).item(), "weight_norm": (w @ w).item(),
            "fisher": (g**2 / (v + 1e-8)).sum().item(), "routed_share": routed.count[place] / tokens,
            "gated_output": routed.norm[place] / max(1, routed.count[place])}

    ours = load_file(a.scores)
    failed = False
    for score in next(iter(expected.values())):
        found = {(layer, expert): ours[f"layer.{layer}.{score}"][expert].item() for layer, expert in expected}
        extra = sum(len(values) for name, values in ours.items() if name.endswith("." + score)) - len(expected)
        largest = {layer: max(values[score] for (other, _), values in expected.items() if other == layer)
                   for layer, _ in expected}
        worst = max(abs(found[place] - values[score]) / max(values[score], 1e-3 * largest[place[0]])
                    for place, values in expected.items())
        bad = extra != 0 or not worst <= a.tol
        failed |= bad
        print(f"{'FAILED' if bad else 'ok'} transformers {transformers.__version__} {model.__class__.__name__} {score}: "
              f"{len(expected)} experts, largest relative difference {worst:.1e}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
