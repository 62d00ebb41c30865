#!/usr/bin/env python3
"""Which dense checkpoint of dense_models.py becomes which family with experts, by which options, and which engines then
run it exactly: prints the rows of dense.sh's table as dense_check.py reads them.

usage: dense_cases.py [TEXT]     only rows whose name has TEXT
"""
import sys

TRANSFORMERS = ("transformers5", "transformers4")
LLAMACPP, VLLM = ("llama.cpp",), ("vllm",)
EVERYWHERE = TRANSFORMERS + LLAMACPP + VLLM

FOUR, FIVE = "--experts 4", "--experts 5 --top-k 3"


def row(source, family, engines, options=FOUR):
    name = "_".join([source, family, *options.replace("--", "").replace(":", "-").split()])
    # llama.cpp converts glm4_moe with GLM's own tokenizer only; here it runs without any.
    asked = [engine for engine in engines if (family, engine) != ("glm4_moe", "llama.cpp")]
    return f"{name} sources/{source} {','.join(engines)} --family {family} --runs-on {','.join(asked)} {options}"


def pairs():
    """Every source and home. Engines that are left out lack the family, or compute something else with it."""
    for source in ("llama", "llama-bf16", "llama-bf16-sharded-tied"):
        yield source, "mixtral", EVERYWHERE
        yield source, "granitemoe", EVERYWHERE
        yield source, "glm4_moe", EVERYWHERE
        yield source, "qwen2_moe", TRANSFORMERS + VLLM
    for source in ("llama-sharded", "llama-linear", "llama-yarn", "llama-heads", "mistral-heads", "phi3", "llama-tied-llama3"):
        yield source, "mixtral", EVERYWHERE
    for family in ("granitemoe", "glm4_moe", "qwen2_moe"):
        yield "llama-tied-llama3", family, TRANSFORMERS + VLLM
    # In these two the size of heads follows from the width, in all but transformers 5.
    yield "llama-heads", "granitemoe", ("transformers5",)
    yield "llama-heads", "qwen2_moe", ("transformers5",)
    yield "llama-heads", "glm4_moe", EVERYWHERE
    yield "llama-bias", "granitemoe", TRANSFORMERS + LLAMACPP
    yield "llama-bias-heads", "granitemoe", ("transformers5",)
    yield "mistral-window8", "mixtral", TRANSFORMERS + VLLM
    for source in ("qwen2", "qwen2-bf16", "qwen2-tied", "qwen2-yarn", "seed_oss"):
        yield source, "granitemoe", TRANSFORMERS + LLAMACPP
        yield source, "qwen2_moe", TRANSFORMERS + VLLM
        yield source, "glm4_moe", EVERYWHERE
    for source in ("qwen3", "qwen3-bf16", "qwen3-tied", "qwen3-heads"):
        yield source, "qwen3_moe", EVERYWHERE
        yield source, "glm4_moe", EVERYWHERE
        yield source, "dots1", TRANSFORMERS + VLLM
    yield "qwen3-all-keys", "dots1", EVERYWHERE
    yield "qwen3-bias", "qwen3_moe", TRANSFORMERS
    yield "qwen3-bias", "dots1", TRANSFORMERS
    for source in ("olmo2", "olmo2-tied"):
        yield source, "flex_olmo", TRANSFORMERS + VLLM
    for source in ("granite", "granite-tied"):
        yield source, "granitemoe", EVERYWHERE
    yield "phi3-longrope", "mixtral", TRANSFORMERS
    yield "phi3-half-rotary", "glm4_moe", TRANSFORMERS
    yield "gemma", "mixtral", TRANSFORMERS  # elsewhere every gate is a silu
    yield "ernie4_5", "ernie4_5_moe", TRANSFORMERS + LLAMACPP
    yield "hunyuan_v1_dense", "hunyuan_v1_moe", TRANSFORMERS


# One source for each family, with the engines that run it.
FAMILIES = (
    ("llama", "mixtral", EVERYWHERE),
    ("llama", "granitemoe", EVERYWHERE),
    ("llama", "glm4_moe", EVERYWHERE),
    ("qwen2", "qwen2_moe", TRANSFORMERS + VLLM),
    ("qwen3", "qwen3_moe", EVERYWHERE),
    ("qwen3-all-keys", "dots1", EVERYWHERE),
    ("olmo2", "flex_olmo", TRANSFORMERS + VLLM),
    ("granite", "granitemoe", EVERYWHERE),
    ("ernie4_5", "ernie4_5_moe", TRANSFORMERS + LLAMACPP),
    ("hunyuan_v1_dense", "hunyuan_v1_moe", TRANSFORMERS),
)


def rows():
    for source, family, engines in pairs():
        yield row(source, family, engines)
    # More experts, permuted or cut in two and in three.
    for source, family, engines in FAMILIES:
        yield row(source, family, engines, f"{FIVE} --init permute")
        for granularity in (2, 3):
            yield row(source, family, engines, f"{FIVE} --init partition --granularity {granularity}")
    # Times 2 is exact in bf16.
    for source, family in (("llama-bf16", "mixtral"), ("llama-bf16", "granitemoe"), ("qwen3-bf16", "qwen3_moe")):
        yield row(source, family, EVERYWHERE, f"{FOUR} --init permute")
        yield row(source, family, EVERYWHERE, f"{FOUR} --granularity 2")
    yield row("phi3", "mixtral", EVERYWHERE, f"{FOUR} --granularity 2")
    yield row("qwen2", "granitemoe", TRANSFORMERS + LLAMACPP, f"{FIVE} --granularity 2")
    yield row("mistral-window8", "mixtral", TRANSFORMERS + VLLM, f"{FIVE} --granularity 3")
    yield row("gemma", "mixtral", TRANSFORMERS, f"{FIVE} --granularity 3")
    # Layers left dense, the block as a shared expert.
    for source, family in (("llama", "qwen2_moe"), ("qwen2", "qwen2_moe"), ("qwen3", "qwen3_moe")):
        yield row(source, family, TRANSFORMERS + VLLM, f"{FOUR} --layers 1::2")
    for source, family in (("llama", "glm4_moe"), ("qwen2-tied", "glm4_moe"), ("qwen3", "glm4_moe"), ("qwen3-all-keys", "dots1")):
        yield row(source, family, EVERYWHERE, f"{FIVE} --layers 1:")
    yield row("ernie4_5", "ernie4_5_moe", TRANSFORMERS + LLAMACPP, f"{FIVE} --layers 1:")
    yield row("llama-bf16", "glm4_moe", EVERYWHERE, f"{FOUR} --granularity 2 --layers 2:")
    for source, family, engines in FAMILIES:
        if family in ("glm4_moe", "qwen2_moe", "dots1", "ernie4_5_moe", "hunyuan_v1_moe"):
            # llama.cpp's converter computes another width for a shared expert of ernie4_5_moe.
            asked = TRANSFORMERS if family == "ernie4_5_moe" else engines
            yield row(source, family, asked, f"{FOUR} --shared-expert")


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    print(*(line for line in rows() if wanted in line.split()[0]), sep="\n")
