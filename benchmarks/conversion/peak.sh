#!/usr/bin/env bash
# Runs a command and prints how long it took and the most memory its processes had at once without
# the system's cache: RssAnon + RssShmem, looked at ten times a second, by the shell alone, since
# programs started so often would take a tenth of two cores from what is measured. Linux.
# usage: peak.sh COMMAND...
set -uo pipefail
start=$(date +%s.%N)
"$@" &
pid=$!
exec {never}<> <(:)

kilobytes() { # process: of itself and of its children
  local key value _ child children=() sum=0
  while read -r key value _; do
    case $key in RssAnon: | RssShmem:) sum=$((sum + value)) ;; esac
  done 2>/dev/null < "/proc/$1/status"
  read -r -a children 2>/dev/null < "/proc/$1/task/$1/children"
  total=$((total + sum))
  for child in "${children[@]}"; do
    kilobytes "$child"
  done
}

peak=0
while kill -0 "$pid" 2>/dev/null; do
  total=0
  kilobytes "$pid"
  [ "$total" -le "$peak" ] || peak=$total
  read -r -t 0.1 -u "$never" || true
done
wait "$pid"
code=$?
awk -v s="$start" -v e="$(date +%s.%N)" -v p="$peak" \
  'BEGIN { printf "%.1f s, peak %.0f MB beside the cache\n", e - s, p / 1e3 }'
exit "$code"
