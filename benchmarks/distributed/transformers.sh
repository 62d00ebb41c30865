#!/usr/bin/env bash
# Trains a small random model of a family for 50 steps with two processes that share its experts, and
# again with PyTorch and transformers on the same batches. Fails where the loss of any step differs by
# more than the tolerance, or transformers cannot load the shards that the processes left.
# usage: transformers.sh [FAMILY [TOLERANCE]]     mixtral and 1e-4 unless told
#   INTEROP_PYTHON   an interpreter to use instead of the one that ../interop/setup.sh makes
set -euo pipefail
family=${1:-mixtral}
tolerance=${2:-1e-4}
. "$(dirname "$0")/../interop/common.sh"
. "$(dirname "$0")/ranks.sh"
cambium=${CAMBIUM:-$cambium} yaml=$work/run.yaml
"$python" "$here/training_curve.py" make "$family" "$work"
ranks 2 run --set workers=1 --set distributed.expert_parallel_size=2
all_done run
ls "$work/run/checkpoints/step-000050"
"$python" "$here/training_curve.py" compare "$work/run" --tol "$tolerance"
