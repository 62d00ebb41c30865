#!/usr/bin/env bash
# Does native memory stay flat over a long run? Trains 2,000 short steps, with evaluations,
# checkpoints and a growth step, and prints the process's resident memory on the way. Linux.
# usage: flat.sh DEMO_DIR     a finished demo, whose fresh model and corpus it takes
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
demo=$(cd "${1:?usage: flat.sh DEMO_DIR}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/run.yaml" <<YAML
model: $demo/models/fresh-8
data: $demo/corpus
steps: 2000
batch: {sequences: 2, length: 64, micro_batch: 1}
evaluate: {every: 250, sequences: 2}
checkpoint: {every: 250, keep: 2}
growth: {at: 400, experts: 32}
YAML
"$here/../../cambium" train "$work/run.yaml" --out "$work/run" > "$work/log" 2>&1 &
pid=$!
last=0
while kill -0 "$pid" 2> /dev/null; do
  steps=$(grep -c '"event":"train"' "$work/run/metrics.jsonl" 2> /dev/null || true)
  resident=$(awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status" 2> /dev/null || true)
  if [ "${steps:-0}" -ge $((last + 200)) ] && [ -n "$resident" ]; then
    echo "step $steps: $resident MB"
    last=$steps
  fi
  sleep 0.2
done
wait "$pid" || { cat "$work/log" >&2; exit 1; }
