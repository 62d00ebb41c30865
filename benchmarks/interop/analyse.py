#!/usr/bin/env python3
"""Computes `cambium analyse` again with PyTorch and Hugging Face transformers, and compares every number.

usage: analyse.py CHECKPOINT EARLIER CORPUS ANALYSIS [--tol 1e-5]
       CHECKPOINT, EARLIER   two checkpoints of one model
       CORPUS                as training_curve.py makes it: every domain holds one sequence
       ANALYSIS              what `cambium analyse CHECKPOINT --against EARLIER --out` wrote, on all of the corpus

What transformers' routers choose is what its expert modules are given. An expert's output is what that module gives for
tokens that all choose it, with a weight of one. Counts must be equal, other numbers within --tol. Prints one line per
measure and exits 1 where one differs. Needs: torch transformers safetensors
"""
import argparse, json, re, sys
from collections import Counter, defaultdict
from pathlib import Path

import torch, transformers
from safetensors.torch import load_file
from torch.nn.functional import cosine_similarity, cross_entropy, linear

from training_curve import load

SAMPLE, LEAST_COUNT = 256, 8


class Layer:
    """A routing layer's experts and router, and what they were given."""

    def __init__(self, experts, router):
        self.experts, self.router, self.inputs, self.choices = experts, router, [], []
        experts.register_forward_pre_hook(self.note, with_kwargs=True)

    def note(self, module, args, kwargs):
        hidden, choice = [*args, *kwargs.values()][:2]
        self.inputs.append(hidden.reshape(-1, hidden.shape[-1]))
        self.choices.append(choice)

    def flat(self):
        """[E, P]: all weights of each expert."""
        parts = [p.double().flatten(1) for p in self.experts.parameters()]
        return torch.cat(parts, 1)

    def outputs(self, x):
        """[N, E, D]"""
        ones = torch.ones(len(x), 1)
        return torch.stack([self.experts(x, torch.full((len(x), 1), e), ones) for e in range(len(self.flat()))], 1)

    def scores(self, x, sigmoid):
        logits = linear(x, self.router.weight, getattr(self.router, "bias", None))
        return logits.sigmoid() if sigmoid else logits.softmax(-1)


@torch.no_grad()
def run(folder, sequences):
    model = load(folder).eval()
    modules = dict(model.named_modules())
    layers = {}
    for name, module in modules.items():
        if name.endswith(".experts"):
            block = name.removesuffix("experts")
            layers[int(re.search(r"layers\.(\d+)\.", name)[1])] = Layer(
                module, modules.get(block + "gate") or modules[block + "router"])
    losses = []
    for sequence in sequences:
        logits = model(input_ids=sequence[None, :-1], use_cache=False).logits[0].float()
        losses.append(cross_entropy(logits, sequence[1:]).item())
    for layer in layers.values():
        layer.x, layer.choice = torch.cat(layer.inputs), torch.cat(layer.choices)
        layer.experts._forward_pre_hooks.clear()
    return model, layers, losses


def shares(choice, experts):
    return torch.bincount(choice.flatten(), minlength=experts).double() / choice.numel()


def vocabulary(choice, ids):
    """Mean over the tokens that occur often of the share of their occurrences that chose the favourite expert."""
    by_id = defaultdict(Counter)
    for chosen, token in zip(choice.tolist(), ids.tolist()):
        by_id[token].update(chosen)
    count = Counter(ids.tolist())
    return torch.tensor([max(by_id[t].values()) / n for t, n in count.items() if n >= LEAST_COUNT]).double().mean()


@torch.no_grad()
def expected(now, then, ids, domain, sigmoid):
    choice, experts = now.choice, len(now.flat())
    tokens = len(choice)
    hot = torch.zeros(tokens, experts, dtype=torch.long).scatter_(1, choice, 1)
    hot_then = torch.zeros(tokens, experts, dtype=torch.long).scatter_(1, then.choice, 1)
    all_shares = shares(choice, experts)
    by_domain = [shares(choice[domain == d], experts) for d in domain.unique()]
    flat, flat_then = now.flat(), then.flat()
    unit = flat / flat.norm(dim=1, keepdim=True)
    sample = now.outputs(now.x[[n * tokens // SAMPLE for n in range(SAMPLE)]]).double()
    norms = flat.norm(dim=1)
    score = now.scores(now.x, sigmoid).double()
    score = score / score.sum(-1, keepdim=True)
    both = hot * hot_then
    return {
        "load": hot.sum(0), "chosen together": hot.T @ hot,
        "router entropy": -(score * score.log()).sum(-1).mean(),
        "share by domain": torch.stack(by_domain),
        "distance of domains": torch.stack([(s - all_shares).abs().sum() / 2 for s in by_domain]).mean(),
        "vocabulary": vocabulary(choice, ids),
        "cosine of weights": unit @ unit.T,
        "distance of weights": torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist")
        / torch.maximum(norms[:, None], norms),
        "cosine of outputs": cosine_similarity(sample[:, :, None], sample[:, None], dim=-1).mean(0),
        "saturation": both.sum() / choice.numel(), "saturation by expert": both.sum(0) / hot_then.sum(0).clamp(min=1),
        "change of weights": (flat - flat_then).norm(dim=1) / flat_then.norm(dim=1),
        "change of router rows": (now.router.weight - then.router.weight).double().norm(dim=1)
        / then.router.weight.double().norm(dim=1)}


def found(layer, change):
    similarity, saturation = layer["similarity"], change["saturation"]
    return {
        "load": layer["load"], "chosen together": layer["together"], "router entropy": layer["entropy"],
        "share by domain": layer["domains"]["share"], "distance of domains": layer["domains"]["distance"],
        "vocabulary": layer["vocabulary"]["specialisation"], "cosine of weights": similarity["weight"],
        "distance of weights": similarity["distance"], "cosine of outputs": similarity["output"],
        "saturation": saturation["overall"], "saturation by expert": saturation["experts"],
        "change of weights": change["change"]["weights"], "change of router rows": change["change"]["router_row"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("earlier", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("analysis", type=Path)
    parser.add_argument("--tol", type=float, default=1e-5)
    a = parser.parse_args()
    sequences = torch.stack([load_file(file)["tokens"].long()
                             for file in sorted((a.corpus / "validation").glob("*.safetensors"))])
    ids = sequences[:, :-1].flatten()
    domain = torch.arange(len(sequences)).repeat_interleave(sequences.shape[1] - 1)
    model, now, losses = run(a.checkpoint, sequences)
    _, then, _ = run(a.earlier, sequences)
    ours = json.loads(a.analysis.read_text())
    sigmoid = any("e_score_correction_bias" in name for name, _ in model.named_buffers())

    worst = defaultdict(float, {"loss": max(abs(x - y) for x, y in zip(losses, ours["loss"].values(), strict=True))})
    if [layer["layer"] for layer in ours["layers"]] != sorted(now):
        raise SystemExit(f"FAILED: layers {sorted(now)} route")
    for layer, change in zip(ours["layers"], ours["against"]["layers"], strict=True):
        theirs = expected(now[layer["layer"]], then[layer["layer"]], ids, domain, sigmoid)
        for measure, value in found(layer, change).items():
            want = theirs[measure].double()
            got = torch.tensor(value, dtype=torch.float64)
            if got.shape != want.shape:
                raise SystemExit(f"FAILED {measure}: shape {tuple(got.shape)}, not {tuple(want.shape)}")
            worst[measure] = max(worst[measure], (got - want).abs().max().item())
    failed = False
    for measure, difference in worst.items():
        bad = not difference <= (0 if measure in ("load", "chosen together") else a.tol)
        failed |= bad
        print(f"{'FAILED' if bad else 'ok'} transformers {transformers.__version__} {model.__class__.__name__} {measure}: "
              f"{len(now)} layers, {len(ids)} tokens, largest difference {difference:.1e}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
