#!/usr/bin/env bash
# What several processes on one machine cost: tokens per second and peak memory of one process with
# two workers, of two processes with one worker each, and of two that share the experts, in turns. A
# model of 8 experts and one of 64; random weights and text.
# usage: throughput.sh [ROUNDS]     default: 2
set -euo pipefail
cambium=${CAMBIUM:-$(cd "$(dirname "$0")/../.." && pwd)/cambium}
. "$(dirname "$0")/../training/small_run.sh"
. "$(dirname "$0")/ranks.sh"
make_run 40 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }

peak() { # of the ranks that run, until the last ends: the most memory that one takes, in kB
  local most=0 now=0
  while [ -n "$now" ]; do
    now=$(for pid in "${pids[@]}"; do
      awk '/VmHWM/ { print $2 }' "/proc/$pid/status" 2> /dev/null || true
    done | sort -n | tail -1)
    most=$((${now:-0} > most ? ${now:-0} : most))
    sleep 0.2
  done
  echo "$most"
}

for experts in 8 64; do
  "$cambium" init "$work/model-$experts" --hidden 256 --layers 4 --heads 4 --kv-heads 2 --head-dim 64 \
    --experts $experts --ffn 512 --dense-ffn 1024 --vocab 4096 --context 256 > "$work/log" 2>&1
  settings=(--set growth=null --set "model=$work/model-$experts" --set evaluate.every=1000
    --set "batch={sequences: 16, length: 256, micro_batch: 8}")
  for ((round = 1; round <= ${1:-2}; round++)); do
    for form in "1 1" "2 1" "2 2"; do
      read -r size sharing <<< "$form"
      name=run-$experts-$round-$size-$sharing
      ranks $size "$name" "${settings[@]}" --set workers=$((2 / size)) \
        --set distributed.expert_parallel_size=$sharing
      most=$(peak)
      all_done "$name"
      printf '%s experts, %s process(es), %s worker(s) each, experts shared by %s: %.0f tokens/s, %d MB at most\n' \
        $experts $size $((2 / size)) $sharing "$(speed "$name" 15)" $((most / 1024))
    done
  done
done
