#!/usr/bin/env bash
# Where the time of a training step goes: Linux's perf over `cambium bench`, by kind of work. Needs
# perf (Debian: linux-perf) and a kernel that lets it run.
# usage: profile.sh [OPTION OF BENCH...]
set -euo pipefail
cambium=$(cd "$(dirname "$0")/../.." && pwd)/cambium
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CAMBIUM_JAVA_OPTS="${CAMBIUM_JAVA_OPTS:-} -XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit"

perf record -q -F 199 -o "$work/data" "$cambium" bench "$@" | tail -n 3
perf report -i "$work/data" --no-children --percent-limit 0 --sort dso,symbol --stdio 2> "$work/log" |
  grep -E '^ +[0-9]' > "$work/lines" || { cat "$work/log" >&2; exit 1; }
awk '
  function kind(line) {
    if (line ~ /libdnnl/ || line ~ /JIT.*\] 0x/) return "experts: products by oneDNN, whose kernels have no names, and some other such code"
    if (line ~ /openblas|mkl/) return "products by the BLAS: attention, dense blocks, head"
    if (line ~ /[Ff]used_adam|adamw/) return "AdamW"
    if (line ~ /flash_attention|sdp/) return "attention"
    if (line ~ /libtorch|libc10/) return "other ops of libtorch"
    if (line ~ /Interpreter|libjvm/) return "Java machine: compilers, collector, what is not compiled yet"
    if (line ~ /JIT/) return "Java: norms, rope, sorting of tokens"
    if (line ~ /kernel/) return "kernel: pages that are touched first, waiting"
    if (line ~ /libc\.so|libc-/) return "copies"
    return "others"
  }
  { share = $1; sub("%", "", share); sums[kind($0)] += share }
  END { for (k in sums) printf "%6.1f %%  %s\n", sums[k], k }
' "$work/lines" | sort -rn
echo "most of it:"
head -n 12 "$work/lines" | cut -c 1-110
