#!/usr/bin/env bash
# Kills a conversion with SIGKILL at random moments and lets it go on, until it is done: the result
# must equal that of an uninterrupted run, and of one with another number of threads, byte for byte.
# usage: kill.sh SOURCE DIRECTORY [KILLS]    50 kills unless told; DIRECTORY is for the results
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=${1:?usage: kill.sh SOURCE DIRECTORY [KILLS]}
work=$(mkdir -p "${2:?usage: kill.sh SOURCE DIRECTORY [KILLS]}" && cd "$2" && pwd)
kills=${3:-50}
RANDOM=1
trap 'rm -rf "$work"/{whole,one,killed}{,.partial}' EXIT
upcycle() { # exec, so that it is the Java machine that is killed
  exec "$here/../../cambium" upcycle "$source" "$work/$1" --experts 8 --init duplicate-noise --verify bytes "${@:2}"
}

start=$(date +%s%N)
(upcycle whole) > "$work/log"
milliseconds=$((($(date +%s%N) - start) / 1000000))
echo "uninterrupted: $((milliseconds / 1000)).$((milliseconds / 100 % 10)) s"
(upcycle one --threads 1) > "$work/log"
diff -r "$work/whole" "$work/one"
echo "one thread: the same bytes"

done=0
rounds=0
while [ "$done" -lt "$kills" ]; do
  upcycle killed --resume > "$work/log" 2>&1 &
  pid=$!
  sleep "$(awk -v ms="$milliseconds" -v r="$RANDOM" 'BEGIN { print ms / 1000 * r / 32768 }')"
  if kill -KILL "$pid" 2> /dev/null; then
    done=$((done + 1))
    wait "$pid" 2> /dev/null || true
  fi
  if [ -e "$work/killed" ]; then
    diff -r "$work/whole" "$work/killed"
    rounds=$((rounds + 1))
    rm -rf "$work/killed"
  fi
done
(upcycle killed --resume) | grep '^wrote'
diff -r "$work/whole" "$work/killed"
echo "killed $done times, finished $((rounds + 1)) times: the same bytes every time"
