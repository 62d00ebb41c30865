#!/usr/bin/env bash
# Trains a small random model for 50 steps with `cambium train` and again with PyTorch and
# transformers, on the same batches: once on the cross entropy alone, once with the load-balancing
# loss in transformers' form. Fails where the loss of any step differs by more than the tolerance.
# usage: training_curve.sh [FAMILY [TOLERANCE]]     mixtral and 1e-4 unless told
#   INTEROP_PYTHON   an interpreter to use instead of the one that setup.sh makes
set -euo pipefail
family=${1:-mixtral}
tolerance=${2:-1e-4}
. "$(dirname "$0")/common.sh"
"$python" "$here/training_curve.py" make "$family" "$work"
for weight in 0.0 0.1; do
  "$cambium" train "$work/run.yaml" --out "$work/run-$weight" --set balance.aux_loss=$weight --set balance.aux_form=pooled
  "$python" "$here/training_curve.py" compare "$work/run-$weight" --tol "$tolerance" || failed=1
done
exit $failed
