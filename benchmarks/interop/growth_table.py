#!/usr/bin/env python3
"""Grows every golden that has experts in each mode that other engines can run, and has transformers 5, transformers 4
and llama.cpp compute the logits of source and result. Prints one table and exits 1 where a result differs from what
its mode promises.

usage: growth_table.py GOLDENS WORK [--only NAME...]   GOLDENS holds checkpoint directories, WORK takes the results
       growth_table.py compare WORK                    what the first form runs in transformers 4
  INTEROP_PYTHON4    that interpreter

Modes: wide (m times the experts, m times as many per token), cold (replicas half of whose neurons differ, held back;
uniform counts and others), flat (the source with K/m experts per token is the oracle; siblings are equal).
Each cell: the largest difference of a logit between result and source in that engine (llama.cpp: from transformers 5),
or why there is none. Needs what logits_check.py and llamacpp_check.py need.
"""
import argparse, contextlib, io, json, os, subprocess, sys, tempfile
from pathlib import Path

import torch, transformers
from transformers import AutoConfig, AutoModelForCausalLM

HERE = Path(__file__).resolve().parent
TOLERANCE = 2e-5
TOLERANCE_LLAMACPP = 1e-4
EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
TOP_K = ("num_experts_per_tok", "moe_k", "moe_topk")
BIASED = ("glm4_moe", "dots1", "deepseek_v3", "minimax_m2", "ernie4_5_moe")

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def first(config, keys):
    return next((config[k] for k in keys if config.get(k)), None)


def cases(golden):
    config = json.loads((golden / "config.json").read_text())
    experts, top_k = first(config, EXPERTS), first(config, TOP_K)
    if not isinstance(experts, int):  # none, or another number in each layer
        return
    yield dict(mode="wide", experts=2 * experts)
    m = next((p for p in (2, 3, 5, 7) if top_k % p == 0), 2)
    yield dict(mode="flat", experts=m * experts, options=["--bias-noise", "0"], top_k=max(1, top_k // m))
    if config["model_type"] in BIASED:
        groups = (config.get("n_group") or 1)
        for target in (2 * experts, experts + groups):
            yield dict(mode="cold", experts=target, options=["--replicas", "drop"])


def grow(golden, case, target):
    """What `cambium upcycle` says: its verdict, or its refusal."""
    command = [HERE / "../../cambium", "upcycle", golden, target, "--experts", case["experts"], "--mode", case["mode"]]
    done = subprocess.run([*map(str, command), *case.get("options", [])], capture_output=True, text=True)
    lines = (done.stdout if done.returncode == 0 else done.stderr).splitlines()
    wanted = ("verified", "structure verified") if done.returncode == 0 else ("growth option",)
    said = next((line.strip() for line in lines if line.strip().startswith(wanted)), " ".join(lines)[-200:])
    return done.returncode, said


def logits(folder, ids, top_k=None):
    """Strict: a fault instead of logits where a tensor is missing, unexpected or of another shape."""
    config = AutoConfig.from_pretrained(folder)
    if top_k:
        for key in TOP_K:
            if hasattr(config, key):
                setattr(config, key, top_k)
    model, info = AutoModelForCausalLM.from_pretrained(
        folder, config=config, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    faults = {k: sorted(map(str, v))[:2] for k, v in info.items() if v}
    if faults:
        raise ValueError(f"faults {faults}")
    with torch.no_grad():
        return model.eval()(input_ids=ids, use_cache=False).logits.float()


def tokens(folder):
    vocabulary = json.loads((Path(folder) / "config.json").read_text())["vocab_size"]
    return torch.randint(0, vocabulary, (2, 128), generator=torch.Generator().manual_seed(7))


def reason(e):
    return f"{type(e).__name__}: {' '.join(str(e).split())[:90]}"


def compare(case):
    """[difference or None, words]"""
    ids = tokens(case["source"])
    try:
        want = logits(case["source"], ids, case.get("top_k"))
    except Exception as e:
        return [None, "source: " + reason(e)]
    try:
        return [(logits(case["target"], ids) - want).abs().max().item(), None]
    except Exception as e:
        return [float("inf"), reason(e)]


def compare_llamacpp(case):
    import llamacpp_check
    ids = tokens(case["source"])
    want = logits(case["source"], ids, case.get("top_k")).numpy()

    def difference(folder):
        with tempfile.TemporaryDirectory() as tmp, contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()):
            llamacpp_check.convert(folder, Path(tmp) / "model.gguf")
            got = llamacpp_check.run(Path(tmp) / "model.gguf", ids.numpy())
        return float(abs(got[..., : want.shape[-1]] - want).max())

    try:
        grown = difference(case["target"])
        if grown <= TOLERANCE_LLAMACPP:
            return [grown, None]
    except (Exception, SystemExit) as e:
        grown = reason(e)
    if case["mode"] == "flat":
        return [None, f"{grown}"]
    try:
        source = difference(case["source"])
        return [None, f"source is off too: {source:.1e}"] if source > TOLERANCE_LLAMACPP else [float("inf"), str(grown)]
    except (Exception, SystemExit) as e:
        return [None, "source: " + reason(e)]


def cell(result, tolerance):
    if result is None or result[0] is None:
        return "-" if result is None else result[1]
    difference, words = result
    return words or (f"{difference:.0e}" if difference <= tolerance else f"DIFFERS {difference:.1e}")


def worst(results, promised, grouped):
    """Whether a promise is broken. transformers 4 gives experts outside the chosen groups the score 0, not minus
    infinity: where an expert within them has less (score + bias below zero) it chooses among all others at random."""
    limits = (TOLERANCE, float("inf") if grouped else TOLERANCE, TOLERANCE_LLAMACPP)
    return promised and any(r and r[0] is not None and r[0] > limit for r, limit in zip(results, limits))


def table(a):
    work = Path(a.work)
    grown, rows = [], []
    for golden in sorted(p for p in Path(a.goldens).iterdir() if (p / "config.json").exists()):
        if a.only and golden.name not in a.only:
            continue
        for case in cases(golden):
            target = work / f"{golden.name}-{case['mode']}-{case['experts']}"
            code, said = grow(golden, case, target)
            groups = json.loads((golden / "config.json").read_text()).get("n_group") or 1
            row = dict(golden=golden.name, code=code, said=said, grouped=groups > 1, **case)
            if code == 0:
                row.update(source=str(golden), target=str(target))
                grown.append(row)
            rows.append(row)
    (work / "cases.json").write_text(json.dumps(grown))
    answer = subprocess.run([os.environ["INTEROP_PYTHON4"], __file__, "compare", str(work)], capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr[-2000:])
    version4, *old = json.loads(answer.stdout.splitlines()[-1])
    failed = False
    print(f"| source | mode | experts | cambium | transformers {transformers.__version__} | {version4} | llama.cpp |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        results = [None, None, None]
        if row["code"] == 0:
            results = [compare(row), old[grown.index(row)], compare_llamacpp(row)]
        promised = row["said"].startswith("verified")
        failed |= row["code"] not in (0, 2) or worst(results, promised, row["grouped"])
        cells = [cell(r, limit) for r, limit in zip(results, (TOLERANCE, TOLERANCE, TOLERANCE_LLAMACPP))]
        print("| " + " | ".join([row["golden"], row["mode"], str(row["experts"]), row["said"][:110], *cells]) + " |", flush=True)
    sys.exit(1 if failed else 0)


def main():
    if sys.argv[1:2] == ["compare"]:
        rows = json.loads((Path(sys.argv[2]) / "cases.json").read_text())
        print(json.dumps(["transformers " + transformers.__version__, *map(compare, rows)]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goldens")
    parser.add_argument("work")
    parser.add_argument("--only", nargs="*")
    table(parser.parse_args())


if __name__ == "__main__":
    main()
