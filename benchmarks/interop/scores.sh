#!/usr/bin/env bash
# Trains a small random model for a few steps, scores its experts with `cambium score` and again with
# PyTorch and transformers, and compares every score of every expert.
# usage: scores.sh [FAMILY...]     mixtral and glm4_moe unless told
#   INTEROP_PYTHON   an interpreter to use instead of the one that setup.sh makes
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || set -- mixtral glm4_moe
for family in "$@"; do
  train_small "$family"
  scores=$work/$family/scores.safetensors
  "$cambium" score "$checkpoint" --data "$work/$family/corpus" --batches 10 --sequences 8 --length 32 \
    --out "$scores"
  "$python" "$here/scores.py" "$checkpoint" "$work/$family/corpus" "$scores" || failed=1
done
exit $failed
