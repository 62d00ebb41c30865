#!/bin/sh
# Provokes each alarm of a training run on purpose, on a model of a few thousand parameters that
# learns from this repository's documentation, and checks that each speaks, once for each occurrence.
#   benchmarks/alarms/provoke.sh [DIRECTORY]     (a few minutes; default: a temporary directory)
set -eu
cd "$(dirname "$0")/../.."
work=${1:-$(mktemp -d)}
mkdir -p "$work/text/docs"
for page in docs/*.md; do cp "$page" "$work/text/docs/$(basename "$page" .md).txt"; done
cambium=$PWD/cambium

[ -d "$work/corpus" ] || "$cambium" tokenize "$work/text" --out "$work/corpus" --train-vocab 300
init() {
  "$cambium" init "$1" --tokenizer "$work/corpus/tokenizer.json" --hidden 32 --layers 3 \
    --heads 2 --kv-heads 1 --head-dim 16 --experts "$2" --ffn 16 --dense-ffn 64 --context 64
}
[ -d "$work/four" ] || init "$work/four" 4
[ -d "$work/two" ] || init "$work/two" 2

cat >"$work/run.yaml" <<END
model: $work/four
data: $work/corpus
steps: 120
workers: 2
batch: {sequences: 8, length: 32, micro_batch: 4}
evaluate: {every: 20, sequences: 4}
checkpoint: {every: 1000, keep: 1}
END

# provoke EXIT-CODE NAME SETTING...: a run that must end with that code
provoke() {
  expected=$1 name=$2
  shift 2
  rm -rf "${work:?}/$name"
  echo "== $name: $*"
  for setting; do
    shift
    set -- "$@" --set "$setting"
  done
  code=0
  "$cambium" train "$work/run.yaml" --out "$work/$name" "$@" 2>"$work/$name.log" || code=$?
  grep -A1 -e ALARM -e error: "$work/$name.log" || true
  [ "$code" = "$expected" ] || {
    echo "error: exit code $code instead of $expected" >&2
    exit 1
  }
}

# spoke NAME ALARM: at least once, for what may come back
spoke() {
  grep -q "\"event\":\"alarm\".*\"alarm\":\"$2\"" "$work/$1/metrics.jsonl" || {
    echo "error: $2 did not speak in $work/$1" >&2
    exit 1
  }
}

# said NAME ALARM: it spoke exactly once
said() {
  times=$(grep -c "\"event\":\"alarm\".*\"alarm\":\"$2\"" "$work/$1/metrics.jsonl" || true)
  [ "$times" = 1 ] || {
    echo "error: $2 spoke $times times in $work/$1" >&2
    exit 1
  }
}

# A learning rate that rises until training cannot follow.
rising="optimizer.learning_rate=2 schedule.warmup=1 schedule.decay=0 optimizer.clip_norm=1000"
# shellcheck disable=SC2086
provoke 0 gradient $rising alarms.gradient_spike.window=20 alarms.loss_spike.rise=1000
spoke gradient gradient_spike
# shellcheck disable=SC2086
provoke 1 loss $rising alarms.loss_spike.window=20 alarms.loss_spike.stop=true
said loss loss_spike
[ -d "$work/loss/checkpoints/$(ls "$work/loss/checkpoints" | tail -1)" ]

# Routing collapse: six of eight experts have a selection bias below all scores, and no balancing
# raises it. A model grown by cold has it in its weights; without its manifest it stays there.
rm -rf "$work/collapsed"
"$cambium" upcycle "$work/two" "$work/collapsed" --experts 8 >/dev/null
rm "$work/collapsed/cambium.json"
provoke 0 collapse "model=$work/collapsed" balance.rate=0 \
  alarms.dead_experts.steps=50 alarms.overload.steps=50
said collapse dead_experts
said collapse overload

# Flat growth with nothing that parts the clones: both siblings of a lineage are chosen, always.
provoke 0 clones "growth={at: 20, experts: 8, mode: flat, bias_noise: 0}" \
  alarms.identical_clones.steps=60 alarms.coselection.steps=60
said clones identical_clones
said clones coselection

echo "every alarm spoke: once, and a spike of the gradient whenever there was one"
