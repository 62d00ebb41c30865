#!/usr/bin/env python3
"""Speed of generation of Hugging Face transformers on this machine's CPU: the number to beat.

usage: peer_generate.py DIR --prompt TEXT [--tokens 100] [--threads 2] [--runs 3]

Greedy, one sequence, fp32, with the key-value cache; the best of the runs, after one that does not count. The prompt's
time ends with the first token, the others are what is generated: `cambium generate --stats` counts the same way.
"""
import argparse, time

import torch, transformers
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


class Clock:
    """A streamer that notes when a token comes; the first thing put is the prompt."""

    def __init__(self):
        self.times = []

    def put(self, value):
        self.times.append(time.perf_counter())

    def end(self):
        pass


p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("dir")
p.add_argument("--prompt", required=True)
for name, default in dict(tokens=100, threads=2, runs=3).items():
    p.add_argument("--" + name, type=int, default=default)
a = p.parse_args()
torch.set_num_threads(a.threads)
model = AutoModelForCausalLM.from_pretrained(a.dir, dtype=torch.float32).eval()
ids = torch.tensor([Tokenizer.from_file(a.dir + "/tokenizer.json").encode(a.prompt).ids])
best = [0.0, 0.0]
for run in range(a.runs + 1):
    clock = Clock()
    with torch.no_grad():
        model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=a.tokens, min_new_tokens=a.tokens,
                       do_sample=False, use_cache=True, streamer=clock, pad_token_id=0)
    prompt, first, *_, last = clock.times
    if run:
        best = [max(best[0], ids.shape[1] / (first - prompt)), max(best[1], (a.tokens - 1) / (last - first))]
print(f"prompt: {ids.shape[1]} tokens at {best[0]:.1f} tokens/s, generated: {a.tokens - 1} tokens at {best[1]:.1f} tokens/s")
