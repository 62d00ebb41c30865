#!/usr/bin/env bash
# What happens when a rank is lost: killed, stopped, hung, or cut off from the network. Each time one
# of the ranks of a small run is lost in the middle of it, the others must end within 30 seconds and
# name it; then the run goes on with other ranks, which share the experts or do not, and at last comes
# to its end in one process. To hang, a debugger holds the thread that trains, while all others of that
# process go on. To be cut off, each rank has a network namespace of its own behind a bridge, which
# takes root; without, that part is left out.
# usage: lost.sh
set -euo pipefail
command -v jdb > /dev/null || { echo "no jdb, which comes with a JDK: put it on the PATH" >&2; exit 2; }
cambium=${CAMBIUM:-$(cd "$(dirname "$0")/../.." && pwd)/cambium}
. "$(dirname "$0")/../training/small_run.sh"
. "$(dirname "$0")/ranks.sh"
make_run 4000 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
settings=(--set workers=1 --set "growth.at=20" --set evaluate.every=1000 --set checkpoint.every=50)

lose() { # ranks, how many of them share the experts, victim, what happens to it, command for that
  local size=$1 sharing=$2 victim=$3 what=$4 rank begin from
  shift 4
  from=$(last_step run)
  ranks "$size" run "${settings[@]}" --set "distributed.expert_parallel_size=$sharing" $resume
  resume=--resume
  await_step run $((${from:-0} + 120))
  begin=$(date +%s%3N)
  "$@" "${pids[$victim]}"
  echo "rank $victim of $size $what, experts shared by $sharing"
  for rank in "${!pids[@]}"; do
    [ "$rank" = "$victim" ] && continue
    timeout 30 tail --pid="${pids[$rank]}" -f /dev/null || { echo "rank $rank still runs" >&2; exit 1; }
    if wait "${pids[$rank]}"; then echo "rank $rank ended as if nothing were" >&2; exit 1; fi
    echo "  rank $rank after $(($(date +%s%3N) - begin)) ms: $(grep error: "$work/run-$rank.log")"
    grep -q "error: rank $victim (" "$work/run-$rank.log" || exit 1
  done
  kill -KILL "${pids[$victim]}" 2> /dev/null || true
  wait "${pids[$victim]}" 2> /dev/null || true
}

# Also where a check fails: a rank that hangs would stay.
end_all() { kill -KILL "${pids[@]}" 2> /dev/null || true; rm -rf "$work"; }
trap end_all EXIT

resume=
lose 3 1 1 killed kill -KILL
lose 4 2 0 killed kill -KILL
lose 4 2 3 killed kill -KILL
lose 2 2 1 stopped kill -STOP
lose 3 1 0 stopped kill -STOP
lose 3 3 0 stopped kill -STOP

# The thread that trains is held where it would begin the next step.
debugged=7411
enter() {
  [ "$1" != "$victim" ] ||
    export CAMBIUM_JAVA_OPTS="${CAMBIUM_JAVA_OPTS:-} -agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:$debugged"
  shift
  exec "$@"
}
hang() { # process
  (echo "stop thread in io.cambium.training.TrainingStep.run"; tail --pid="$1" -f /dev/null) |
    jdb -attach 127.0.0.1:$debugged > "$work/jdb.log" 2>&1 &
}
settings+=(--set distributed.timeout_minutes=0.1)
for victim in 1 0; do lose 3 3 $victim hung hang; done

# A bridge, and a namespace on it for each rank.
bridge=cambium0
take_down() {
  for rank in 0 1 2; do ip netns del cambium-$rank 2> /dev/null || true; done
  ip link del $bridge 2> /dev/null || true
  end_all
}
cut_off() { ip link set "cambium-v$victim" down; }
if [ "$(id -u)" = 0 ] && ip link add $bridge type bridge 2> /dev/null; then
  trap take_down EXIT
  ip link set $bridge up
  for rank in 0 1 2; do
    ip netns add cambium-$rank
    ip link add cambium-v$rank type veth peer name eth0 netns cambium-$rank
    ip link set cambium-v$rank master $bridge up
    ip -n cambium-$rank link set lo up
    ip -n cambium-$rank addr add 10.211.0.$((rank + 1))/24 dev eth0
    ip -n cambium-$rank link set eth0 up
  done
  enter() { local rank=$1; shift; exec ip netns exec "cambium-$rank" "$@"; }
  master=10.211.0.1
  for victim in 2 0; do
    lose 3 3 $victim "cut off from the network" cut_off
    ip link set "cambium-v$victim" up
  done
else
  echo "no network namespaces: cutting a rank off is left out"
fi

"$cambium" train "$yaml" --out "$work/run" "${settings[@]}" --resume > "$work/log" 2>&1 \
  || { cat "$work/log" >&2; exit 1; }
grep -E "ranks:|expert_parallel_size:" "$work/log"
tail -1 "$work/log"
