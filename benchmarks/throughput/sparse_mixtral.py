#!/usr/bin/env python3
"""Writes a Mixtral of 102 GB in bf16 whose weights are holes in the files: true headers, index and config.json, next to
nothing on the disk. usage: sparse_mixtral.py DIR"""
import json, struct, sys
from pathlib import Path

LAYERS, HIDDEN, WIDTH, EXPERTS, VOCABULARY, KEY_VALUE = 35, 4096, 14336, 8, 32000, 1024
SHARD_BYTES = 5_000_000_000


def tensors():
    yield "model.embed_tokens.weight", [VOCABULARY, HIDDEN]
    for i in range(LAYERS):
        layer = f"model.layers.{i}."
        for name, rows in (("q", HIDDEN), ("k", KEY_VALUE), ("v", KEY_VALUE), ("o", HIDDEN)):
            yield f"{layer}self_attn.{name}_proj.weight", [rows, HIDDEN]
        yield layer + "block_sparse_moe.gate.weight", [EXPERTS, HIDDEN]
        for e in range(EXPERTS):
            for name, shape in (("w1", [WIDTH, HIDDEN]), ("w2", [HIDDEN, WIDTH]), ("w3", [WIDTH, HIDDEN])):
                yield f"{layer}block_sparse_moe.experts.{e}.{name}.weight", shape
        yield layer + "input_layernorm.weight", [HIDDEN]
        yield layer + "post_attention_layernorm.weight", [HIDDEN]
    yield "model.norm.weight", [HIDDEN]
    yield "lm_head.weight", [VOCABULARY, HIDDEN]


def elements(shape):
    product = 1
    for size in shape:
        product *= size
    return product


def shards():
    shard, size = {}, 0
    for name, shape in tensors():
        length = 2 * elements(shape)
        if size + length > SHARD_BYTES:
            yield shard, size
            shard, size = {}, 0
        shard[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [size, size + length]}
        size += length
    yield shard, size


def main():
    directory = Path(sys.argv[1])
    directory.mkdir()
    everything = list(shards())
    weight_map = {}
    for i, (shard, size) in enumerate(everything):
        name = f"model-{i + 1:05}-of-{len(everything):05}.safetensors"
        header = json.dumps({"__metadata__": {"format": "pt"}, **shard}).encode()
        header += b" " * (-len(header) % 8)
        with open(directory / name, "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            file.truncate(8 + len(header) + size)
        weight_map |= dict.fromkeys(shard, name)
    total = sum(size for _, size in everything)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    config = {"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "hidden_act": "silu",
              "hidden_size": HIDDEN, "intermediate_size": WIDTH, "num_hidden_layers": LAYERS, "vocab_size": VOCABULARY,
              "num_attention_heads": 32, "num_key_value_heads": 8, "num_local_experts": EXPERTS,
              "num_experts_per_tok": 2, "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "rope_theta": 1e6,
              "sliding_window": None, "tie_word_embeddings": False, "dtype": "bfloat16"}
    (directory / "config.json").write_text(json.dumps(config))


if __name__ == "__main__":
    main()
