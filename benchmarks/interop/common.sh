# What the checks begin with, to be sourced: $python, $cambium, a $work directory that goes at the end,
# and $failed, with which they exit.
#   INTEROP_PYTHON   an interpreter to use instead of the one that setup.sh makes
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${INTEROP_PYTHON:-$here/.venv/bin/python}
cambium=$here/../../cambium
[ -x "$python" ] || { echo "no $python: run $here/setup.sh first" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# Makes a small random model of a family with a corpus in $work/FAMILY, trains it for 20 steps, and
# names the result $checkpoint.
train_small() {
  "$python" "$here/training_curve.py" make "$1" "$work/$1"
  "$cambium" train "$work/$1/run.yaml" --out "$work/$1/run" --set steps=20
  checkpoint=$work/$1/run/checkpoints/step-000020
}
