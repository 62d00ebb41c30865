#!/usr/bin/env python3
"""The parts of dense.sh and real_dense.sh. WORK holds what they made:

  cases              a row each: NAME SOURCE ENGINE,ENGINE OPTIONS..., SOURCE within WORK
  results/NAME       what `cambium upcycle SOURCE results/NAME OPTIONS` wrote, and printed/NAME, what it printed
  ids-N.safetensors  `input_ids` of N tokens in each sequence
  logits/NAME-N.safetensors   for the engine cambium, what `cambium logits` computed of them

usage: dense_check.py ids WORK [--text FILE --tokenizer DIR]    writes ids: random, or a text's
       dense_check.py run ENGINE WORK                           runs the results in an engine; writes WORK/ENGINE.json
       dense_check.py table WORK                                prints the table, exits 1 where a cell fails

ENGINE is transformers5, transformers5-fp64, transformers4, cambium, llama.cpp or vllm. Differences are the largest from the source in the same
engine; those of cambium are from transformers 5 (in fp64 where that ran), and those of vLLM between its log-probabilities
and those. Strict: a missing, unexpected or mismatched tensor fails, though transformers itself only warns, and so
does an expert that no token of random ones chose. Differences of more than 1e-4 fail, unless the source's own logits in
fp32 are further off from those in fp64: then those of more than twice as much, in fp64 of more than a tenth of it,
which shows that it is rounding (a real model's logits reach 40, and single tokens lose three digits).
Needs: what the engine needs (setup.sh)
"""
import argparse, contextlib, io, json, os, sys, tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

FP64 = "transformers5-fp64"
ENGINES = ("transformers5", FP64, "transformers4", "cambium", "llama.cpp", "vllm")
LENGTHS = (24, 512)
TOLERANCE = 1e-4
BETWEEN_ENGINES = 1e-3


@dataclass(frozen=True)
class Case:
    name: str
    source: str
    engines: tuple
    options: str

    def family(self, work):
        return json.loads((work / "results" / self.name / "config.json").read_text())["model_type"]


def cases(work):
    rows = (line.split(maxsplit=3) for line in (work / "cases").read_text().splitlines())
    return [Case(name, source, tuple(engines.split(",")), options) for name, source, engines, options in rows]


def write_ids(a):
    if a.text:
        from transformers import PreTrainedTokenizerFast
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(a.tokenizer / "tokenizer.json"))
        text = torch.tensor(tokenizer(a.text.read_text())["input_ids"])
        (a.work / "text").write_text(a.text.name)
    else:
        import dense_models
        text = torch.randint(0, dense_models.COMMON["vocab_size"], (2 * max(LENGTHS),), generator=torch.Generator().manual_seed(7))
    for n in LENGTHS:
        save_file({"input_ids": text[: 2 * n].reshape(2, n).contiguous()}, a.work / f"ids-{n}.safetensors")


def token_ids(work, n):
    return load_file(work / f"ids-{n}.safetensors")["input_ids"]


def reference_file(work, source, n):
    return work / "reference" / f"{source.replace('/', '-')}-{n}.safetensors"


def exact_file(work, source, n):
    return reference_file(work, source, f"{n}-fp64")


def reference(work, source, n):
    """Logits of the source in transformers 5, which has run before; in fp64, where it did."""
    exact = exact_file(work, source, n)
    return load_file(exact if exact.is_file() else reference_file(work, source, n))["logits"]


def rounding(work, source, n):
    """How far those in fp32 are from them."""
    single = load_file(reference_file(work, source, n))["logits"]
    return (single - reference(work, source, n)).abs().max().item()


def loss(logits, ids):
    return torch.nn.functional.cross_entropy(logits[:, :-1].double().flatten(0, 1), ids[:, 1:].flatten()).item()


def compared(work, logits, want):
    """What is written of one result: differences by length, and the loss on the longest."""
    longest = max(LENGTHS)
    return {str(n): (logits[n] - want[n]).abs().max().item() for n in LENGTHS} | {"loss": loss(logits[longest], token_ids(work, longest))}


def in_transformers(work, dtype=torch.float32):
    import logits_check
    import transformers
    newest = transformers.__version__.startswith("5.")
    dense = {}

    def logits(folder, every_expert):
        model, faults = logits_check.load(folder, dtype)
        if faults:
            raise ValueError(f"faults {faults}")
        # The routers of transformers 4 do not say what they chose.
        routers = logits_check.count_choices(model) if every_expert and newest else {}
        with torch.no_grad():
            found = {n: model(input_ids=token_ids(work, n), use_cache=False).logits for n in LENGTHS}
        if unseen := routers and logits_check.never_chosen(model, routers):
            raise ValueError(f"experts never chosen: {unseen}")
        return found

    def of_source(source):
        if source not in dense:
            dense.clear()
            dense[source] = logits(work / source, every_expert=False)
            for n, values in dense[source].items() if newest else ():
                file = (reference_file if dtype == torch.float32 else exact_file)(work, source, n)
                file.parent.mkdir(exist_ok=True)
                save_file({"logits": values}, file)
        return dense[source]

    def differences(case, folder):
        # Growth holds replicas back, so that none is chosen; and few tokens of text need not choose them all.
        every_expert = case.source.startswith("sources/") and not (work / "text").exists()
        return compared(work, logits(folder, every_expert), of_source(case.source))
    return differences


def in_cambium(work):
    def differences(case, folder):
        ours = {n: load_file(work / "logits" / f"{case.name}-{n}.safetensors")["logits"] for n in LENGTHS}
        return compared(work, ours, {n: reference(work, case.source, n) for n in LENGTHS})
    return differences


def in_llamacpp(work):
    import llamacpp_check
    dense = {}

    def logits(folder, vocabulary):
        with tempfile.TemporaryDirectory() as tmp:
            gguf = Path(tmp) / "model.gguf"
            llamacpp_check.convert(folder, gguf, vocabulary)
            return {n: torch.from_numpy(llamacpp_check.run(gguf, token_ids(work, n).numpy())) for n in LENGTHS}

    def differences(case, folder):
        # Its converter asks glm4_moe for GLM's own tokens.
        vocabulary = (folder / "tokenizer.json").is_file() and case.family(work) != "glm4_moe"
        if case.source not in dense:
            dense.clear()
            dense[case.source] = logits(work / case.source, vocabulary)
        found = logits(folder, vocabulary)
        # Its sines of far positions alone are off by 1e-4: what it computes of the source is the measure, and
        # transformers tells whether it computes the source at all.
        for n in LENGTHS:
            want = reference(work, case.source, n)
            found[n] = found[n][..., : want.shape[-1]]  # it pads the vocabulary
            allowed = max(BETWEEN_ENGINES, 2 * rounding(work, case.source, n))
            if (between := (found[n] - want).abs().max().item()) > allowed:
                raise ValueError(f"differs by {between:.0e} from the source in transformers, on {n} tokens")
        return compared(work, found, {n: dense[case.source][n][..., : found[n].shape[-1]] for n in LENGTHS})
    return differences


def in_vllm(work):
    import vllm_check

    def differences(case, folder):
        logprobs = vllm_check.run(folder, [token_ids(work, n) for n in LENGTHS])
        return {str(n): vllm_check.difference(found, reference(work, case.source, n)) for n, found in zip(LENGTHS, logprobs)}
    return differences


RUNNERS = {"transformers5": in_transformers, FP64: lambda work: in_transformers(work, torch.float64), "transformers4": in_transformers, "cambium": in_cambium,
           "llama.cpp": in_llamacpp, "vllm": in_vllm}


def run(a):
    differences = RUNNERS[a.engine](a.work)
    found = {}
    for case in cases(a.work):
        folder = a.work / "results" / case.name
        if a.engine not in case.engines or not folder.is_dir():
            continue
        noise = io.StringIO()
        try:
            with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
                found[case.name] = differences(case, folder)
        except (Exception, SystemExit) as e:
            found[case.name] = f"{type(e).__name__}: {' '.join(str(e).split())[:300]}"
        (a.work / f"{a.engine}.json").write_text(json.dumps(found, indent=1))
    os._exit(0)  # vLLM's threads outlive an ordinary exit


class Table:
    """Cells as text, with what failed in notes below."""

    def __init__(self, work):
        self.work, self.cases, self.notes, self.failed = work, cases(work), [], False
        self.engines = {engine: json.loads(file.read_text()) if (file := work / f"{engine}.json").is_file() else None
                        for engine in ENGINES if any(engine in case.engines for case in self.cases)}

    def fail(self, text):
        self.failed = True
        self.notes.append(text)
        return f"FAILED [{len(self.notes)}]"

    def upcycled(self, case):
        printed = (self.work / "printed" / case.name).read_text()
        verified = any(line.startswith("verified: ") for line in printed.splitlines())
        return "verified" if verified else self.fail(" ".join(printed.split())[-400:])

    def cell(self, case, engine):
        if engine not in case.engines:
            return "no home"
        if self.engines[engine] is None:
            return "not run"
        found = self.engines[engine].get(case.name, "was not run")
        if isinstance(found, str):
            return self.fail(found)
        differences = [found[str(n)] for n in LENGTHS]
        text = " ".join(f"{difference:.0e}" for difference in differences)
        if any(d > self.tolerance(case, engine, n) for n, d in zip(LENGTHS, differences)):
            return self.fail(f"{engine} differs by {text}")
        return text if self.random() or "loss" not in found else f"{text} {found['loss']:.5f}"

    def tolerance(self, case, engine, n):
        # transformers computes routers and norms in fp32 in an fp64 model too.
        return max(TOLERANCE, (0.1 if engine == FP64 else 2) * rounding(self.work, case.source, n))

    def random(self):
        """Whether the tokens are, so that a loss would say nothing."""
        return not (self.work / "text").exists()

    def row(self, case):
        return [case.source.split("/")[-1], case.options.replace("--", ""), self.upcycled(case)] + [self.cell(case, e) for e in self.engines]

    def print(self):
        rows = [["source", "options", "upcycle", *self.engines], *map(self.row, self.cases)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        print(f"Largest differences of logits on {' and '.join(map(str, LENGTHS))} tokens{'' if self.random() else ', loss in nats a token on the longest'}.")
        for source in () if self.random() else dict.fromkeys(case.source for case in self.cases):
            print(f"{source.split('/')[-1]} itself, fp32 from fp64: {' '.join(f'{rounding(self.work, source, n):.0e}' for n in LENGTHS)}")
        for i, note in enumerate(self.notes, 1):
            print(f"[{i}] {note}")
        for engine, found in self.engines.items():
            if found is None:
                reason = self.work / f"{engine}.missing"
                print(f"{engine} was not run: {reason.read_text().strip() if reason.is_file() else 'no results'}")


def print_table(a):
    table = Table(a.work)
    table.print()
    sys.exit(1 if table.failed else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    ids = commands.add_parser("ids")
    ids.add_argument("work", type=Path)
    ids.add_argument("--text", type=Path)
    ids.add_argument("--tokenizer", type=Path)
    ids.set_defaults(run=write_ids)
    engine = commands.add_parser("run")
    engine.add_argument("engine", choices=ENGINES)
    engine.add_argument("work", type=Path)
    engine.set_defaults(run=run)
    table = commands.add_parser("table")
    table.add_argument("work", type=Path)
    table.set_defaults(run=print_table)
    a = parser.parse_args()
    a.run(a)


if __name__ == "__main__":
    main()
