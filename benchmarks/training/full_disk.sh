#!/usr/bin/env bash
# What does a disk that fills up cost? Trains in a file system of its own that has room for two
# checkpoints of the small run but not for the grown model's, looks at what is left, makes room and
# resumes. Linux; mounts a tmpfs in a namespace of its own.
# usage: full_disk.sh
set -euo pipefail
if [ "${IN_NAMESPACE:-}" != 1 ]; then
  IN_NAMESPACE=1 exec unshare --user --map-root-user --mount "$0" "$@"
fi
cambium=${CAMBIUM:-$(cd "$(dirname "$0")/../.." && pwd)/cambium}
. "$(dirname "$0")/small_run.sh"
make_run 100 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
"$cambium" train "$yaml" --out "$work/whole" > "$work/log" 2>&1
mkdir "$work/disk"
mount -t tmpfs -o size=1300k tmpfs "$work/disk"
trap 'umount "$work/disk"; rm -rf "$work"' EXIT
code=0
"$cambium" train "$yaml" --out "$work/disk/run" > "$work/log" 2>&1 || code=$?
tail -2 "$work/log"
echo "exit $code; left: $(ls "$work/disk/run/checkpoints" | tr '\n' ' ')"
[ "$code" = 1 ]
for checkpoint in "$work"/disk/run/checkpoints/*; do
  "$cambium" export "$checkpoint" "$work/exported" --overwrite > /dev/null
  echo "$(basename "$checkpoint"): checksums hold"
done
mount -o remount,size=100m "$work/disk"
"$cambium" train "$yaml" --out "$work/disk/run" --resume > "$work/log" 2>&1
same_end "$work/whole" "$work/disk/run"
echo "resumed with more room: the same bytes as a run that nothing disturbed"
