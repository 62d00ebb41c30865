#!/usr/bin/env bash
# Makes experts of a real pretrained model, SmolLM2-135M-Instruct, and compares logits and loss on
# real text with the dense model's, in Cambium, transformers 5 (in fp64
# too) and 4, llama.cpp and vLLM: one table. Then
# makes experts that differ, and grows them. Writes some gigabytes for a while.
# usage: real_dense.sh REAL_DIR MODEL_DIR
#   REAL_DIR                          has LICENSE, the text
#   MODEL_DIR                         the checkpoint, with its tokenizer
#   INTEROP_PYTHON, INTEROP_PYTHON4   as for run.sh
#   INTEROP_PYTHON_VLLM               an interpreter with vLLM; without one its column stays empty
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
usage="usage: real_dense.sh REAL_DIR MODEL_DIR"
real=${1:?$usage}
model=$(cd "${2:?$usage}" && pwd)
. "$here/dense_table.sh"

mkdir "$work/sources"
ln -s "$model" "$work/sources/dense"
"$python" "$here/dense_check.py" ids "$work" --text "$real/LICENSE" --tokenizer "$model"
# llama.cpp never normalises the weights of qwen2_moe.
all=transformers5,transformers5-fp64,transformers4,cambium,llama.cpp,vllm
cat >"$work/cases" <<CASES
mixtral-4 sources/dense $all --family mixtral --experts 4
mixtral-8 sources/dense $all --family mixtral --experts 8
mixtral-4x2 sources/dense $all --family mixtral --experts 4 --granularity 2
granitemoe-4 sources/dense $all --family granitemoe --experts 4
granitemoe-8 sources/dense $all --family granitemoe --experts 8
glm4_moe-4 sources/dense $all --family glm4_moe --experts 4 --layers 10:
qwen2_moe-4 sources/dense transformers5,transformers5-fp64,transformers4,cambium,vllm --family qwen2_moe --experts 4 --layers 10:
cold-12 results/drop-4 $all --experts 12
CASES
# It is not its source: experts that differ are another function.
"$cambium" upcycle "$model" "$work/results/drop-4" --family glm4_moe --experts 4 --init drop --seed 3
upcycle_all
while read -r name _ _ _; do
  # What could not be made stands in the table.
  [ -d "$work/results/$name" ] || continue
  for ids in "$work"/ids-*.safetensors; do
    tokens=$(basename "$ids" .safetensors)
    "$cambium" logits "$work/results/$name" --input "$ids" \
      --output "$work/logits/$name-${tokens#ids-}.safetensors" >/dev/null
  done
done <"$work/cases"
print_table transformers5 transformers5-fp64 transformers4 cambium llama.cpp vllm
