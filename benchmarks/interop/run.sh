#!/usr/bin/env bash
# Compares what `cambium logits` computes on a checkpoint directory with transformers 5, with
# transformers 4 and with llama.cpp, on 24 and on 512 tokens. Fails where any of them differs,
# misses a tensor or leaves an expert untried. usage: run.sh DIR
#   INTEROP_PYTHON, INTEROP_PYTHON4   interpreters to use instead of those that setup.sh makes
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
directory=${1:?usage: run.sh DIR}
python=${INTEROP_PYTHON:-$here/.venv/bin/python}
python4=${INTEROP_PYTHON4:-$here/.venv4/bin/python}
for interpreter in "$python" "$python4"; do
  [ -x "$interpreter" ] || { echo "no $interpreter: run $here/setup.sh first" >&2; exit 2; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
for tokens in 24 512; do
  # An untried expert proves nothing, but a few tokens cannot reach all.
  every=()
  [ "$tokens" -lt 512 ] || every=(--every-expert)
  "$python" "$here/logits_check.py" ids "$directory" "$work/ids.safetensors" --tokens "$tokens"
  "$here/../../cambium" logits "$directory" --input "$work/ids.safetensors" --output "$work/logits-$tokens.safetensors"
  for interpreter in "$python" "$python4"; do
    "$interpreter" "$here/logits_check.py" compare "$directory" "$work/logits-$tokens.safetensors" "${every[@]}" || failed=1
  done
  "$python" "$here/llamacpp_check.py" "$directory" "$work/logits-$tokens.safetensors" || failed=1
done
exit $failed
