#!/usr/bin/env bash
# The tables of docs/results.md, out of what thin.sh or `cambium lab --out` left. Needs jq.
# usage: table.sh EXPERIMENT
set -euo pipefail
experiment=${1:?usage: table.sh EXPERIMENT}
here=$(dirname "$0")

# Of each evaluation after the growth: the share of tokens that chose two siblings.
coselection() { # arm, jq's filter over the rates in order
  for log in "$experiment/runs/$1"/seed-*/metrics.jsonl; do
    jq --slurp "[.[] | select(.event == \"evaluation\") | .sibling_coselection // empty] | $2" "$log"
  done | jq --slurp --raw-output 'map(select(. != null)) |
    if length == 0 then "-" else add / length * 1000 | round / 1000 end'
}

echo "| arm | seeds | loss | eta | step-0 jump | largest rise | siblings: most, end | dead |"
echo "|---|---|---|---|---|---|---|---|"
jq --raw-output '.arms[].arm' "$experiment/results.json" | while read -r arm; do
  jq -L "$here" --raw-output --arg arm "$arm" --arg most "$(coselection "$arm" max)" \
    --arg last "$(coselection "$arm" last)" '
    include "numbers";
    .arms[] | select(.arm == $arm) as $a
    | "| \(.arm) | \(.seeds | length) | \(.loss.value | digits(4))"
      + (if .loss.low then " (\(.loss.low | digits(3)) to \(.loss.high | digits(3)))" else "" end)
      + " | "
      + (if .eta then "\(.eta.value | percent) %"
          + (if .eta.low then " (\(.eta.low | percent) to \(.eta.high | percent))" else "" end)
          + "; seeds \(.eta.lowest | percent) to \(.eta.highest | percent)" else "-" end)
      + " | \([.seeds[].growth.jump // empty] | mean | digits(4))"
      + " | \([.seeds[].growth.largest_rise.nats // empty] | mean | digits(4))"
      + " | " + (if $most == "-" then "-" else "\($most), \($last)" end)
      + " | \([.seeds[].load.dead // empty] | mean | digits(1)) |"' "$experiment/results.json"
done
