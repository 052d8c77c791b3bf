#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# tools/setup says plainly what is missing, and does nothing when nothing is. It sees no tool of this machine but what
# stands in a folder made here: packages, privileges and the network are as each case wants them.
set -euo pipefail
setup=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tools/setup
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# a_tool NAME SCRIPT: what the command NAME does in the next case.
a_tool() {
  printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

# A machine on which all is there, run by root.
a_machine() {
  rm -rf "$work/bin"
  mkdir "$work/bin"
  local name
  for name in bash dirname mkdir env; do ln -s "$(command -v "$name")" "$work/bin/$name"; done
  for name in cmake git ccache ninja g++ cargo python3; do a_tool "$name" ''; done
  a_tool dpkg-query 'printf installed'
  a_tool id 'echo 0'
  a_tool apt-get 'echo "apt-get $*" >>'"$work/apt"
}

# expect CODE TEXT...: setup ends with CODE, and its output holds every TEXT.
expect() {
  local wanted=$1 code=0 text
  shift
  : >"$work/apt"
  PATH=$work/bin XDG_CACHE_HOME=${cache:-$work/cache} HOME=$work "$BASH" "$setup" >"$work/output" 2>&1 || code=$?
  [ "$code" = "$wanted" ] || { echo "$case: ended with $code, expected $wanted" >&2; cat "$work/output" >&2; exit 1; }
  for text in "$@"; do
    grep -qF -- "$text" "$work/output" || { echo "$case: does not say: $text" >&2; cat "$work/output" >&2; exit 1; }
  done
}

case='nothing is missing'
a_machine
expect 0 'nothing is missing'
[ ! -s "$work/apt" ] || { echo "$case: apt-get was called" >&2; exit 1; }

case='no cargo'
a_machine
rm "$work/bin/cargo"
expect 1 'error: cargo is missing' 'https://rustup.rs'

case='a package is missing'
a_machine
a_tool dpkg-query '[ "${*: -1}" = wabt ] || printf installed'
expect 0 'installing: wabt'
grep -q 'install .*wabt$' "$work/apt"

case='a package is missing, and no root'
a_tool id 'echo 1000'
expect 1 'installing them needs root' 'apt-get install wabt'

case='a package is missing, and no network'
a_tool id 'echo 0'
a_tool apt-get '[ "$1" = update ]'
expect 1 'could not install: wabt' 'is there a network?'

case='no folder for the cache'
a_machine
cache=/dev/null/cache expect 1 'set XDG_CACHE_HOME'

case='no Debian'
a_machine
rm "$work/bin/dpkg-query"
expect 1 'not a Debian system'
echo "setup says what is missing"
