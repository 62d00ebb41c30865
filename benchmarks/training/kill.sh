#!/usr/bin/env bash
# Is a run that is killed and resumed, again and again, the run that nobody disturbed? Kills a small
# run with a growth step by SIGKILL at random moments, from the start of the program on, and compares
# each run that comes to its end with the undisturbed one: weights, moments, manifest and log, byte
# for byte but for wall time.
# usage: kill.sh [KILLS] [SEED]     default: 50 kills, seed 1
set -euo pipefail
cambium=${CAMBIUM:-$(cd "$(dirname "$0")/../.." && pwd)/cambium}
kills=${1:-50}
RANDOM=${2:-1}
. "$(dirname "$0")/small_run.sh"

start() { # run directory, further arguments; takes the place of the shell that a kill would hit
  exec "$cambium" train "$yaml" --out "$@" > "$work/log" 2>&1
}

now() { # in milliseconds
  date +%s%3N
}

make_run 120 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
begin=$(now)
(start "$work/whole")
milliseconds=$(($(now) - begin))
echo "undisturbed: $((milliseconds / 1000)) s"

done=0 run=0 finished=0 resume=
while [ "$done" -lt "$kills" ]; do
  start "$work/run-$run" $resume &
  pid=$!
  moment=$(($(now) + RANDOM * milliseconds / 32768))
  while [ "$(now)" -lt "$moment" ] && [ -n "$(jobs -r)" ]; do
    sleep 0.01
  done
  if [ -n "$(jobs -r)" ] && kill -KILL "$pid"; then
    done=$((done + 1))
    step=$(tail -1 "$work/run-$run/metrics.jsonl" 2> /dev/null | sed -E 's/.*"step":([0-9]+).*/\1/' || true)
    echo "kill $done: run $run after step ${step:-none}"
  fi
  if wait "$pid" 2> /dev/null; then
    same_end "$work/whole" "$work/run-$run" || { echo "run $run ended differently" >&2; exit 1; }
    finished=$((finished + 1)) run=$((run + 1)) resume=
  elif [ -e "$work/run-$run/run.yaml" ]; then
    resume=--resume
  fi
done
(start "$work/run-$run" $resume) || { cat "$work/log" >&2; exit 1; }
same_end "$work/whole" "$work/run-$run" || { echo "run $run ended differently" >&2; exit 1; }
echo "$done kills over $((finished + 1)) runs: every run ended with the same bytes"
