#!/usr/bin/env python3
"""Writes the gradient of a checkpoint's loss with respect to every parameter, as PyTorch's autograd has it.

usage: gradients.py DIR FILE [--ids IDS.safetensors]
       DIR    a small checkpoint, as transformers writes it; IDS holds `input_ids` int64 [B,S] (default:
              DIR/expected.safetensors)
       FILE   gets `loss`, the mean cross entropy in nats of the B * (S-1) next tokens, and under the name of each
              tensor on disk the gradient of that loss with respect to it, fp32. A tensor that is not trained, such as
              a selection bias, has zeros; so has an expert that no token chose. Tied tensors have one gradient, under
              the name that is on disk.

In memory transformers fuses experts and renames tensors. The gradients take the place of the parameters and go back to
disk with save_pretrained, and the same way is tried on the parameters themselves first: if those do not come back as
they are in DIR, or names or shapes differ, the check fails. Where IDS has a `loss`, it must be the one computed.
Prints one line and exits 1 where the check fails. Needs: torch transformers safetensors
"""
import argparse, sys, tempfile
from pathlib import Path

import torch, transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def tensors_of(folder):
    tensors = {}
    for file in sorted(Path(folder).glob("model*.safetensors")):
        tensors.update(load_file(file))
    return tensors


def as_on_disk(model):
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return tensors_of(folder)


def put_gradients(model):
    """Parameters and buffers that are saved become their gradients."""
    for parameter in model.parameters():
        gradient = parameter.grad
        parameter.data = torch.zeros_like(parameter) if gradient is None else gradient.detach().clone()
    for buffer in model.buffers():
        if not buffer.dtype.is_floating_point:
            raise SystemExit(f"a buffer of {buffer.dtype}: what is its gradient?")
        buffer.zero_()


def given(file):
    with safe_open(file, "pt") as tensors:
        loss = tensors.get_tensor("loss").item() if "loss" in tensors.keys() else None
        return tensors.get_tensor("input_ids"), loss


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--ids", type=Path)
    a = parser.parse_args()
    ids, expected = given(a.ids or a.dir / "expected.safetensors")
    source = tensors_of(a.dir)
    model, info = AutoModelForCausalLM.from_pretrained(a.dir, dtype=torch.float32, attn_implementation="eager",
                                                       experts_implementation="eager", output_loading_info=True)
    model.eval()
    model.get_input_embeddings().padding_idx = None  # else the padding token's row would have no gradient
    faults = [f"{kind}: {names}" for kind, names in info.items() if names]

    back = as_on_disk(model)
    faults += [f"{name} does not come back as it was" for name in source.keys() & back.keys()
               if source[name].shape != back[name].shape or not torch.equal(source[name].float(), back[name].float())]

    logits = model(input_ids=ids, use_cache=False).logits.float()
    loss = cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    if expected is not None and abs(loss.item() - expected) > 1e-5:
        faults.append(f"the loss is not the {expected:.6f} that was expected")
    untouched = [name for name, parameter in model.named_parameters() if parameter.requires_grad and parameter.grad is None]
    put_gradients(model)
    gradients = {name: tensor.float().contiguous() for name, tensor in as_on_disk(model).items()}

    faults += [f"{name} is only in one of checkpoint and gradients" for name in source.keys() ^ gradients.keys()]
    faults += [f"{name} is {list(source[name].shape)}, its gradient {list(gradients[name].shape)}"
               for name in source.keys() & gradients.keys() if source[name].shape != gradients[name].shape]
    faults += [f"{name} has a gradient that is not finite" for name, g in gradients.items() if not g.isfinite().all()]
    save_file(gradients | {"loss": loss.detach()}, a.file, metadata={"format": "pt", "transformers": transformers.__version__})
    norm = torch.stack([g.double().norm() for g in gradients.values()]).norm().item()
    zero = sorted(name for name, g in gradients.items() if not g.any())
    print(f"{'FAILED' if faults else 'ok'} transformers {transformers.__version__} {model.__class__.__name__} "
          f"{list(ids.shape)} tokens loss {loss.item():.6f} (expected {'unknown' if expected is None else f'{expected:.6f}'}) "
          f"{len(gradients)} gradients, norm {norm:.6f}, zero: {', '.join(zero) or 'none'}; "
          f"outside the graph: {', '.join(untouched) or 'none'}; faults: {'; '.join(sorted(faults)) or 'none'}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
