#!/usr/bin/env bash
# Training throughput against Hugging Face transformers on this machine: the same Mixtral, the same
# batch, in turns, so that both see the same minutes of a machine that is not always equally fast.
# usage: compare.sh [ROUNDS]     2 rounds unless told; prints every run and the ratios
#   PEER_PYTHON   an interpreter with torch and transformers (default: that of ../interop/setup.sh)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-2}
python=${PEER_PYTHON:-$here/../interop/.venv/bin/python}
[ -x "$python" ] || { echo "no $python: run benchmarks/interop/setup.sh first" >&2; exit 2; }

# The largest number in front of "tokens/s".
best() { grep -Eo '[0-9.]+ tokens/s' | sort -n | tail -n 1 | cut -d' ' -f1; }

for experts in 8 64; do
  for round in $(seq "$rounds"); do
    theirs=$(env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" "$here/peer_train.py" --experts "$experts" --threads "$(nproc)" | tee -a /dev/stderr | best)
    ours=$("$here/../../cambium" bench --experts "$experts" | tee -a /dev/stderr | best)
    awk -v e="$experts" -v r="$round" -v o="$ours" -v t="$theirs" \
      'BEGIN { printf "experts %d round %d: cambium %.0f tokens/s, transformers %.0f tokens/s, ratio %.2f\n", e, r, o, t, o / t }'
  done
done
