#!/usr/bin/env bash
# Grows a checkpoint in mode cold with replicas that differ, and has transformers and llama.cpp
# confirm it: as written it is the source, and with the hold-back taken away, so that replicas are
# chosen too, it is what `cambium logits` computes. usage: growth.sh DIR EXPERTS
#   EXPERTS                           at most top-K times those of DIR, as more siblings than K are
#                                     never all chosen
# Without arguments: grows the tiny models of every family in the modes that engines can run, and
# prints one table of what transformers and llama.cpp make of them (growth_table.py).
#   INTEROP_PYTHON, INTEROP_PYTHON4   as for run.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=${INTEROP_PYTHON:-$here/.venv/bin/python}
python4=${INTEROP_PYTHON4:-$here/.venv4/bin/python}
cambium=$here/../../cambium
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -eq 0 ]; then
  INTEROP_PYTHON4=$python4 "$python" "$here/growth_table.py" \
    "$here/../../checkpoint/src/test/resources/goldens" "$work"
  exit
fi
directory=${1:?usage: growth.sh [DIR EXPERTS]}
experts=${2:?usage: growth.sh [DIR EXPERTS]}

# The noise keeps siblings, whose router rows are equal, from ties that every program breaks its
# own way.
"$cambium" upcycle "$directory" "$work/grown" --experts "$experts" --replicas drop --bias-noise 0.02
"$python" "$here/logits_check.py" ids "$directory" "$work/ids.safetensors" --tokens 512
"$cambium" logits "$directory" --input "$work/ids.safetensors" --output "$work/source.safetensors"
failed=0
for interpreter in "$python" "$python4"; do
  "$interpreter" "$here/logits_check.py" compare "$work/grown" "$work/source.safetensors" --tol 1e-5 || failed=1
done
"$python" "$here/take_away_hold_back.py" "$work/grown" "$work/released"
"$here/run.sh" "$work/released" || failed=1
exit $failed
