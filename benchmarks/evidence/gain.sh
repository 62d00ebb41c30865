#!/usr/bin/env bash
# How much lower the arms' final losses are than BASE's, in nats: seed by seed, and the mean with its
# 95 % interval (Student's t, paired by seed). The second table of docs/results.md, and its pairs.
# Needs jq.
# usage: gain.sh EXPERIMENT BASE ARM...     from three to five seeds
set -euo pipefail
experiment=${1:?usage: gain.sh EXPERIMENT BASE ARM...}
base=${2:?usage: gain.sh EXPERIMENT BASE ARM...}
shift 2
jq -L "$(dirname "$0")" --raw-output --arg base "$base" '
  include "numbers";
  def quantile: {"3": 4.303, "4": 3.182, "5": 2.776}[tostring];
  (.arms | map({key: .arm, value: (.seeds | map({key: (.seed | tostring), value: .mean_loss})
    | from_entries)}) | from_entries) as $loss
  | $ARGS.positional[]
  | . as $arm
  | [$loss[$base] | to_entries[] | .value - $loss[$arm][.key]] as $gain
  | ($gain | length) as $n
  | ($gain | add / $n) as $mean
  | (($gain | map(pow(. - $mean; 2)) | add) / ($n - 1) / $n | sqrt) as $error
  | "| \($arm) | \($gain | map(digits(4)) | join(" | ")) | \($mean | digits(4)) ± \($error * ($n | quantile) | digits(4)) |"
  ' "$experiment/results.json" --args "$@"
