#!/usr/bin/env bash
# Is the memory that `train` plans what it then takes? Four short runs: many experts, a large
# vocabulary with long sequences, a growth on the way, and activations that are computed again.
# Prints the plan's peak, the highest anonymous resident memory of the process (mapped files are the
# page cache's), and their ratio. Linux.
# usage: plan.sh
set -euo pipefail
cambium=${CAMBIUM:-$(cd "$(dirname "$0")/../.." && pwd)/cambium}
. "$(dirname "$0")/../training/small_run.sh"
make_run 6 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }

measure() { # name, options of init, settings of the run
  local name=$1 pid now peak=0 planned
  # shellcheck disable=SC2086 # several options in one variable
  "$cambium" init "$work/$name" $2 > "$work/log" 2>&1
  cat > "$work/$name.yaml" <<YAML
model: $work/$name
data: $work/corpus
steps: 6
workers: 2
evaluate: {every: 3, sequences: 4}
checkpoint: {every: 6, keep: 1}
$3
YAML
  "$cambium" train "$work/$name.yaml" --out "$work/run-$name" > "$work/log" 2>&1 &
  pid=$!
  while now=$(awk '/RssAnon/ { print $2 }' "/proc/$pid/status" 2> /dev/null) && [ -n "$now" ]; do
    peak=$((now > peak ? now : peak))
    sleep 0.05
  done
  wait "$pid" || { cat "$work/log" >&2; exit 1; }
  planned=$(sed -n 's/^the run needs \([0-9.]*\) \([MG]B\), .*/\1 \2/p' "$work/log")
  awk -v name="$name" -v planned="$planned" -v peak="$peak" 'BEGIN {
    split(planned, p, " "); mb = p[1] * (p[2] == "GB" ? 1000 : 1)
    printf "%s: planned %.0f MB, peak %.0f MB, %+.0f %%\n", name, mb, peak * 1.024e-3, 100 * (peak * 1.024e-3 / mb - 1)
  }'
}

measure experts "--hidden 256 --layers 4 --heads 4 --kv-heads 2 --head-dim 64 --experts 64 --ffn 512
  --dense-ffn 1024 --vocab 4096 --context 256" \
  "batch: {sequences: 16, length: 256, micro_batch: 8}"
measure vocabulary "--hidden 384 --layers 6 --heads 6 --kv-heads 3 --head-dim 64 --experts 4 --ffn 768
  --dense-ffn 1536 --vocab 49152 --context 512" \
  "batch: {sequences: 8, length: 512, micro_batch: 2}"
measure growth "--hidden 256 --layers 6 --heads 4 --kv-heads 2 --head-dim 64 --experts 8 --ffn 384
  --dense-ffn 1024 --vocab 4096 --context 256" \
  "batch: {sequences: 16, length: 256, micro_batch: 4}
release: {window: 0.5}
growth: {at: 3, experts: 32}"
measure recompute "--hidden 256 --layers 8 --heads 8 --kv-heads 2 --head-dim 64 --experts 8 --ffn 256
  --dense-ffn 1024 --vocab 4096 --context 512" \
  "batch: {sequences: 8, length: 512, micro_batch: 4, recompute: true}"
