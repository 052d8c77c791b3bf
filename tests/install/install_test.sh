#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs a build into a scratch prefix, builds a consumer against it, and runs the consumer and the installed command.
# Usage: install_test.sh BUILD_FOLDER CMAKE COMPILER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1 cmake=$2 compiler=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
"$cmake" --install "$build" --prefix "$prefix" >"$work/install.log" || { cat "$work/install.log"; exit 1; }

# What is installed is what a program needs that includes the facade and the engine, and no more.
includes=$prefix/include/interlink
installed=$(cd "$includes" && find . -type f | sed 's,^\./,,' | sort)
needed=$(printf '#include <%s>\n' process/process.hh engine/wasmtime_engine.hh |
  "$compiler" -std=c++23 -DASIO_STANDALONE -I "$includes" -MM -x c++ - | tr ' \\' '\n\n' |
  sed -n "s,^$includes/,,p" | sort -u)
if [ "$installed" != "$needed" ]; then
  diff <(echo "$installed") <(echo "$needed") || echo "headers installed (<) are not those needed (>)" >&2
  exit 1
fi

# Nothing of the build tree or the sources may be in the package's description.
if grep -rn -e "$build" -e "$(cd "$here/../.." && pwd)/" "$prefix"/lib*/cmake; then
  echo "the package names its build tree" >&2
  exit 1
fi

"$cmake" -S "$here/consumer" -B "$work/consumer" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" >"$work/configure.log" 2>&1 || { cat "$work/configure.log"; exit 1; }
"$cmake" --build "$work/consumer"

said=$("$work/consumer/consumer" "$build/guests/embedded.wasm")
[ "$said" = "sum 42" ] || { echo "the consumer said: $said" >&2; exit 1; }
said=$("$prefix/bin/interlink" run "$build/guests/static_command.wasm")
[ "$said" = "ok static command" ] || { echo "the installed command said: $said" >&2; exit 1; }
"$here/../kit/driver_test.sh" "$prefix" "$prefix/bin/interlink"
python3 "$here/../kit/guide_test.py" "$here/../../docs/guests.md" "$prefix"
echo "the package serves a consumer"
