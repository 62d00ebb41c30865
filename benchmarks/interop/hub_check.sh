#!/usr/bin/env bash
# Lets Cambium and huggingface_hub read each other's cache, against a local server that behaves like
# the Hub (checkpoint/src/test/.../HubServer.java): what Cambium brought is found by huggingface_hub
# without a network, and what huggingface_hub brought is used by Cambium without a download.
# usage: hub_check.sh DIR, a small checkpoint with a tokenizer
#   CAMBIUM_JAVA_HOME   a JDK 25, where java is another
#   INTEROP_PYTHON   interpreter with huggingface_hub to use instead of the one that setup.sh makes
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
directory=${1:?usage: hub_check.sh DIR}
python=${INTEROP_PYTHON:-$here/.venv/bin/python}
[ -x "$python" ] || { echo "no $python: run $here/setup.sh first" >&2; exit 2; }
server=$here/../../checkpoint/src/test/java/io/cambium/checkpoint/testing/HubServer.java
repository=cambium/hub-check

work=$(mktemp -d)
"${CAMBIUM_JAVA_HOME:+$CAMBIUM_JAVA_HOME/bin/}java" "$server" "$repository" "$directory" >"$work/log" &
pid=$!
trap 'kill $pid 2>/dev/null || true; rm -rf "$work"' EXIT
until [ "$(wc -l <"$work/log")" -ge 2 ]; do
  kill -0 $pid 2>/dev/null || { echo "the server does not start: is java a JDK 25?" >&2; exit 2; }
  sleep 0.1
done
HF_ENDPOINT=$(sed -n 1p "$work/log")
export HF_ENDPOINT
commit=$(sed -n 2p "$work/log")

# Weights lie under their SHA-256; small files come from the resolve cache.
downloads() { grep -c -E '^GET /([0-9a-f]{64}|api/resolve-cache/.*)$' "$work/log" || true; }

echo "Cambium downloads, huggingface_hub reads:"
export HF_HOME=$work/cambium
"$here/../../cambium" upcycle "hf://$repository" "$work/moe" --experts 4 >/dev/null
HF_HUB_OFFLINE=1 "$python" "$here/hub_check.py" read "$repository" "$commit" "$directory"

echo "huggingface_hub downloads, Cambium reads:"
export HF_HOME=$work/python
"$python" "$here/hub_check.py" fill "$repository"
before=$(downloads)
"$here/../../cambium" upcycle "hf://$repository" "$work/moe-of-python" --experts 4 >/dev/null
HF_HUB_OFFLINE=1 "$here/../../cambium" upcycle "hf://$repository@$commit" "$work/moe-offline" --experts 4 >/dev/null
after=$(downloads)
echo "  downloads by Cambium: $((after - before))"
[ "$before" -eq "$after" ]
diff -r "$work/moe" "$work/moe-of-python"
diff -r "$work/moe" "$work/moe-offline"
"$here/../../cambium" upcycle "$directory" "$work/moe-of-directory" --experts 4 >/dev/null
diff "$work/moe/cambium.json" "$work/moe-of-directory/cambium.json"
echo "  the same bytes, online and offline, as from the directory itself"
