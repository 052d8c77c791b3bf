#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The demo fails when its results are wrong, and says so: run.sh with a command in the place of interlink that prints what
# each case wants.
set -euo pipefail
run=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/examples/demo/run.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/build/cli" "$work/build/guests"
touch "$work/build/guests/"{demo.wasm,libchecks.so,libz.so,liblua.so,libsqlite3.so}

# expect CODE TEXT SCRIPT: with SCRIPT as the command, run.sh ends with CODE and prints TEXT.
expect() {
  local code=0
  printf '#!/usr/bin/env bash\n%s\n' "$3" >"$work/build/cli/interlink"
  chmod +x "$work/build/cli/interlink"
  "$run" "$work/build" >"$work/output" 2>&1 || code=$?
  if [ "$code" != "$1" ] || ! grep -qF -- "$2" "$work/output"; then
    echo "ended with $code, expected $1 and: $2" >&2
    cat "$work/output" >&2
    exit 1
  fi
}

# What the demo prints last, with the right checksum or another.
right='crc=$(python3 -c "import zlib; print(\"%08x\" % zlib.crc32(open(\"numbers.txt\", \"rb\").read()))")'
say='echo "workers done"; read -r end; [ "$end" = "the end" ] || exit 9; echo "crc32 $crc of it all"'

expect 0 'all results are right' "$right; $say; echo '9 checks, 0 wrong'"
expect 1 'the CRC is not' "crc=00000000; $say; echo '9 checks, 0 wrong'"
expect 1 'the checks are missing' "$right; $say; echo '9 checks, 1 wrong'"
expect 4 'failed with exit code 4' "$right; $say; echo '9 checks, 1 wrong'; exit 4"
expect 3 'failed with exit code 3' 'echo "cannot even begin"; exit 3'
echo "the demo fails when it should"
