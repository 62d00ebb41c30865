#!/usr/bin/env bash
# Makes experts of dense checkpoints of every family, and has transformers 5, transformers 4,
# llama.cpp and vLLM confirm that the results compute what their sources do: one table, a row for
# each source, family and set of options. Fails where one of them differs or misses a tensor.
# usage: dense.sh [TEXT]
#   TEXT                              only rows whose name has it, such as qwen2_granitemoe
#   INTEROP_PYTHON, INTEROP_PYTHON4   as for run.sh
#   INTEROP_PYTHON_VLLM               an interpreter with vLLM; without one the column stays empty
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=${INTEROP_PYTHON:-$here/.venv/bin/python}
python4=${INTEROP_PYTHON4:-$here/.venv4/bin/python}
python_vllm=${INTEROP_PYTHON_VLLM:-$here/.venv_vllm/bin/python}
for interpreter in "$python" "$python4"; do
  [ -x "$interpreter" ] || { echo "no $interpreter: run $here/setup.sh first" >&2; exit 2; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/cambium" "$work/results"
"$python" "$here/dense_models.py" "$work/sources"
while read -r name source family options; do
  # shellcheck disable=SC2086 # several options in one variable
  "$here/../../cambium" upcycle "$work/sources/$source" "$work/results/$name" --family "$family" $options \
    >"$work/cambium/$name" 2>&1 </dev/null || true
done < <("$python" "$here/dense_check.py" cases --only "${1:-}")

"$python" "$here/dense_check.py" run transformers5 "$work"
"$python4" "$here/dense_check.py" run transformers4 "$work"
"$python" "$here/dense_check.py" run llama.cpp "$work"
if [ -x "$python_vllm" ]; then
  "$python_vllm" "$here/dense_check.py" run vllm "$work"
else
  echo "no $python_vllm" >"$work/vllm.missing"
fi
"$python" "$here/dense_check.py" table "$work"
