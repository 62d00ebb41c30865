#!/usr/bin/env python3
"""The parts of dense.sh. WORK holds sources/ (dense_models.py), results/CASE/ and cambium/CASE, what the command printed.

usage: dense_check.py cases [--only TEXT]          prints CASE SOURCE FAMILY OPTIONS..., a line each; TEXT is within CASE
       dense_check.py run ENGINE WORK              runs all of results/ in an engine and writes WORK/ENGINE.json
       dense_check.py table WORK                   prints the table, exits 1 where a cell fails

ENGINE is transformers5, transformers4, llama.cpp or vllm. Differences are the largest of two sequences of 24 and of 512
random tokens from the dense source, as the same transformers computes it, or transformers 5 for other engines; those of
vLLM are between log-probabilities. Strict: a missing, unexpected or mismatched tensor fails, though transformers itself
only warns, and so does an expert that no token chose.
Needs: what the engine needs (setup.sh)
"""
import argparse, contextlib, io, json, os, sys, tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import dense_models
from dense_cases import ENGINES, cases

LENGTHS = (24, 512)
TOLERANCE = 1e-4


def token_ids(tokens):
    return torch.randint(0, dense_models.COMMON["vocab_size"], (2, tokens), generator=torch.Generator().manual_seed(7))


def reference(work, source, tokens):
    """Ids and logits of the source in transformers 5, which has run before."""
    return load_file(work / "reference" / f"{source}-{tokens}.safetensors")


def in_transformers(work, chosen):
    import logits_check
    import transformers
    newest = transformers.__version__.startswith("5.")
    dense = {}
    for source in dict.fromkeys(case.source for case in chosen):
        model, faults = logits_check.load(work / "sources" / source)
        assert not faults, (source, faults)
        with torch.no_grad():
            dense[source] = {n: model(input_ids=token_ids(n), use_cache=False).logits.float() for n in LENGTHS}
        for n, logits in dense[source].items() if newest else ():
            file = work / "reference" / f"{source}-{n}.safetensors"
            file.parent.mkdir(exist_ok=True)
            save_file({"input_ids": token_ids(n), "logits": logits}, file)

    def differences(case, folder):
        model, faults = logits_check.load(folder)
        if faults:
            raise ValueError(f"faults {faults}")
        # The routers of transformers 4 do not say what they chose.
        routers = logits_check.count_choices(model) if newest else {}
        with torch.no_grad():
            found = {n: (model(input_ids=token_ids(n), use_cache=False).logits.float() - dense[case.source][n]).abs().max().item()
                     for n in LENGTHS}
        unseen = logits_check.never_chosen(model, routers) if newest else {}
        if unseen or newest and not routers:
            raise ValueError(f"experts never chosen: {unseen or 'no router found'}")
        return found
    return differences


def in_llamacpp(work, chosen):
    import llamacpp_check

    def differences(case, folder):
        with tempfile.TemporaryDirectory() as tmp:
            gguf = Path(tmp) / "model.gguf"
            llamacpp_check.convert(folder, gguf)
            found = {}
            for n in LENGTHS:
                want = reference(work, case.source, n)
                theirs = torch.from_numpy(llamacpp_check.run(gguf, want["input_ids"].numpy()))
                found[n] = (theirs[..., : want["logits"].shape[-1]] - want["logits"]).abs().max().item()
        return found
    return differences


def in_vllm(work, chosen):
    import vllm_check

    def differences(case, folder):
        wants = [reference(work, case.source, n) for n in LENGTHS]
        logprobs = vllm_check.run(folder, [want["input_ids"] for want in wants])
        return {n: vllm_check.difference(found, want["logits"]) for n, found, want in zip(LENGTHS, logprobs, wants)}
    return differences


RUNNERS = {"transformers5": in_transformers, "transformers4": in_transformers, "llama.cpp": in_llamacpp, "vllm": in_vllm}


def written(work, engine):
    return [case for case in cases() if engine in case.engines and (work / "results" / case.name).is_dir()]


def run(a):
    chosen = written(a.work, a.engine)
    differences = RUNNERS[a.engine](a.work, chosen)
    found = {}
    for case in chosen:
        noise = io.StringIO()
        try:
            with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
                found[case.name] = differences(case, a.work / "results" / case.name)
        except (Exception, SystemExit) as e:
            found[case.name] = f"{type(e).__name__}: {' '.join(str(e).split())[:300]}"
        print(a.engine, case.name, found[case.name], file=sys.stderr, flush=True)
        (a.work / f"{a.engine}.json").write_text(json.dumps(found, indent=1))
    os._exit(0)  # vLLM's threads outlive an ordinary exit


def print_cases(a):
    for case in cases():
        if a.only in case.name:
            print(case.name, case.source, case.family, case.options)


class Table:
    """Cells as text, with what failed in notes below."""

    def __init__(self, work):
        self.work, self.notes, self.failed = work, [], False
        self.engines = {e: json.loads(f.read_text()) if (f := work / f"{e}.json").is_file() else None for e in ENGINES}

    def fail(self, text):
        self.failed = True
        self.notes.append(text)
        return f"FAILED [{len(self.notes)}]"

    def cambium(self, case):
        printed = (self.work / "cambium" / case.name).read_text()
        outcome = next((line for line in printed.splitlines() if line.startswith("verified: ")), None)
        return "verified" if outcome else self.fail(" ".join(printed.split())[-400:])

    def cell(self, case, engine):
        if engine not in case.engines:
            return "no home"
        found = self.engines[engine]
        if found is None:
            return "not run"
        found = found.get(case.name, "was not run")
        if isinstance(found, str):
            return self.fail(found)
        text = " ".join(f"{found[str(n)]:.0e}" for n in LENGTHS)
        return text if max(found.values()) <= TOLERANCE else self.fail(f"differs by {text}")

    def row(self, case):
        return [case.source, case.family, case.options.replace("--", ""), self.cambium(case)] + [self.cell(case, e) for e in ENGINES]

    def print(self):
        rows = [["source", "family", "options", "Cambium", *ENGINES]]
        rows += [self.row(case) for case in cases() if (self.work / "cambium" / case.name).is_file()]
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        for i, note in enumerate(self.notes, 1):
            print(f"[{i}] {note}")
        for engine, found in self.engines.items():
            reason = self.work / f"{engine}.missing"
            if found is None:
                print(f"{engine} was not run: {reason.read_text().strip() if reason.is_file() else 'no results'}")


def print_table(a):
    table = Table(a.work)
    table.print()
    sys.exit(1 if table.failed else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    sub = commands.add_parser("cases")
    sub.add_argument("--only", default="")
    sub.set_defaults(run=print_cases)
    sub = commands.add_parser("run")
    sub.add_argument("engine", choices=ENGINES)
    sub.add_argument("work", type=Path)
    sub.set_defaults(run=run)
    sub = commands.add_parser("table")
    sub.add_argument("work", type=Path)
    sub.set_defaults(run=print_table)
    a = parser.parse_args()
    a.run(a)


if __name__ == "__main__":
    main()
