#!/usr/bin/env bash
# How long commands take that do next to nothing: --help, and inspect of a checkpoint of 102 GB in 21
# shards (sparse files). Wall time of the whole command, the launcher's part included; the best of
# five. Wanted: --help in 0.4 s, and inspect in 0.5 s more than --help, which a JVM needs as well.
#   SCRATCH   where sparse files may be made; /tmp by default
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cambium=$here/../../cambium
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
work=$(mktemp -d "${SCRATCH:-/tmp}/cambium-startup.XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 "$here/sparse_mixtral.py" "$work/mixtral"
"$cambium" --version >/dev/null # builds where that is needed

best() {
  local best=999999 start took
  for _ in 1 2 3 4 5; do
    start=$(date +%s%N)
    "$cambium" "$@" >/dev/null
    took=$((($(date +%s%N) - start) / 1000000))
    if [ "$took" -lt "$best" ]; then best=$took; fi
  done
  echo "$best"
}

help=$(best --help)
inspect=$(best inspect "$work/mixtral")
check=$(best inspect --check "$work/mixtral")
du -h --apparent-size -s "$work/mixtral" | sed 's/\t.*/ of checkpoint/'
echo "--help            $help ms"
echo "inspect           $inspect ms, $((inspect - help)) more than --help"
echo "inspect --check   $check ms, $((check - help)) more than --help"
[ "$help" -le 400 ] && [ $((inspect - help)) -le 500 ]
