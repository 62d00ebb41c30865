#!/usr/bin/env python3
"""Writes the dense checkpoints that dense.sh makes experts of: random weights, a family's variant each.

usage: dense_models.py OUT [--only NAME,NAME]

Heads have 32 dimensions since vLLM's attention on a CPU runs no smaller ones, and every width is one that the grouped
products of transformers 5 take. Ropes are written in both styles: transformers 4 ignores `rope_parameters`.
Needs: torch transformers safetensors
"""
import argparse, json, shutil
from pathlib import Path

import torch, transformers
from transformers import AutoConfig, AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

COMMON = dict(hidden_size=128, intermediate_size=96, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
              vocab_size=256, max_position_embeddings=1024, pad_token_id=0, bos_token_id=1, eos_token_id=2,
              tie_word_embeddings=False)
LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=128)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, beta_fast=32.0, beta_slow=1.0,
            original_max_position_embeddings=256)
LONGROPE = dict(rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=256,
                short_factor=[1 + i / 64 for i in range(16)], long_factor=[1.5 + i / 2 for i in range(16)])
WIDE_HEADS = dict(hidden_size=96, head_dim=32)  # 4 heads of 32 are not 96
ALL_KEYS = dict(num_key_value_heads=4)
BF16, SHARDED = dict(dtype=torch.bfloat16), dict(shard="300KB")

MODELS = {
    "llama": {},
    "llama-bf16": BF16,
    "llama-sharded": SHARDED,
    "llama-bf16-sharded-tied": dict(tie_word_embeddings=True, **BF16, **SHARDED),
    "llama-tied-llama3": dict(tie_word_embeddings=True, rope_parameters=LLAMA3),
    "llama-linear": dict(rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0)),
    "llama-yarn": dict(rope_parameters=YARN),
    "llama-bias": dict(attention_bias=True),
    "llama-heads": WIDE_HEADS,
    "llama-bias-heads": dict(attention_bias=True, **WIDE_HEADS),
    "mistral-window8": dict(sliding_window=8),
    "mistral-heads": dict(sliding_window=None, **WIDE_HEADS),
    "qwen2": {},
    "qwen2-bf16": BF16,
    "qwen2-tied": dict(tie_word_embeddings=True),
    "qwen2-yarn": dict(rope_parameters=YARN),
    "qwen3": dict(head_dim=32),
    "qwen3-bf16": dict(head_dim=32, **BF16),
    "qwen3-tied": dict(head_dim=32, tie_word_embeddings=True),
    "qwen3-bias": dict(head_dim=32, attention_bias=True),
    "qwen3-heads": WIDE_HEADS,
    "qwen3-all-keys": dict(head_dim=32, **ALL_KEYS),
    "olmo2": {},
    "olmo2-tied": dict(tie_word_embeddings=True),
    "granite": dict(embedding_multiplier=2.0, residual_multiplier=0.5, attention_multiplier=0.3, logits_scaling=4.0),
    "granite-tied": dict(embedding_multiplier=2.0, residual_multiplier=0.5, attention_multiplier=0.3, logits_scaling=4.0,
                         tie_word_embeddings=True),
    "phi3": {},
    "phi3-longrope": dict(original_max_position_embeddings=256, rope_parameters=LONGROPE),
    "phi3-half-rotary": dict(partial_rotary_factor=0.5),
    "seed_oss": dict(head_dim=32),
    "ernie4_5": dict(head_dim=32),
    "hunyuan_v1_dense": dict(head_dim=32),
    "gemma": dict(head_dim=32, tie_word_embeddings=True),
}


def random_weights(model):
    """Norms and biases too, since what all models begin with hides what is left out."""
    for name, weight in sorted(model.named_parameters()):
        if "norm" in name and weight.ndim == 1:
            weight.add_(torch.randn_like(weight), alpha=0.1)
        else:
            weight.copy_(torch.randn_like(weight) * 0.12)


def write_old_rope(file):
    config = json.loads(file.read_text())
    rope = dict(config["rope_parameters"])
    config["rope_theta"] = rope.pop("rope_theta")
    if rope["rope_type"] == "longrope":
        # These three and no other, says phi3 of transformers 4.
        rope = dict(type="longrope", short_factor=rope["short_factor"], long_factor=rope["long_factor"])
    config["rope_scaling"] = None if rope.get("rope_type") == "default" else rope
    file.write_text(json.dumps(config, indent=2))


def write(name, folder):
    settings = dict(MODELS[name])
    dtype, shard = settings.pop("dtype", torch.float32), settings.pop("shard", "5GB")
    config = AutoConfig.for_model(name.split("-")[0], **{**COMMON, **settings})
    torch.manual_seed(20)
    with torch.no_grad():
        model = AutoModelForCausalLM.from_config(config)
        random_weights(model)
    shutil.rmtree(folder, ignore_errors=True)
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    write_old_rope(folder / "config.json")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", type=lambda names: names.split(","))
    a = parser.parse_args()
    for name in a.only or MODELS:
        write(name, a.out / name)


if __name__ == "__main__":
    main()
