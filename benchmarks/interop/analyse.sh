#!/usr/bin/env bash
# Trains a small random model for a few steps, measures its experts with `cambium analyse`, against the
# model it began with, and again with PyTorch and transformers, and compares every number.
# usage: analyse.sh [FAMILY...]     mixtral, glm4_moe and gpt_oss unless told
#   INTEROP_PYTHON   an interpreter to use instead of the one that setup.sh makes
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || set -- mixtral glm4_moe gpt_oss
for family in "$@"; do
  train_small "$family"
  "$cambium" analyse "$checkpoint" --data "$work/$family/corpus" --against "$work/$family/model" \
    --sequences 1 --length 32 --out "$work/$family/analysis.json"
  "$python" "$here/analyse.py" "$checkpoint" "$work/$family/model" "$work/$family/corpus" \
    "$work/$family/analysis.json" || failed=1
done
exit $failed
