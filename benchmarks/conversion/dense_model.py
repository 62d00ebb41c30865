"""Writes a Llama of 50 M parameters a layer (the sizes of TinyLlama), bf16, drawn at random.

usage: dense_model.py DIRECTORY LAYERS     22 layers are 1.1 B parameters
"""

import json
import os
import sys

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

HIDDEN, INTERMEDIATE, VOCABULARY, KEY_VALUE = 2048, 5632, 32000, 256

directory, layers = sys.argv[1], int(sys.argv[2])
os.makedirs(directory, exist_ok=True)
generator = torch.Generator().manual_seed(0)


def normal(*shape):
    return torch.randn(*shape, generator=generator, dtype=torch.bfloat16) * 0.02


def ones():
    return torch.ones(HIDDEN, dtype=torch.bfloat16)


tensors = {
    "model.embed_tokens.weight": normal(VOCABULARY, HIDDEN),
    "lm_head.weight": normal(VOCABULARY, HIDDEN),
    "model.norm.weight": ones(),
}
matrices = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (KEY_VALUE, HIDDEN),
    "self_attn.v_proj": (KEY_VALUE, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (INTERMEDIATE, HIDDEN),
    "mlp.up_proj": (INTERMEDIATE, HIDDEN),
    "mlp.down_proj": (HIDDEN, INTERMEDIATE),
}
for layer in range(layers):
    prefix = f"model.layers.{layer}."
    tensors[prefix + "input_layernorm.weight"] = ones()
    tensors[prefix + "post_attention_layernorm.weight"] = ones()
    for name, shape in matrices.items():
        tensors[f"{prefix}{name}.weight"] = normal(*shape)
save_file(tensors, f"{directory}/model.safetensors", metadata={"format": "pt"})

config = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": HIDDEN,
    "intermediate_size": INTERMEDIATE,
    "num_hidden_layers": layers,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "hidden_act": "silu",
    "torch_dtype": "bfloat16",
}
with open(f"{directory}/config.json", "w") as file:
    json.dump(config, file)

# mergekit copies a tokenizer and does not go on without one.
words = {f"word{n}": n for n in range(VOCABULARY)}
tokenizer = Tokenizer(models.WordLevel(words, unk_token="word0"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="word0").save_pretrained(directory)
