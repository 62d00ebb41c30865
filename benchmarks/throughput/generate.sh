#!/usr/bin/env bash
# Speed of greedy generation against Hugging Face transformers on this machine: one sequence, fp32,
# 100 tokens, in turns. Other programs on the cores slow both down, and not alike: only figures from
# an idle machine mean anything.
# usage: generate.sh MODEL_DIR [ROUNDS]     3 rounds unless told; prints every run and the ratio of the best
#   PEER_PYTHON   an interpreter with torch and transformers (default: that of ../interop/setup.sh)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
model=${1:?usage: generate.sh MODEL_DIR [ROUNDS]}
rounds=${2:-3}
python=${PEER_PYTHON:-$here/../interop/.venv/bin/python}
[ -x "$python" ] || { echo "no $python: run benchmarks/interop/setup.sh first" >&2; exit 2; }
prompt="The history of the steam engine began in antiquity, but it was only in the eighteenth century that engines"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The largest number of generated tokens per second in a file.
best() { grep -Eo 'generated: [0-9]+ tokens at [0-9.]+' "$1" | awk '{ print $NF }' | sort -n | tail -n 1; }

for _ in $(seq "$rounds"); do
  env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" "$here/peer_generate.py" "$model" --prompt "$prompt" --threads "$(nproc)" --runs 1 |
    tee -a "$work/theirs" | sed 's/^/transformers /'
  "$here/../../cambium" generate "$model" --prompt "$prompt" --stats 2>&1 >/dev/null |
    tee -a "$work/ours" | sed 's/^/cambium      /'
done
awk -v o="$(best "$work/ours")" -v t="$(best "$work/theirs")" \
  'BEGIN { printf "generated: cambium %.1f tokens/s, transformers %.1f tokens/s, ratio %.2f\n", o, t, o / t }'
