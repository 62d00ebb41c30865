#!/usr/bin/env bash
# Fuzzes the readers of files with Jazzer: each target with so many inputs, until it finds an input
# that Cambium neither reads nor refuses with an error of its own, that takes longer than 10 seconds
# or more memory than its length entitles it to. usage: run.sh [INPUTS [TARGET...]]
#   INPUTS   per target, 100,000 by default
#   TARGET   Safetensors Config Index Manifest Tokenizer TokenizerLibrary TokenShard RunConfig
# What it learned stays in fuzz/target/corpus; an input that broke something is printed and kept in
# fuzz/target/found, and belongs into a test.
set -euo pipefail
cd "$(dirname "$0")/.."
. cli/launcher/jdk.sh
java_home=$(find_jdk)
inputs=${1:-100000}
shift $(($# > 0 ? 1 : 0))
targets=${*:-Safetensors Config Index Manifest Tokenizer TokenizerLibrary TokenShard RunConfig}

JAVA_HOME=$java_home mvn -B -q -DskipTests package dependency:build-classpath -pl fuzz -am \
  -Dmdep.outputFile="$PWD/fuzz/target/classpath.txt" >/dev/null
class_path=$PWD/fuzz/target/test-classes:$(cat fuzz/target/classpath.txt)

# Every input is a file: in memory, where the system has a directory there.
scratch=$(mktemp -d "$([ -d /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/cambium-fuzz.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir -p fuzz/target/found
failed=0
for target in $targets; do
  corpus=$PWD/fuzz/target/corpus/$target
  log=$PWD/fuzz/target/$target.log
  mkdir -p "$corpus"
  status=held
  (cd fuzz/target/found && "$java_home/bin/java" --enable-native-access=ALL-UNNAMED \
    -XX:+EnableDynamicAgentLoading -Xmx1g -XX:+UseSerialGC -Djava.io.tmpdir="$scratch" \
    -cp "$class_path" com.code_intelligence.jazzer.Jazzer \
    --target_class="io.cambium.fuzz.${target}FuzzTest" \
    '--instrumentation_includes=io.cambium.checkpoint.**:io.cambium.training.**' \
    -runs="$inputs" -max_total_time=86400 -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 "$corpus") >"$log" 2>&1 ||
    { status=FAILED failed=1; grep -A 12 '^== Java Exception\|^ERROR: libFuzzer' "$log" || tail -20 "$log"; }
  printf '%-18s %10s inputs  %s\n' "$target" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)" "$status"
done
exit $failed
