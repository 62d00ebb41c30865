#!/usr/bin/env python3
"""Converts a checkpoint directory with llama.cpp's own converter, runs it in llama.cpp (fp32, CPU) and compares logits.

usage: llamacpp_check.py DIR FILE [--tol 1e-3]     FILE holds `input_ids` and the `logits` fp32 [B,S,V] to compare

Prints one line and exits 1 where the converter, the loader or the comparison fails. The vocabulary is left out: the
converter knows only published tokenizers (it compares a hash of the token ids of a test string).
Needs: torch transformers safetensors llama-cpp-python, and llama.cpp's converter (setup.sh; or LLAMACPP, its folder)
"""
import argparse, contextlib, ctypes, glob, io, json, logging, os, sys, tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def converter():
    default = Path(__file__).parent / "llama.cpp/llama_cpp_python-*/vendor/llama.cpp"
    places = sorted(glob.glob(os.environ.get("LLAMACPP", str(default))))
    if not places:
        sys.exit("llama.cpp's converter not found: run setup.sh, or set LLAMACPP to its folder")
    sys.path[:0] = [places[-1], places[-1] + "/gguf-py"]
    import convert_hf_to_gguf
    return convert_hf_to_gguf


def convert(folder, out, vocabulary=False):
    module = converter()
    import conversion
    from conversion.base import ModelBase, ModelType
    hparams = ModelBase.load_hparams(Path(folder), False)
    cls = conversion.get_model_class(module.get_model_architecture(hparams, ModelType.TEXT))

    def no_vocab(self):
        self._set_vocab_none()
        if not any(k.endswith(".vocab_size") for d in self.gguf_writer.kv_data for k in d):
            self.gguf_writer.add_vocab_size(hparams["vocab_size"])
    if not vocabulary:
        cls.set_vocab = no_vocab
    sys.argv = ["convert_hf_to_gguf.py", str(folder), "--outtype", "f32", "--outfile", str(out)]
    module.main()


def run(path, ids):
    import llama_cpp as L
    L.llama_backend_init()
    quiet = L.llama_log_callback(lambda level, text, data: messages.append(text.decode(errors="replace")) if level >= 3 else None)
    messages = []
    L.llama_log_set(quiet, ctypes.c_void_p(0))
    mp = L.llama_model_default_params()
    model = L.llama_model_load_from_file(str(path).encode(), mp)
    if not model:
        raise RuntimeError("does not load: " + " ".join("".join(messages).split())[-300:])
    vocab = L.llama_vocab_n_tokens(L.llama_model_get_vocab(model))
    rows = []
    for row in ids:
        cp = L.llama_context_default_params()
        cp.n_ctx = cp.n_batch = cp.n_ubatch = max(256, len(row))
        cp.n_threads = cp.n_threads_batch = 2
        cp.type_k = cp.type_v = 0  # fp32 cache
        cp.flash_attn_type = 0
        ctx = L.llama_init_from_model(model, cp)
        batch = L.llama_batch_init(len(row), 0, 1)
        for i, t in enumerate(row):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = int(t), i, 1, 0, 1
        batch.n_tokens = len(row)
        if L.llama_decode(ctx, batch):
            raise RuntimeError("decode failed: " + "".join(messages)[-300:])
        rows.append(np.stack([np.ctypeslib.as_array(L.llama_get_logits_ith(ctx, i), (vocab,)).copy() for i in range(len(row))]))
        L.llama_batch_free(batch)
        L.llama_free(ctx)
    L.llama_model_free(model)
    return np.stack(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir")
    parser.add_argument("file")
    parser.add_argument("--tol", type=float, default=1e-3)
    a = parser.parse_args()
    arch = json.loads((Path(a.dir) / "config.json").read_text())["architectures"][0]
    ours = load_file(a.file)
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as tmp, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        gguf = Path(tmp) / "model.gguf"
        try:
            convert(a.dir, gguf)
            theirs = run(gguf, ours["input_ids"])[..., : ours["logits"].shape[-1]]
            difference = float(np.abs(theirs - ours["logits"]).max())
            good = difference <= a.tol
            what = f"max|dlogit| {difference:.2e} (|logit| up to {np.abs(theirs).max():.2f})"
        except (Exception, SystemExit) as e:
            good, what = False, f"{type(e).__name__}: {str(e)[:300]}"
    print("ok" if good else "FAILED", "llama.cpp", arch, list(ours["input_ids"].shape), "tokens", what)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
