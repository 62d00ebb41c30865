#!/usr/bin/env bash
# Training throughput against Hugging Face transformers on this machine: the same model, the same
# batch, in turns, so that both see the same minutes of a machine that is not always equally fast.
# A Mixtral of 8, 64 and 256 experts at 4,096 tokens a step, then Cambium alone with 8 and 256
# experts at 16,384; then, if there is one, a checkpoint with 512-token sequences, as it is and with
# 4 experts made of each of its dense layers.
# usage: compare.sh [ROUNDS [MODEL_DIR]]     2 rounds unless told; prints every run and the ratios
#   PEER_PYTHON   an interpreter with torch and transformers (default: that of ../interop/setup.sh)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-2}
model=${2:-}
python=${PEER_PYTHON:-$here/../interop/.venv/bin/python}
cambium=$here/../../cambium
[ -x "$python" ] || { echo "no $python: run benchmarks/interop/setup.sh first" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The largest number in front of "tokens/s".
best() { grep -Eo '[0-9.]+ tokens/s' | sort -n | tail -n 1 | cut -d' ' -f1; }
ours() { "$cambium" bench "$@" | tee -a /dev/stderr | best; }
# Their kernel grouped_mm alone: the other, eager, is a tenth as fast with 64 experts, and takes
# minutes for a step with 256.
theirs() {
  env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE \
    "$python" "$here/peer_train.py" --threads "$(nproc)" --kernels grouped_mm "$@" |
    tee -a /dev/stderr | best
}

compare() { # name, options of both
  local name=$1 round peer
  shift
  for round in $(seq "$rounds"); do
    peer=$(theirs "$@")
    awk -v n="$name" -v r="$round" -v o="$(ours "$@")" -v t="$peer" \
      'BEGIN { printf "%s round %d: cambium %.0f tokens/s, transformers %.0f tokens/s, ratio %.2f\n", n, r, o, t, o / t }'
  done
}

for experts in 8 64 256; do
  compare "experts $experts" --experts "$experts"
done
for round in $(seq "$rounds"); do
  awk -v r="$round" -v few="$(ours --batch 64 --experts 8)" -v many="$(ours --batch 64 --experts 256)" \
    'BEGIN { printf "16,384 tokens a step, round %d: %.0f tokens/s with 8 experts, %.0f with 256, ratio %.2f\n", r, few, many, many / few }'
done
[ -n "$model" ] || exit 0
"$cambium" upcycle "$model" "$work/moe" --experts 4 --top-k 2 --verify bytes >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; exit 1; }
compare "$(basename "$model"), dense" --model "$model" --seq 512 --batch 4
compare "$(basename "$model"), 4 experts" --model "$work/moe" --seq 512 --batch 4
