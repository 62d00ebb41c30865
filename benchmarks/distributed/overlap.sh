#!/usr/bin/env bash
# What it brings that tokens travel while the shared expert computes: seconds per step of two ranks
# that share 8 experts beside a shared one, on a loopback that is limited to a rate, with this build
# and with another, such as that of the last commit before the overlap, 2a58d13. In turns, in a network
# namespace of its own. Random weights and text.
# usage: overlap.sh OTHER_CAMBIUM [ROUNDS]     default: 3
set -euo pipefail
other=${1:?usage: overlap.sh OTHER_CAMBIUM [ROUNDS]}
[ "${INSIDE:-}" ] || INSIDE=1 exec unshare -rn "$0" "$@"
cambium=${CAMBIUM:-$(cd "$(dirname "$0")/../.." && pwd)/cambium}
this=$cambium
. "$(dirname "$0")/../training/small_run.sh"
. "$(dirname "$0")/ranks.sh"
make_run 24 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
"$cambium" init "$work/large" --hidden 256 --layers 4 --heads 4 --kv-heads 2 --head-dim 64 --experts 8 \
  --ffn 512 --shared 2 --dense-ffn 1024 --vocab 4096 --context 256 > "$work/log" 2>&1
settings=(--set growth=null --set "model=$work/large" --set evaluate.every=1000 --set workers=1
  --set "batch={sequences: 16, length: 256, micro_batch: 8}" --set distributed.expert_parallel_size=2)

seconds() { # run: of a step
  speed "$1" 11 | awk '{ printf "%.3f", 16 * 256 / $1 }'
}

ip link set lo up
for rate in none 1gbit; do
  tc qdisc del dev lo root 2> /dev/null || true
  [ $rate = none ] || tc qdisc add dev lo root tbf rate $rate burst 1mb latency 500ms
  for ((round = 1; round <= ${2:-3}; round++)); do
    for build in other this; do
      cambium=${!build}
      ranks 2 "run-$rate-$round-$build" "${settings[@]}"
      all_done "run-$rate-$round-$build"
      echo "limit $rate, $build build: $(seconds "run-$rate-$round-$build") s a step"
    done
  done
done
