#!/usr/bin/env bash
# Trains a small random model for a few steps, scores its experts with `cambium score` and again with
# PyTorch and transformers, and compares every score of every expert.
# usage: scores.sh [FAMILY...]     mixtral and glm4_moe unless told
#   INTEROP_PYTHON   an interpreter to use instead of the one that setup.sh makes
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=${INTEROP_PYTHON:-$here/.venv/bin/python}
cambium=$here/../../cambium
[ -x "$python" ] || { echo "no $python: run $here/setup.sh first" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
[ $# -gt 0 ] || set -- mixtral glm4_moe
for family in "$@"; do
  "$python" "$here/training_curve.py" make "$family" "$work/$family"
  "$cambium" train "$work/$family/run.yaml" --out "$work/$family/run" --set steps=20
  checkpoint=$work/$family/run/checkpoints/step-000020
  scores=$work/$family/scores.safetensors
  "$cambium" score "$checkpoint" --data "$work/$family/corpus" --batches 10 --sequences 8 --length 32 \
    --out "$scores"
  "$python" "$here/scores.py" "$checkpoint" "$work/$family/corpus" "$scores" || failed=1
done
exit $failed
