#!/usr/bin/env bash
# Makes the runs of an experiment small enough to keep beside the code: the log with every 100th
# step and every evaluation, numbers of six digits and those of routing of three, who routes where at
# the last evaluation only; run.yaml; the experiment's results. `cambium report` reads such runs as it
# reads whole ones. Needs jq.
# usage, where the experiment was started: thin.sh EXPERIMENT TARGET     what `cambium lab --out` left, and what to write
set -euo pipefail
experiment=${1:?usage: thin.sh EXPERIMENT TARGET}
target=${2:?usage: thin.sh EXPERIMENT TARGET}
runs=$experiment/runs

find "$runs" -name metrics.jsonl | sort | while read -r log; do
  run=$(dirname "$log")
  to=$target/runs/${run#"$runs/"}
  mkdir -p "$to"
  sed "s|: $PWD/|: |" "$run/run.yaml" > "$to/run.yaml"
  jq --compact-output --slurp '
    def short($digits): walk(if type == "number" and . != floor then
      (fabs | log10 | floor) as $size
      | pow(10; $digits - 1 - $size) as $by | (. * $by | round) / $by else . end);
    (map(select(.event == "evaluation")) | last | .step) as $last
    | (map(select(.event == "train")) | [first.step, last.step]) as $ends
    | .[]
    | select(.event != "train" or .step % 100 == 0 or (.step | IN($ends[])))
    | if .event == "evaluation" and .step != $last
      then .routing = {layers: [], domains: [], share: []} else . end
    | with_entries(.key as $key
      | .value |= short(if $key | IN("load", "balance", "max_vio_micro", "routing", "health")
        then 3 else 6 end))' "$log" > "$to/metrics.jsonl"
done
for file in results.json results.csv arms.csv; do
  [ ! -e "$experiment/$file" ] || cp "$experiment/$file" "$target/$file"
done
du -sh "$target" | cut -f 1
