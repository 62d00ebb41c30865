#!/usr/bin/env bash
# Trains with --dashboard and looks at the page with headless Chromium meanwhile (check.mjs).
# usage: check.sh DEMO_DIR [SCREENSHOTS]    a finished demo, whose fresh model and corpus it takes
# Needs Node 20 or newer, and Chromium (CHROMIUM names another binary).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
demo=$(cd "${1:?usage: check.sh DEMO_DIR [SCREENSHOTS]}" && pwd)
work=$(mktemp -d)
screenshots=${2:-$work/screenshots}
cat > "$work/run.yaml" <<YAML
model: $demo/models/fresh-8
data: $demo/corpus
steps: 400
batch: {sequences: 16, length: 128, micro_batch: 4}
optimizer: {learning_rate: 3.0e-3}
evaluate: {every: 20, sequences: 4}
alarms: {dead_experts: {steps: 40}}
growth: {at: 120, experts: 32}
YAML
"${CAMBIUM:-$here/../../cambium}" train "$work/run.yaml" --out "$work/run" --dashboard=0 2> "$work/log" &
training=$!
trap 'kill "$training" 2> /dev/null || true' EXIT
until grep -q "step 160: validation" "$work/log" 2> /dev/null; do
  kill -0 "$training" || { cat "$work/log" >&2; exit 1; }
  sleep 1
done
url=$(sed -n 's/^dashboard: //p' "$work/log")
node --experimental-websocket "$here/check.mjs" "$url" "$screenshots"
