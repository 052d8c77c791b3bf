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

# One folder of headers, and no other names in the library than theirs: a program has whatever asio and folders it likes.
installed=$(cd "$prefix/include" && find . -type f | grep -v '^\./interlink/[a-z_]*\.hh$' || true)
[ -z "$installed" ] || { echo "headers that are not the public ones: $installed" >&2; exit 1; }
others=$(nm --defined-only --extern-only "$prefix"/lib*/libinterlink.a | awk 'NF == 3 { print $3 }' |
  grep -Ev '^(_ZNK?9interlink2v0|_ZT[VIS]N9interlink2v0|interlink_v0_)' || true)
[ -z "$others" ] || { echo "symbols beside the public ones: $others" >&2; exit 1; }

# Nothing of the build tree or the sources may be in the package's description.
if grep -rn -e "$build" -e "$(cd "$here/../.." && pwd)/" "$prefix"/lib*/cmake; then
  echo "the package names its build tree" >&2
  exit 1
fi

# A program with headers of its own by the library's inner names, on the distribution's asio and on another: one whose
# types have another size, so that any that was shared would be seen.
cp -r /usr/include/asio /usr/include/asio.hpp -t "$work" 2>/dev/null || true
mkdir -p "$work/other_asio" && mv "$work/asio" "$work/asio.hpp" "$work/other_asio"
sed -i '0,/^public:/s//  char another_version[512] = {};\npublic:/' "$work/other_asio/asio/detail/scheduler.hpp"
for asio in /usr/include "$work/other_asio"; do
  rm -rf "$work/consumer"
  "$cmake" -S "$here/consumer" -B "$work/consumer" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" \
    -Dasio_INCLUDE_DIR="$asio" -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" >"$work/configure.log" 2>&1 ||
    { cat "$work/configure.log"; exit 1; }
  "$cmake" --build "$work/consumer"
  said=$("$work/consumer/consumer" "$build/guests/embedded.wasm")
  [ "$said" = "sum 42" ] || { echo "the consumer on $asio said: $said" >&2; exit 1; }
done

said=$("$prefix/bin/interlink" run "$build/guests/static_command.wasm")
[ "$said" = "ok static command" ] || { echo "the installed command said: $said" >&2; exit 1; }
"$here/../kit/driver_test.sh" "$prefix" "$prefix/bin/interlink"
python3 "$here/../kit/guide_test.py" "$here/../../docs/guests.md" "$prefix"
python3 "$here/../kit/guide_test.py" "$prefix/share/doc/interlink/embedding.md" "$prefix"
echo "the package serves a consumer"
