#!/usr/bin/env bash
# Makes experts of dense checkpoints of every family, and has transformers 5, transformers 4,
# llama.cpp and vLLM confirm that the results compute what their sources do: one table, a row for
# each source, family and set of options. Fails where one of them differs or misses a tensor.
# usage: dense.sh [TEXT [ENGINE...]]
#   TEXT                              only rows whose name has it, such as qwen2_granitemoe; or ""
#   ENGINE                            transformers5 first, then only these, such as llama.cpp
#   INTEROP_PYTHON, INTEROP_PYTHON4   as for run.sh
#   INTEROP_PYTHON_VLLM               an interpreter with vLLM; without one its column stays empty
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/dense_table.sh"

"$python" "$here/dense_cases.py" "${1:-}" >"$work/cases"
"$python" "$here/dense_models.py" "$work/sources"
"$python" "$here/dense_check.py" ids "$work"
upcycle_all
# Threads of models this small only wait for each other.
export OMP_NUM_THREADS=1
shift $(($# > 0 ? 1 : 0))
[ $# -gt 0 ] || set -- transformers5 transformers4 llama.cpp vllm
print_table "$@"
