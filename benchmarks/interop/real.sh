#!/usr/bin/env bash
# Runs a real pretrained model, SmolLM2-135M-Instruct, and compares token ids, logits, loss and
# greedy continuation with what transformers computed on it. Fails where any of them differs, or no
# answer comes in chat form. usage: real.sh REAL_DIR MODEL_DIR [SHARDED_DIR]
#   REAL_DIR         reference.json, expected.safetensors, LICENSE
#   MODEL_DIR        the checkpoint, with its tokenizer
#   SHARDED_DIR      the same checkpoint in shards
#   INTEROP_PYTHON   an interpreter to use instead of the one that setup.sh makes
set -euo pipefail
usage="usage: real.sh REAL_DIR MODEL_DIR [SHARDED_DIR]"
real=${1:?$usage}
model=${2:?$usage}
sharded=${3:-}
. "$(dirname "$0")/common.sh"
check() { "$python" "$here/real_check.py" "$@" || failed=1; }
logits() { "$cambium" logits "$1" --input "$work/$2.safetensors" --output "$work/$3.safetensors" >/dev/null; }

"$python" "$here/real_check.py" texts "$real" "$work"
domains=()
for file in "$work"/*.jsonl; do
  domains+=(--domain "$(basename "$file" .jsonl)=$file")
done
"$cambium" tokenize "${domains[@]}" --tokenizer "$model/tokenizer.json" --out "$work/corpus" >/dev/null
check tokens "$real" "$work"

for directory in "$model" ${sharded:+"$sharded"}; do
  logits "$directory" expected-ids "logits-$(basename "$directory")"
  check logits "$real" "$work/logits-$(basename "$directory").safetensors"
done

logits "$model" windows-full logits-full
logits "$model" windows-last logits-last
check loss "$real" "$model" "$work"

"$cambium" generate "$model" --prompt "The capital of France is" --max-tokens 16 >"$work/greedy.txt"
check greedy "$real" "$work/greedy.txt"

answer=$("$cambium" generate "$model" --chat --prompt "What is the capital of France?" --max-tokens 20)
if [ -n "$answer" ]; then
  echo "ok answer in chat form: $answer"
else
  echo "FAILED answer in chat form: nothing was printed"
  failed=1
fi
exit $failed
