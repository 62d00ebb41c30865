#!/usr/bin/env python3
"""Answers the questions of eval_questions.jsonl with lm-evaluation-harness and with `cambium eval`, and compares.

usage: eval.py DIR CAMBIUM [--tol 1e-3]     DIR: a checkpoint; CAMBIUM: the command
       eval.py --variants DIR TARGET        writes TARGET/short, TARGET/begins and TARGET/told: DIR with few positions, with
                                            a tokenizer that begins every text with a special token, and with add_bos_token
                                            in tokenizer_config.json

Both compute in fp32. Where a log likelihood differs by more than --tol, both compute everything again in fp64, where rounding
goes away and a mistake does not: then they must agree within --tol there, and both differences are printed.
Prints a line for each precision and exits 1 where a question has another choice (by likelihood, or by that over characters or
bytes), or the log likelihoods differ. Needs: lm-eval torch transformers (setup.sh makes .venv_eval)
"""
import argparse, json, subprocess, sys
from pathlib import Path

import lm_eval, numpy, transformers
from lm_eval.models.huggingface import HFLM

HERE = Path(__file__).resolve().parent
TASK = {
    "task": "questions", "dataset_path": "json", "test_split": "train", "output_type": "multiple_choice",
    "dataset_kwargs": {"data_files": str(HERE / "eval_questions.jsonl")},
    "doc_to_text": "{{question}}", "doc_to_choice": "{{choices}}", "doc_to_target": "{{answer}}",
    "metric_list": [{"metric": name, "aggregation": "mean", "higher_is_better": True}
                    for name in ("acc", "acc_norm", "acc_bytes")]}


POSITIONS = 40


def write_variants(source, target):
    for name in ("short", "begins", "told"):
        (target / name).mkdir()
        for file in source.iterdir():
            if file.is_file():
                (target / name / file.name).symlink_to(file.resolve())
    edit(target / "short" / "config.json", lambda config: config.update(max_position_embeddings=POSITIONS))
    begin = transformers.AutoTokenizer.from_pretrained(source).bos_token
    edit(target / "begins" / "tokenizer.json", lambda tokenizer: begin_texts(tokenizer, begin))
    edit(target / "told" / "tokenizer_config.json", lambda config: config.update(add_bos_token=True))


def edit(file, change):
    json_of = json.loads(file.read_text())
    change(json_of)
    file.unlink()  # a link
    file.write_text(json.dumps(json_of))


def begin_texts(tokenizer, begin):
    token = next(token for token in tokenizer["added_tokens"] if token["content"] == begin)
    piece = {"SpecialToken": {"id": token["content"], "type_id": 0}}
    single = [piece, {"Sequence": {"id": "A", "type_id": 0}}]
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {token["content"]: {
            "id": token["content"], "ids": [token["id"]], "tokens": [token["content"]]}}}


def compared(directory, cambium, precision):
    """The line to print, whether all choices are the same, and by how much the log likelihoods differ at most."""
    # grouped products, the default for experts, have no fp64
    options = {"dtype": "float64", "experts_implementation": "eager"} if precision == "fp64" else {"dtype": "float32"}
    model = HFLM(pretrained=str(directory), device="cpu", batch_size=4, **options)
    results = lm_eval.simple_evaluate(model=model, tasks=[TASK], log_samples=True, bootstrap_iters=0)
    samples = sorted(results["samples"]["questions"], key=lambda sample: sample["doc_id"])
    command = [cambium, "eval", directory, "--choices", HERE / "eval_questions.jsonl", "--json"]
    ours = json.loads(subprocess.run(
        command + (["--fp64"] if precision == "fp64" else []), check=True, stdout=subprocess.PIPE).stdout)
    worst, other, of = 0.0, [], 0
    for number, (sample, mine) in enumerate(zip(samples, ours["questions"], strict=True), start=1):
        theirs = numpy.array([float(response[0]) for response in sample["filtered_resps"]])
        choices = sample["doc"]["choices"]
        chosen = [int((theirs / lengths).argmax()) for lengths in (
            numpy.ones(len(choices)), [len(c) for c in choices], [len(c.encode()) for c in choices])]
        difference = abs(theirs - numpy.array(mine["log_likelihoods"])).max()
        if not difference <= worst:
            worst, of = difference, number
        if chosen != [mine["chosen"], mine["chosen_norm"], mine["chosen_bytes"]]:
            other.append(number)
    theirs = results["results"]["questions"]
    equal = all(abs(theirs[f"{name},none"] - ours[name]["share"]) < 1e-12
                for name in ("acc", "acc_norm", "acc_bytes"))
    line = (f"lm-eval {lm_eval.__version__} transformers {transformers.__version__} "
            f"{type(model.model).__name__} {precision} {len(samples)} questions: "
            + ", ".join(f"{name} {theirs[name + ',none']:.4f}" for name in ("acc", "acc_norm", "acc_bytes"))
            + f", {'equal' if equal else 'DIFFERENT'}; other choices: {other or 'none'}; "
            f"log likelihoods differ by at most {worst:.1e}, in question {of}")
    return line, equal and not other, worst


def main():
    if sys.argv[1] == "--variants":
        return write_variants(Path(sys.argv[2]), Path(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("cambium", type=lambda path: Path(path).resolve())
    parser.add_argument("--tol", type=float, default=1e-3)
    a = parser.parse_args()
    line, same, worst = compared(a.dir, a.cambium, "fp32")
    good = same and worst <= a.tol
    if same and not good:
        print(f"beyond {a.tol:g}, again in fp64: {line}")
        line, same, worst = compared(a.dir, a.cambium, "fp64")
        good = same and worst <= a.tol
    print(f"{'ok' if good else 'FAILED'} {line}")
    sys.exit(not good)


if __name__ == "__main__":
    main()
