#!/usr/bin/env bash
# Do several processes compute what one does? Trains the same small run, which grows on the way, with
# 1, 2 and 4 processes for 20 steps, without and with a load-balancing loss, and compares the loss of
# each step; then counts the bytes that go over the network, in a namespace of its own, against the
# formula. Linux.
# usage: equal.sh
set -euo pipefail
cambium=${CAMBIUM:-$(cd "$(dirname "$0")/../.." && pwd)/cambium}
. "$(dirname "$0")/../training/small_run.sh"
. "$(dirname "$0")/ranks.sh"
make_run 20 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
# All sequences at a time, so that the loads in the loss are those of the whole batch.
settings=(--set workers=1 --set "batch={sequences: 6, length: 32, micro_batch: 6}")

losses() { # run
  sed -nE 's/.*"event":"train","step":([0-9]+),.*"loss":([^,]*),.*/\1 \2/p' "$work/$1/metrics.jsonl"
}

for auxiliary in 0 0.01; do
  for size in 1 2 4; do
    ranks "$size" "run-$auxiliary-$size" "${settings[@]}" --set "balance.aux_loss=$auxiliary"
    all_done "run-$auxiliary-$size"
  done
  for size in 2 4; do
    paste <(losses "run-$auxiliary-1") <(losses "run-$auxiliary-$size") |
      awk -v size="$size" -v auxiliary="$auxiliary" '
        { d = $2 - $4; d = d < 0 ? -d : d; worst = d > worst ? d : worst }
        END {
          printf "aux_loss %s, %d ranks: %d steps, losses differ by at most %.1e\n", auxiliary, size, NR, worst
          exit !(NR == 20 && worst < 1e-4)
        }'
  done
done

# All that goes over the loopback interface of a namespace of its own.
bytes() { # ranks, steps
  unshare -rn bash -c '
    set -euo pipefail
    cambium=$1 work=$2 yaml=$3
    . "$4"
    ip link set lo up
    ranks "$5" "bytes-$5-$6" --set "steps=$6" --set growth=null "${@:7}"
    all_done "bytes-$5-$6"
    awk "/lo:/ { print \$10 }" /proc/net/dev
  ' - "$cambium" "$work" "$yaml" "$(dirname "$0")/ranks.sh" "$1" "$2" \
    "${settings[@]}" --set evaluate.every=1000
}
parameters=$("$cambium" inspect "$work/model" | sed -nE 's/^ *parameters +([0-9,]+), active.*/\1/p' | tr -d ,)
[ "$parameters" -gt 0 ]
for size in 2 4; do
  few=$(bytes "$size" 5)
  many=$(bytes "$size" 25)
  awk -v size="$size" -v sent=$((many - few)) -v parameters="$parameters" 'BEGIN {
    formula = 2 * (size - 1) * 4 * parameters
    printf "%d ranks: %.0f bytes a step over all, formula 2 (N - 1) 4 P %.0f: %+.1f %%\n", size, sent / 20, formula, 100 * (sent / 20 / formula - 1)
  }'
done
