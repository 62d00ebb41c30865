#!/usr/bin/env bash
# Speed and memory of a conversion against mergekit-moe: a dense Llama of 1.1 B parameters to eight
# experts, 12.9 GB; what dd writes past the cache in the same minute says what the disk can do. Then
# a model of twice the layers, 25 GB, for the memory alone. Deletes what it writes.
# Disks and neighbours vary: parts may be named again and again, in turns, and the last lines are of
# their means.
# usage: compare.sh DIRECTORY [PART...]   parts: disk copy noise verify mergekit twice (default: all)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mkdir -p "${1:?usage: compare.sh DIRECTORY [PART...]}" && cd "$1" && pwd)
shift
parts=${*:-disk copy noise verify mergekit twice}
python=$here/.venv/bin/python
[ -x "$python" ] || { echo "no $python: run benchmarks/conversion/setup.sh first" >&2; exit 2; }
export CAMBIUM_JAVA_OPTS="-Xmx256m -XX:MaxDirectMemorySize=96m"

model() { [ -e "$work/dense$1/config.json" ] || "$python" "$here/dense_model.py" "$work/dense$1" "$1"; }
clean() { rm -rf "$work/moe" "$work/moe.partial" "$work/zeros"; }
log=$(mktemp)
trap 'clean; rm -f "$log"' EXIT
upcycle() { # NAME LAYERS OPTIONS...: several lines about the conversion, then time and memory
  echo "== $1"
  "$here/peak.sh" "$here/../../cambium" upcycle "$work/dense$2" "$work/moe" --experts 8 "${@:3}" \
    2>&1 | grep -E '^(wrote|cambium:|error)|verified|peak'
  clean
}
part() {
  case $1 in
    disk)
      echo "== dd, 6.4 GB past the cache"
      dd if=/dev/zero of="$work/zeros" bs=8M count=768 oflag=direct 2>&1 | tail -n 1
      clean
      ;;
    copy) upcycle "cambium, copy" 22 --verify none ;;
    noise) upcycle "cambium, duplicate-noise" 22 --init duplicate-noise --verify none ;;
    verify) upcycle "cambium, copy, read back" 22 --verify bytes ;;
    mergekit)
      echo "== mergekit-moe"
      cat > "$work/moe.yml" <<YAML
base_model: $work/dense22
architecture: mixtral
gate_mode: random
dtype: bfloat16
experts:
$(for _ in 1 2 3 4 5 6 7 8; do printf '  - source_model: %s\n    positive_prompts: [""]\n' "$work/dense22"; done)
YAML
      "$here/peak.sh" "$here/.venv/bin/mergekit-moe" "$work/moe.yml" "$work/moe" > "$work/mergekit.log" 2>&1 \
        || { tail -n 5 "$work/mergekit.log"; exit 1; }
      tail -n 1 "$work/mergekit.log"
      du -sh --apparent-size "$work/moe" | cut -f1
      clean
      ;;
    twice)
      model 44
      upcycle "cambium, copy, 44 layers" 44 --verify none
      ;;
    *) echo "no part $1" >&2; exit 2 ;;
  esac
}

model 22
for part in $parts; do
  part "$part" | tee -a "$log"
done
awk '
  /^== / { part = $0 }
  / copied, / { sub(/.* copied, /, ""); dd += 6.442 / $1; dds++ }
  /^wrote / && part ~ /, copy$/ { copy += $2 / $5; copies++ }
  / s, peak / && part ~ /duplicate-noise/ { noise += $1; noises++ }
  / s, peak / && part ~ /mergekit/ { merge += $1; merges++ }
  END {
    if (dds && copies)
      printf "== copy wrote at %.0f %% of what dd wrote at\n", 100 * (copy / copies) / (dd / dds)
    if (noises && merges)
      printf "== duplicate-noise was %.1f times as fast as mergekit-moe\n", (merge / merges) / (noise / noises)
  }' "$log"
