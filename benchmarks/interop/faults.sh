#!/usr/bin/env bash
# Gives the same faulty checkpoint directories to transformers 5 and 4 and to `cambium inspect
# --check`, and prints a table of what each makes of them.
#   INTEROP_PYTHON, INTEROP_PYTHON4   as for run.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=${INTEROP_PYTHON:-$here/.venv/bin/python}
python4=${INTEROP_PYTHON4:-$here/.venv4/bin/python}
cambium=$here/../../cambium
golden=$here/../../checkpoint/src/test/resources/goldens/mixtral
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/faults"
"$python" "$here/faults.py" make "$golden" "$work/faults"
"$python" "$here/faults.py" load "$golden" "$work/faults" 2>/dev/null >"$work/five"
"$python4" "$here/faults.py" load "$golden" "$work/faults" 2>/dev/null | cut -f2 >"$work/four"
echo "| directory | transformers $("$python" -c 'import transformers; print(transformers.__version__)') | transformers $("$python4" -c 'import transformers; print(transformers.__version__)') | Cambium |"
echo "|---|---|---|---|"
paste "$work/five" "$work/four" | while IFS=$'\t' read -r name five four; do
  said=$("$cambium" inspect --check "$work/faults/$name" | sed -n 's/^\(fault\|warning\): /\1: /p' | paste -sd';' | sed 's/;/; /g' || true)
  echo "| $name | $five | $four | ${said:-no fault} |"
done
