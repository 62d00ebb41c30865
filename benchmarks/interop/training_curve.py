#!/usr/bin/env python3
"""Repeats a training run of Cambium with PyTorch and Hugging Face transformers, and compares it step by step.

usage: training_curve.py make FAMILY DIR      writes DIR/model, random weights of that family, DIR/corpus, and
                                              DIR/run.yaml, a run of 50 steps on them without balancing
       training_curve.py compare RUN [--tol 1e-4]
                                              RUN is a run directory that Cambium left, of DIR/run.yaml and what
                                              --set changed in it

Every domain of the corpus holds one sequence, so that Cambium's order is known without its generator: the domains in
turn. The rest follows RUN/run.yaml: AdamW with decay on all but norms and biases, the schedule of docs/train.md,
clipping, and, where balance.aux_loss is set in the form pooled, transformers' load-balancing loss: the model's own, or
for a family that has none Mixtral's, of the logits at its routers.
Prints some steps and a line, and exits 1 if a step's loss differs by more than --tol, or its learning rate at all.
Needs: torch transformers safetensors pyyaml
"""
import argparse, hashlib, json, sys
from pathlib import Path

import torch, transformers, yaml
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy, linear
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

VOCABULARY, LENGTH, SEQUENCES, BATCHES, STEPS = 211, 32, 8, 10, 50

# Under every name that a family may have for it; a family takes those it knows. Weights are larger than usual, so that
# routing differs by token and no choice is a near tie. Granite's class does not scale attention unless told, and then
# training amplifies rounding: PyTorch's losses in fp32 and in fp64 part by 2e-2 in 50 steps, by 1e-6 with the usual scale.
SIZES = dict(
    vocab_size=VOCABULARY, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
    intermediate_size=56, intermediate_size_mlp=56, moe_intermediate_size=40, shared_expert_intermediate_size=40,
    num_experts=6, num_local_experts=6, n_routed_experts=6, num_experts_per_tok=2, moe_k=2, moe_num_experts=6,
    n_shared_experts=1, moe_num_shared_experts=1, first_k_dense_replace=1, moe_layer_start_index=1, n_group=1, topk_group=1,
    routed_scaling_factor=1.5, q_lora_rank=24, kv_lora_rank=16, qk_nope_head_dim=16, qk_rope_head_dim=8, v_head_dim=16,
    rotary_dim=8, max_position_embeddings=64, initializer_range=0.1, pad_token_id=None, bos_token_id=None, eos_token_id=0,
    use_qk_norm=True, attention_multiplier=16**-0.5)


def write_model(family, folder):
    known = AutoConfig.for_model(family)
    sizes = {key: value for key, value in SIZES.items() if hasattr(known, key)}
    if "kv_lora_rank" in sizes:  # latent attention: head_dim is the rotary part, and every head has its key
        sizes |= {"head_dim": sizes["qk_rope_head_dim"], "num_key_value_heads": sizes["num_attention_heads"]}
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **sizes), dtype=torch.float32)
    model.save_pretrained(folder)


def write_corpus(folder):
    """Text with something to learn: every token has four successors."""
    words = {f"w{i}": i for i in range(1, VOCABULARY)}
    tokenizer = json.dumps({"version": "1.0", "added_tokens": [
        {"id": 0, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}],
        "normalizer": None, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": {"<|endoftext|>": 0} | words, "unk_token": "<|endoftext|>"}})
    folder.mkdir()
    (folder / "tokenizer.json").write_text(tokenizer)
    generator = torch.Generator().manual_seed(11)
    successors = torch.randint(1, VOCABULARY, (VOCABULARY, 4), generator=generator)
    for split in ("train", "validation"):
        (folder / split).mkdir()
        for number in range(BATCHES * SEQUENCES):
            tokens = torch.randint(1, VOCABULARY, (LENGTH + 1,), generator=generator)
            for i, way in enumerate(torch.randint(0, 4, (LENGTH,), generator=generator)):
                tokens[i + 1] = successors[tokens[i], way]
            domain = f"{number:03}"
            save_file({"tokens": tokens.to(torch.uint16)}, folder / split / f"{domain}.safetensors",
                      metadata={"tokenizer_sha256": hashlib.sha256(tokenizer.encode()).hexdigest(), "domain": domain,
                                "split": split, "documents": "1"})


def make(a):
    a.dir.mkdir(parents=True, exist_ok=True)
    write_model(a.family, a.dir / "model")
    write_corpus(a.dir / "corpus")
    (a.dir / "run.yaml").write_text(yaml.safe_dump({
        "model": str(a.dir / "model"), "data": str(a.dir / "corpus"), "steps": STEPS, "workers": 2,
        "batch": {"sequences": SEQUENCES, "length": LENGTH, "micro_batch": SEQUENCES},
        "optimizer": {"learning_rate": 3.0e-3}, "schedule": {"warmup": 0.1, "decay": 0.2, "floor": 0.1},
        "balance": {"rate": 0.0}, "evaluate": {"every": STEPS}, "checkpoint": {"every": STEPS}}))


def learning_rate(run, step):
    """Of a step from 1: rises over the first steps, stays, falls over the last ones."""
    peak, schedule, steps = run["optimizer"]["learning_rate"], run["schedule"], run["steps"]
    rising, falling = round(schedule["warmup"] * steps), round(schedule["decay"] * steps)
    if step <= rising:
        return peak * step / rising
    if step <= steps - falling:
        return peak
    return peak * (schedule["floor"] + (1 - schedule["floor"]) * (steps - step + 1) / (falling + 1))


def optimizer_of(model, settings):
    decayed, free = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            (free if parameter.ndim < 2 or "norm" in name or name.endswith("bias") else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": settings["weight_decay"]}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.0, betas=tuple(settings["betas"]), eps=settings["epsilon"])


class Routers:
    """The logits of all routers in a forward pass, for families whose model has no load-balancing loss."""

    def __init__(self, model):
        config = model.config.get_text_config()
        self.experts = next(getattr(config, key) for key in ("n_routed_experts", "num_local_experts", "num_experts")
                            if hasattr(config, key))
        self.top_k = config.num_experts_per_tok
        self.logits = []
        for name, module in model.named_modules():
            if name.endswith((".gate", ".router")) and len(module.weight) == self.experts:
                module.register_forward_hook(self.note)

    def note(self, module, args, output):
        self.logits.append(linear(args[0].flatten(0, -2), module.weight, getattr(module, "bias", None)))

    def loss(self):
        logits, self.logits = tuple(self.logits), []
        return load_balancing_loss_func(logits, self.experts, self.top_k)


def losses(model, routers, batch, balance):
    """Cross entropy and what the load-balancing loss adds to it."""
    if balance["aux_loss"] and balance["aux_form"] != "pooled":
        raise SystemExit("transformers has only the pooled form of the load-balancing loss")
    asked = {"output_router_logits": True} if balance["aux_loss"] and hasattr(model.config, "router_aux_loss_coef") else {}
    output = model(input_ids=batch[:, :-1], use_cache=False, **asked)
    entropy = cross_entropy(output.logits.float().flatten(0, 1), batch[:, 1:].flatten())
    by_hand = routers.loss()
    if balance["aux_loss"] == 0:
        return entropy, torch.zeros(())
    own = getattr(output, "aux_loss", None)
    return entropy, by_hand if own is None else own


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                                experts_implementation="eager")


def compare(a):
    run = yaml.safe_load((a.run / "run.yaml").read_text())
    ours = [m for m in map(json.loads, (a.run / "metrics.jsonl").read_text().splitlines()) if m["event"] == "train"]
    files = sorted(Path(run["data"], "train").glob("*.safetensors"))
    sequences = torch.stack([load_file(file)["tokens"].long() for file in files])
    size, balance = run["batch"]["sequences"], run["balance"]
    if sequences.shape[1] != run["batch"]["length"] + 1 or len(ours) != run["steps"] or balance["rate"] or balance["z_loss"]:
        raise SystemExit(f"{a.run} is no finished run of a run.yaml made here")

    torch.set_num_threads(1)
    model = load(run["model"]).train()
    routers = Routers(model)
    optimizer = optimizer_of(model, run["optimizer"])
    worst = worst_norm = clipped = 0
    lr_equal = True
    for step, metric in enumerate(ours, start=1):
        rate = learning_rate(run, step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = sequences[[n % len(sequences) for n in range((step - 1) * size, step * size)]]
        optimizer.zero_grad()
        entropy, balancing = losses(model, routers, batch, balance)
        (entropy + balance["aux_loss"] * balancing).backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), run["optimizer"]["clip_norm"]).item()
        optimizer.step()
        difference = abs(entropy.item() - metric["loss"])
        worst, worst_norm = max(worst, difference), max(worst_norm, abs(norm / metric["grad_norm"] - 1))
        clipped += norm > run["optimizer"]["clip_norm"]
        lr_equal &= abs(rate - metric["lr"]) <= 1e-12 * rate
        if step in (1, 2, 5) or step % 10 == 0:
            print(f"step {step:3}  loss {metric['loss']:.6f}  transformers {entropy.item():.6f}  difference {difference:.1e}  "
                  f"gradient norm {metric['grad_norm']:.5f} / {norm:.5f}"
                  + (f"  load-balancing loss {balancing.item():.4f}" if balance["aux_loss"] else ""))
    theirs = dict(model.named_parameters())
    moved = max((p - theirs[name]).abs().max().item() for name, p in load(run["model"]).named_parameters())
    apart = max((p - theirs[name]).abs().max().item()
                for name, p in load(a.run / f"checkpoints/step-{run['steps']:06}").named_parameters())
    good = worst <= a.tol and lr_equal
    print(f"{'ok' if good else 'FAILED'} transformers {transformers.__version__} {model.__class__.__name__} {len(ours)} steps, "
          f"auxiliary loss x {balance['aux_loss']}: max|dloss| {worst:.1e}, gradient norm within {worst_norm:.1e} of itself, "
          f"clipped in {clipped} steps, learning rates {'equal' if lr_equal else 'DIFFERENT'}; "
          f"weights moved by up to {moved:.3f} and are {apart:.1e} apart")
    sys.exit(0 if good else 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    maker = commands.add_parser("make")
    maker.add_argument("family")
    maker.add_argument("dir", type=Path)
    maker.set_defaults(call=make)
    comparer = commands.add_parser("compare")
    comparer.add_argument("run", type=Path)
    comparer.add_argument("--tol", type=float, default=1e-4)
    comparer.set_defaults(call=compare)
    a = parser.parse_args()
    a.call(a)


if __name__ == "__main__":
    main()
