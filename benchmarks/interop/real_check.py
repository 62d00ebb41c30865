#!/usr/bin/env python3
"""The comparisons of real.sh; REAL is a directory with reference.json, expected.safetensors and LICENSE.

usage: real_check.py texts REAL WORK          writes what `cambium tokenize` shall read: WORK/NAME.jsonl
       real_check.py tokens REAL WORK         compares the shards in WORK/corpus with reference.json; writes the LICENSE
                                              as WORK/windows-{full,last}.safetensors, and WORK/expected-ids.safetensors
       real_check.py logits REAL FILE [--tol 1e-3]
                                              compares FILE's `logits` with expected.safetensors
       real_check.py loss REAL MODEL WORK [--tol 1e-4]
                                              compares the loss that WORK/logits-{full,last}.safetensors amount to
       real_check.py greedy REAL FILE         compares a text with the greedy continuation in reference.json

The windows of the loss: the k-th, from 0, reads tokens 1024 k to 1024 k + 1023 of the text and predicts those one
further; it knows nothing of the windows before. The last one is shorter. The loss is the mean over all predictions, in
fp64 from fp32 logits: summed in fp32 it would be 8e-6 less.

Prints one line a comparison and exits 1 where one fails. Needs: numpy safetensors
"""
import argparse, json, sys
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

WINDOW = 1024
LICENCE = "licence"


def report(good, what, details):
    print(f"{'ok' if good else 'FAILED'} {what}: {details}")
    return good


def read(file, name):
    with safe_open(file, "np") as tensors:
        return tensors.get_tensor(name)


def reference(a):
    return json.loads((a.real / "reference.json").read_text(encoding="utf-8"))


def all_texts(a):
    return reference(a)["texts"] | {LICENCE: (a.real / "LICENSE").read_text(encoding="utf-8")}


def texts(a):
    """Each text, and a second document that is longer: a corpus holds one document out."""
    for name, text in all_texts(a).items():
        lines = [json.dumps({"text": t}) + "\n" for t in (text, text + " " + text)]
        (a.work / f"{name}.jsonl").write_text("".join(lines))
    return True


def document(a, name):
    """The ids of a text, the shorter document, without the end-of-text token behind it."""
    shards = (read(a.work / "corpus" / split / f"{name}.safetensors", "tokens") for split in ("train", "validation"))
    return min(shards, key=len)[:-1].astype(np.int64)


def tokens(a):
    expected = reference(a)
    good = True
    for name, want in expected["tokens"].items():
        got = document(a, name).tolist()
        first = next((i for i, (g, w) in enumerate(zip(got, want)) if g != w), min(len(got), len(want)))
        good &= report(got == want, f"token ids of {name}",
                       f"{len(want)} equal" if got == want else
                       f"{len(got)} and {len(want)}, from {first} on {got[first:first + 5]} and {want[first:first + 5]}")
    licence = document(a, LICENCE)
    want = licence_reference(expected, "float32")["licence_tokens"]
    good &= report(len(licence) == want, "tokens of LICENSE", f"{len(licence)} of {want}")
    inputs = licence[:-1]
    full = len(inputs) // WINDOW * WINDOW
    save_file({"input_ids": inputs[:full].reshape(-1, WINDOW)}, a.work / "windows-full.safetensors")
    save_file({"input_ids": inputs[full:].reshape(1, -1)}, a.work / "windows-last.safetensors")
    save_file({"input_ids": read(a.real / "expected.safetensors", "input_ids")}, a.work / "expected-ids.safetensors")
    return good


def logits(a):
    want = read(a.real / "expected.safetensors", "logits")
    difference = np.abs(read(a.file, "logits") - want).max()
    return report(difference <= a.tol, f"logits of {list(want.shape[:2])} tokens",
                  f"max|dlogit| {difference:.2e} (|logit| up to {np.abs(want).max():.2f})")


def licence_reference(expected, dtype):
    return expected["reference"]["bf16" if dtype == "bfloat16" else "fp32"]


def loss(a):
    config = json.loads((a.model / "config.json").read_text())
    want = licence_reference(reference(a), config.get("dtype", config.get("torch_dtype")))["nats_per_token"]
    logits_TV = np.concatenate([rows for part in ("full", "last")
                                for rows in read(a.work / f"logits-{part}.safetensors", "logits")])
    targets_T = document(a, LICENCE)[1:]
    got = np.mean([cross_entropy(row_V.astype(np.float64), target)
                   for row_V, target in zip(logits_TV, targets_T, strict=True)])
    return report(abs(got - want) <= a.tol, "loss on LICENSE",
                  f"{got:.6f} nats a token over {len(targets_T)}, reference {want:.6f}, difference {abs(got - want):.1e}")


def cross_entropy(logits_V, target):
    largest = logits_V.max()
    return largest + np.log(np.exp(logits_V - largest).sum()) - logits_V[target]


def greedy(a):
    want = reference(a)["reference"]["fp32"]["greedy"]
    got = a.file.read_text(encoding="utf-8").removesuffix("\n")
    return report(got == want, "greedy continuation", json.dumps(got) + ("" if got == want else f", not {json.dumps(want)}"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for run, places, tolerance in ((texts, ["work"], None), (tokens, ["work"], None), (logits, ["file"], 1e-3),
                                   (loss, ["model", "work"], 1e-4), (greedy, ["file"], None)):
        sub = commands.add_parser(run.__name__)
        for place in ["real"] + places:
            sub.add_argument(place, type=Path)
        if tolerance:
            sub.add_argument("--tol", type=float, default=tolerance)
        sub.set_defaults(run=run)
    a = parser.parse_args()
    sys.exit(0 if a.run(a) else 1)


if __name__ == "__main__":
    main()
