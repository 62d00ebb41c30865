#!/usr/bin/env bash
# Do several processes compute what one does? Trains the same small run, which grows on the way, with
# one process, with 2 and 4 that share the batch (data parallelism), the experts too (expert
# parallelism), or the experts two and two (both), for 20 steps, without and with a load-balancing
# loss, and compares the loss of each step; one of these runs is made again, and must leave the same
# bytes. Then counts the bytes that go over the network, in a namespace of its own, against the formula
# of docs/distributed.md. Linux.
# usage: equal.sh
set -euo pipefail
cambium=${CAMBIUM:-$(cd "$(dirname "$0")/../.." && pwd)/cambium}
. "$(dirname "$0")/../training/small_run.sh"
. "$(dirname "$0")/ranks.sh"
make_run 20 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
rm -r "$work/model"
"$cambium" init "$work/model" --hidden 32 --layers 3 --heads 2 --kv-heads 1 --head-dim 16 \
  --experts 5 --ffn 24 --dense-ffn 48 --vocab 270 --context 64 > "$work/log" 2>&1
# All sequences at a time, so that the loads in the loss are those of the whole batch.
settings=(--set workers=1 --set "batch={sequences: 6, length: 32, micro_batch: 6}"
  --set growth.experts=11)

losses() { # run
  sed -nE 's/.*"event":"train","step":([0-9]+),.*"loss":([^,]*),.*/\1 \2/p' "$work/$1/metrics.jsonl"
}

# Number of ranks, and how many of them share the experts.
forms=("2 1" "4 1" "2 2" "4 4" "4 2")
for auxiliary in 0 0.01; do
  ranks 1 "run-$auxiliary" "${settings[@]}" --set "balance.aux_loss=$auxiliary"
  all_done "run-$auxiliary"
  for form in "${forms[@]}"; do
    read -r size sharing <<< "$form"
    run=run-$auxiliary-$size-$sharing
    ranks "$size" "$run" "${settings[@]}" --set "balance.aux_loss=$auxiliary" \
      --set "distributed.expert_parallel_size=$sharing"
    all_done "$run"
    paste <(losses "run-$auxiliary") <(losses "$run") |
      awk -v size="$size" -v sharing="$sharing" -v auxiliary="$auxiliary" '
        { d = $2 - $4; d = d < 0 ? -d : d; worst = d > worst ? d : worst }
        END {
          printf "aux_loss %s, %d ranks, experts shared by %d: %d steps, losses differ by at most %.1e\n",
            auxiliary, size, sharing, NR, worst
          exit !(NR == 20 && worst < 1e-4)
        }'
  done
done

ranks 4 again "${settings[@]}" --set balance.aux_loss=0.01 --set distributed.expert_parallel_size=2
all_done again
same_end "$work/run-0.01-4-2" "$work/again"
echo "4 ranks, experts shared by 2: the same bytes again"

# All that goes over the loopback interface of a namespace of its own.
bytes() { # steps, ranks, how many of them share the experts
  unshare -rn bash -c '
    set -euo pipefail
    cambium=$1 work=$2 yaml=$3
    . "$4"
    ip link set lo up
    ranks "$6" "bytes-$5-$6-$7" --set "steps=$5" --set growth=null \
      --set "distributed.expert_parallel_size=$7" "${@:8}"
    all_done "bytes-$5-$6-$7"
    awk "/lo:/ { print \$10 }" /proc/net/dev
  ' - "$cambium" "$work" "$yaml" "$(dirname "$0")/ranks.sh" "$@" \
    --set model="$work/larger" --set workers=1 --set checkpoint.every=1000 \
    --set "batch={sequences: 8, length: 64, micro_batch: 8}" --set evaluate.every=1000
}
# 2 routing layers of 8 experts, 2 for each token; 8 * 64 tokens a step.
"$cambium" init "$work/larger" --hidden 64 --layers 3 --heads 2 --kv-heads 1 --head-dim 32 \
  --experts 8 --ffn 64 --dense-ffn 128 --vocab 270 --context 64 > "$work/log" 2>&1
layers=2 experts=8 chosen=2 hidden=64 tokens=512
read -r parameters active < <("$cambium" inspect "$work/larger" |
  sed -nE 's/^ *parameters +([0-9,]+), active ([0-9,]+).*/\1 \2/p' | tr -d ,)
[ "$parameters" -gt 0 ]
routed=$(((parameters - active) / (experts - chosen) * experts))
for form in "${forms[@]}"; do
  read -r size sharing <<< "$form"
  few=$(bytes 5 "$size" "$sharing")
  many=$(bytes 25 "$size" "$sharing")
  awk -v N="$size" -v P="$sharing" -v sent=$((many - few)) -v all="$parameters" -v routed="$routed" \
    -v L=$layers -v T=$tokens -v K=$chosen -v D=$hidden 'BEGIN {
    gradients = 4 * (2 * (N - 1) * (all - routed) + 2 * (N / P - 1) * routed)
    travelling = 16 * L * T * K * D * (P - 1) / P
    formula = gradients + travelling
    printf "%d ranks, experts shared by %d: %.0f bytes a step over all, formula %.0f (gradients %.0f, tokens %.0f): %+.1f %%\n",
      N, P, sent / 20, formula, gradients, travelling, 100 * (sent / 20 / formula - 1)
  }'
done
