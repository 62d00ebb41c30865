#!/usr/bin/env bash
# Writes a report on runs and looks at it with headless Chromium (check.mjs).
# usage: check.sh RUN...      run directories
#   OUT   where to leave the page, its figures and screenshots, instead of a new directory
# Needs Node 20 or newer, and Chromium (CHROMIUM names another binary).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || { sed -n '3p' "$0" >&2; exit 2; }
out=${OUT:-$(mktemp -d)}
"${CAMBIUM:-$here/../../cambium}" report "$@" --out "$out/report.html" --overwrite
node --experimental-websocket "$here/check.mjs" "$out/report.html" "$out/screenshots"
