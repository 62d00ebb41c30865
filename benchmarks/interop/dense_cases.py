#!/usr/bin/env python3
"""Which dense checkpoint of dense_models.py becomes which family with experts, by which options, and which engines then
run it exactly: prints the rows of dense.sh's table as dense_check.py reads them.

usage: dense_cases.py [TEXT]     only rows whose name has TEXT
"""
import sys

ENGINES = ("transformers5", "transformers4", "llama.cpp", "vllm")
FOUR, FIVE = "--experts 4", "--experts 5 --top-k 3"


def cases():
    """Engines that a row leaves out do not have the family, or compute something else with it."""
    rows = []

    def row(source, family, options=FOUR, but=()):
        name = "_".join([source, family, *options.replace("--", "").replace(":", "-").split()])
        engines = ",".join(engine for engine in ENGINES if engine not in but)
        rows.append(f"{name} sources/{source} {engines} --family {family} {options}")

    # llama.cpp never normalises the weights of qwen2_moe, knows no flex_olmo and ignores windows; it takes dots1 with as
    # many keys as queries only. vLLM drops the biases of granitemoe and qwen3_moe.
    no_llamacpp, no_vllm, neither = ("llama.cpp",), ("vllm",), ("llama.cpp", "vllm")
    for source in ("llama", "llama-bf16", "llama-bf16-sharded-tied", "llama-tied-llama3"):
        row(source, "mixtral")
        row(source, "granitemoe")
        row(source, "glm4_moe")
        row(source, "qwen2_moe", but=no_llamacpp)
    for source in ("llama-sharded", "llama-linear", "llama-yarn", "llama-heads", "mistral-heads", "phi3"):
        row(source, "mixtral")
    # Its class in transformers 4 takes the size of heads from the width, and so do llama.cpp and vLLM.
    row("llama-heads", "granitemoe", but=("transformers4", "llama.cpp", "vllm"))
    row("llama-heads", "glm4_moe")
    # transformers 4 takes the size of heads from the width, and so does vLLM.
    row("llama-heads", "qwen2_moe", but=("transformers4", "llama.cpp", "vllm"))
    row("llama-bias", "granitemoe", but=no_vllm)
    row("llama-bias-heads", "granitemoe", but=("transformers4", "llama.cpp", "vllm"))
    row("mistral-window8", "mixtral", but=no_llamacpp)
    for source in ("qwen2", "qwen2-bf16", "qwen2-tied", "qwen2-yarn"):
        row(source, "granitemoe", but=no_vllm)
        row(source, "qwen2_moe", but=no_llamacpp)
        row(source, "glm4_moe")
    for source in ("qwen3", "qwen3-bf16", "qwen3-tied", "qwen3-heads"):
        row(source, "qwen3_moe")
        row(source, "glm4_moe")
        row(source, "dots1", but=no_llamacpp)
    row("qwen3-all-keys", "dots1")
    row("qwen3-bias", "qwen3_moe", but=neither)
    row("qwen3-bias", "dots1", but=neither)
    for source in ("olmo2", "olmo2-tied"):
        row(source, "flex_olmo", but=no_llamacpp)
    for source in ("granite", "granite-tied"):
        row(source, "granitemoe")
    row("gemma", "mixtral", but=neither)  # both apply silu to every gate

    # More experts, experts cut in two and in three, layers left dense, the block as a shared expert.
    for granularity in (2, 3):
        cut = f"{FIVE} --granularity {granularity}"
        row("llama", "mixtral", cut)
        row("llama", "granitemoe", cut)
        row("llama", "glm4_moe", cut)
        row("qwen2", "qwen2_moe", cut, but=no_llamacpp)
        row("qwen3", "qwen3_moe", cut)
        row("qwen3-all-keys", "dots1", cut)
        row("olmo2", "flex_olmo", cut, but=no_llamacpp)
        row("granite", "granitemoe", cut)
    for source, family in (("phi3", "mixtral"), ("llama-bf16", "mixtral"), ("llama-bf16", "granitemoe"), ("qwen3-bf16", "qwen3_moe")):
        row(source, family, f"{FOUR} --granularity 2")
    row("qwen2", "granitemoe", f"{FIVE} --granularity 2", but=no_vllm)
    row("mistral-window8", "mixtral", f"{FIVE} --granularity 3", but=no_llamacpp)
    row("gemma", "mixtral", f"{FIVE} --granularity 3", but=neither)
    for source, family in (("llama", "qwen2_moe"), ("qwen2", "qwen2_moe"), ("qwen3", "qwen3_moe")):
        row(source, family, f"{FOUR} --layers 1::2", but=no_llamacpp)
    for source, family in (("llama", "glm4_moe"), ("qwen2-tied", "glm4_moe"), ("qwen3", "glm4_moe"), ("qwen3-all-keys", "dots1")):
        row(source, family, f"{FIVE} --layers 1:")
    row("llama-bf16", "glm4_moe", f"{FOUR} --granularity 2 --layers 2:")
    row("llama", "glm4_moe", f"{FOUR} --shared-expert")
    row("qwen2", "qwen2_moe", f"{FOUR} --shared-expert", but=no_llamacpp)
    row("qwen3-all-keys", "dots1", f"{FOUR} --shared-expert")
    return rows


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    print(*(row for row in cases() if wanted in row.split()[0]), sep="\n")
