#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs the demo: run.sh BUILD_FOLDER. Exits with 0 only when the program says that all its checks hold, and when the CRC it
# prints is the one computed here.
set -euo pipefail
build=$(cd "$1" && pwd)
limit=240  # Seconds until a demo that hangs is ended. It needs about two, and some more when it first compiles sqlite.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/guest"
seq 1 620000 >"$work/guest/numbers.txt"
cp "$build"/guests/{demo.wasm,libchecks.so,libz.so,liblua.so,libsqlite3.so} "$work/guest/"
mkfifo "$work/input"

cd "$work/guest"
timeout "$limit" "$build/cli/interlink" run --dir . demo.wasm numbers.txt <"$work/input" >"$work/output" &
guest=$!
# The pipe is open and silent from here on.
exec 9>"$work/input"
while kill -0 "$guest" 2>/dev/null && ! grep -q '^workers done$' "$work/output"; do sleep 0.05; done
# A guest that has died does not read any more: its status tells, below, not a broken pipe.
trap '' PIPE
echo "the end" >&9 2>/dev/null || true
exec 9>&-
status=0
wait "$guest" || status=$?
cat "$work/output"

if [ "$status" = 124 ]; then echo "demo: still running after $limit s" >&2; fi
if [ "$status" != 0 ]; then
  echo "demo: failed with exit code $status" >&2
  exit "$status"
fi
crc=$(python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(open(sys.argv[1], "rb").read()))' numbers.txt)
grep -q "^crc32 $crc " "$work/output" || { echo "demo: the CRC is not $crc" >&2; exit 1; }
grep -q ', 0 wrong$' "$work/output" || { echo "demo: the checks are missing from the output" >&2; exit 1; }
echo "demo: all results are right"
