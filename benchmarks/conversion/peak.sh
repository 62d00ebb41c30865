#!/usr/bin/env bash
# Runs a command and prints how long it took and the most memory its processes had at once without
# the system's cache: RssAnon + RssShmem, looked at ten times a second. Linux.
# usage: peak.sh COMMAND...
set -uo pipefail
start=$(date +%s.%N)
"$@" &
pid=$!
peak=0
while kill -0 "$pid" 2>/dev/null; do
  now=0
  for process in "$pid" $(pgrep -P "$pid" || true); do
    kilobytes=$(awk '/^Rss(Anon|Shmem)/ { sum += $2 } END { print sum + 0 }' "/proc/$process/status" 2>/dev/null || echo 0)
    now=$((now + kilobytes))
  done
  [ "$now" -le "$peak" ] || peak=$now
  sleep 0.1
done
wait "$pid"
code=$?
awk -v s="$start" -v e="$(date +%s.%N)" -v p="$peak" \
  'BEGIN { printf "%.1f s, peak %.0f MB beside the cache\n", e - s, p / 1e3 }'
exit "$code"
