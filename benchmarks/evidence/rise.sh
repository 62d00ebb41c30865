#!/usr/bin/env bash
# By how much the validation loss of a run lies above that of BASE at most, from a step on: seed by
# seed, and the mean. table.sh has it from a run's own growth on; this has it of a run that a growing
# one came from, too. Needs jq.
# usage: rise.sh EXPERIMENT BASE STEP RUN
set -euo pipefail
experiment=${1:?usage: rise.sh EXPERIMENT BASE STEP RUN}
base=${2:?usage: rise.sh EXPERIMENT BASE STEP RUN}
step=${3:?usage: rise.sh EXPERIMENT BASE STEP RUN}
run=${4:?usage: rise.sh EXPERIMENT BASE STEP RUN}

losses() { # log: step -> loss
  jq --slurp 'map(select(.event == "evaluation") | {key: (.step | tostring), value: .mean_loss}) | from_entries' "$1"
}

for log in "$experiment/runs/$run"/seed-*/metrics.jsonl; do
  jq --null-input --argjson run "$(losses "$log")" --argjson step "$step" \
    --argjson base "$(losses "$experiment/runs/$base/$(basename "$(dirname "$log")")/metrics.jsonl")" '
    [$run | to_entries[] | select((.key | tonumber) >= $step and $base[.key]) | .value - $base[.key]] | max'
done | jq -L "$(dirname "$0")" --slurp --raw-output --arg run "$run" '
  include "numbers";
  if any(. == null) then error("a seed has no evaluation in common with the base") else . end |
  "| \($run) | \(map(digits(4)) | join(" | ")) | \(mean | digits(4)) |"'
