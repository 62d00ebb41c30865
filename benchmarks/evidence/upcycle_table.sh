#!/usr/bin/env bash
# The table of docs/results.md on experts of a dense model, best first: out of what thin.sh or
# `cambium lab --out` left. Needs jq.
# usage: upcycle_table.sh EXPERIMENT
set -euo pipefail
experiment=${1:?usage: upcycle_table.sh EXPERIMENT}
here=$(dirname "$0")

# Of each seed: at which of the arm's tokens an evaluation after the first step was no higher than the
# source's loss.
back() { # arm
  for log in "$experiment/runs/$1"/seed-*/metrics.jsonl; do
    seed=$(basename "$(dirname "$log")")
    source=$(jq "[.arms[].seeds[] | select(.seed == ${seed#seed-}) | .recovery.source_loss // empty] | first" \
      "$experiment/results.json")
    jq --slurp --argjson source "$source" '[.[] | select(.event == "evaluation" and .step > 0
      and .mean_loss <= $source) | .tokens] | first' "$log"
  done | jq --slurp --raw-output 'if any(. == null) then "-" else add / length / 1e4 | round / 100 end'
}

gained() { # arm
  [ "$1" = dense ] && echo - && return
  "$here/gain.sh" "$experiment" dense "$1" | awk -F'|' '{ gsub(/^ | $/, "", $(NF - 1)); print $(NF - 1) }'
}

echo "| init | loss | gained over dense | below the source after, M tokens | domains apart: first, second, last evaluation | dead |"
echo "|---|---|---|---|---|---|"
jq --raw-output '.arms | sort_by(.loss.value)[].arm' "$experiment/results.json" | while read -r arm; do
  jq -L "$here" --raw-output --arg arm "$arm" --arg back "$(back "$arm")" --arg gained "$(gained "$arm")" '
    include "numbers";
    .arms[] | select(.arm == $arm)
    | [.seeds[].specialisation | values | select(. != [])] as $apart
    | "| \($arm) | \(.loss.value | digits(4)) | \($gained) | \($back) | "
      + (if $apart == [] then "-" else [0, 1, -1]
          | map(. as $at | [$apart[][$at].distance] | mean | percent + " %") | join(", ") end)
      + " | \([.seeds[].load.dead // empty] | mean | digits(1)) |"' "$experiment/results.json"
done
