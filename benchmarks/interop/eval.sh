#!/usr/bin/env bash
# Answers questions with `cambium eval` and with lm-evaluation-harness, and compares every choice and
# log likelihood: on a dense checkpoint, on the experts that `cambium upcycle` makes of it, on the
# checkpoint with fewer positions than some questions are long, and with a tokenizer that begins every
# text with a special token, by its own file or by a key of tokenizer_config.json (which does nothing
# in transformers 5). In fp32; what differs by more than 1e-3 there, in fp64 too.
# usage: eval.sh DIR     a dense Hugging Face checkpoint with its tokenizer, such as SmolLM2-135M
#   INTEROP_PYTHON_EVAL   an interpreter to use instead of the one that setup.sh makes
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
directory=${1:?usage: eval.sh DIR}
python=${INTEROP_PYTHON_EVAL:-$here/.venv_eval/bin/python}
cambium=$here/../../cambium
[ -x "$python" ] || { echo "no $python: run $here/setup.sh first" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$cambium" upcycle "$directory" "$work/grown" --experts 3 --init drop
"$python" "$here/eval.py" --variants "$directory" "$work"
failed=0
for checkpoint in "$directory" "$work/grown" "$work/short" "$work/begins" "$work/told"; do
  HF_HUB_OFFLINE=1 "$python" "$here/eval.py" "$checkpoint" "$cambium" || failed=1
done
exit $failed
