#!/usr/bin/env bash
# The table of docs/results.md on experts of a dense model. Needs jq.
# usage: upcycle_table.sh EXPERIMENT
set -euo pipefail
experiment=${1:?usage: upcycle_table.sh EXPERIMENT}

echo "| init | loss | as good as the source after | domains apart: at first, after 0.1 M, at the end | dead |"
echo "|---|---|---|---|---|"
jq --raw-output '
  def mean: if length == 0 then null else add / length end;
  def digits($n): if . == null then "-" else . * pow(10; $n) | round / pow(10; $n) | tostring end;
  .arms[]
  | (.seeds | length) as $seeds
  | [.seeds[].specialisation | values | select(. != [])] as $apart
  | [.seeds[].recovery.tokens // empty] as $recovery
  | "| \(.arm) | \(.loss.value | digits(4)) | "
    + (if $apart == [] then "-"
        elif $recovery | length < $seeds then "\($recovery | length) of \($seeds) seeds"
        else "\($recovery | mean / 1e6 | digits(2)) M tokens" end)
    + " | " + ([0, 1, -1] | map(. as $at | [$apart[][$at].distance] | mean
      | if . == null then "-" else . * 100 | round | tostring + " %" end) | join(", "))
    + " | \([.seeds[].load.dead // empty] | mean | digits(1)) |"' "$experiment/results.json"
