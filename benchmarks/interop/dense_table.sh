# What dense.sh and real_dense.sh have in common; they set $here and source this file. It makes a
# directory for their files, $work, which goes with the script.
python=${INTEROP_PYTHON:-$here/.venv/bin/python}
python4=${INTEROP_PYTHON4:-$here/.venv4/bin/python}
python_vllm=${INTEROP_PYTHON_VLLM:-$here/.venv_vllm/bin/python}
cambium=$here/../../cambium
for interpreter in "$python" "$python4"; do
  [ -x "$interpreter" ] || { echo "no $interpreter: run $here/setup.sh first" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/results" "$work/printed" "$work/logits"

# Every row of $work/cases; what fails stands in the table.
upcycle_all() {
  local name source engines options
  while read -r name source engines options; do
    # shellcheck disable=SC2086 # several options in one variable
    "$cambium" upcycle "$work/$source" "$work/results/$name" $options \
      >"$work/printed/$name" 2>&1 </dev/null || true
  done <"$work/cases"
}

# print_table ENGINE...: runs the results in each, transformers 5 first, and prints what came out.
print_table() {
  local engine interpreter
  for engine in "$@"; do
    case $engine in
      transformers4) interpreter=$python4 ;;
      vllm) interpreter=$python_vllm ;;
      *) interpreter=$python ;;
    esac
    if [ -x "$interpreter" ]; then
      "$interpreter" "$here/dense_check.py" run "$engine" "$work"
    else
      echo "no $interpreter" >"$work/$engine.missing"
    fi
  done
  "$python" "$here/dense_check.py" table "$work"
}
