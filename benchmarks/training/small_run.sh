# A small run with a growth step, for checks of what happens to runs: text of two alphabets, its
# tokens, a model of 3 experts that grows to 7. Sourced; sets $work and $yaml, and needs $cambium.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
yaml=$work/run.yaml

write_text() { # seed, first letter's code, letters
  awk -v seed="$1" -v first="$2" -v count="$3" 'BEGIN {
    srand(seed)
    for (i = 0; i < 48000; i++) printf "%s", rand() < 0.2 ? " " : sprintf("%c", first + int(rand() * count))
  }'
}

make_run() { # steps
  mkdir -p "$work/text/letters" "$work/text/digits"
  for i in 1 2 3 4; do
    write_text "$i" 97 26 > "$work/text/letters/$i.txt"
    write_text "$((i + 9))" 48 10 > "$work/text/digits/$i.txt"
  done
  "$cambium" tokenize "$work/text" --out "$work/corpus" --train-vocab 270
  "$cambium" init "$work/model" --hidden 32 --layers 2 --heads 2 --kv-heads 1 --head-dim 16 \
    --experts 3 --ffn 24 --dense-ffn 48 --vocab 270 --context 64
  cat > "$yaml" <<YAML
model: $work/model
data: $work/corpus
steps: $1
workers: 2
batch: {sequences: 5, length: 32, micro_batch: 2}
evaluate: {every: 25, sequences: 3}
checkpoint: {every: 15, keep: 2}
release: {window: 0.5, hold: 0.2}
growth: {at: 0.3, experts: 7, calibration_batches: 2}
YAML
}

same_end() { # run, run: weights, moments and everything else but wall time
  local last
  last=$(ls "$1/checkpoints" | grep -v grown | tail -1)
  diff -r --exclude trainer.json "$1/checkpoints/$last" "$2/checkpoints/$last" \
    && diff <(without_time "$1") <(without_time "$2")
}

without_time() {
  sed -E 's/"(tokens_per_second|seconds)":[^,]*,//g' "$1/metrics.jsonl"
}
