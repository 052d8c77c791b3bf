#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Makes the library of both kinds, static and shared, from the object of a build; installs the library's component alone;
# looks at its symbols; builds and runs a consumer with CMake and one with pkg-config.
# Usage: kinds_test.sh BUILD_FOLDER CMAKE COMPILER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1 cmake=$2 compiler=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
launcher=$(command -v ccache || true)

quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; }

for shared in OFF ON; do
  prefix=$work/prefix_$shared
  quietly "$cmake" -S "$here/../.." -B "$work/build_$shared" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=$shared \
    -DCMAKE_CXX_COMPILER="$compiler" -DINTERLINK_OBJECT="$build/embed/interlink.o" -DINTERLINK_BUILD_TESTS=OFF \
    -DINTERLINK_BUILD_BENCH=OFF -DINTERLINK_BUILD_KIT=OFF -DCMAKE_INSTALL_LIBDIR=lib
  quietly "$cmake" --build "$work/build_$shared" --target interlink
  quietly "$cmake" --install "$work/build_$shared" --component interlink_library --prefix "$prefix"
  if [ $shared = ON ]; then
    library=$prefix/lib/libinterlink.so
    symbols=$(nm --dynamic --defined-only --extern-only "$library")
    [ ! -e "$prefix/lib/libinterlink.a" ]
  else
    library=$prefix/lib/libinterlink.a
    symbols=$(nm --defined-only --extern-only "$library")
    [ ! -e "$prefix/lib/libinterlink.so" ]
  fi
  others=$(awk 'NF == 3 { print $3 }' <<<"$symbols" | grep -Ev '^(_ZNK?9interlink2v0|_ZT[VISF]N9interlink2v0|interlink_v0_)' || true)
  [ -z "$others" ] || { echo "symbols of $library beside the public ones: $others" >&2; exit 1; }

  quietly "$cmake" -S "$here/consumer" -B "$work/consumer_$shared" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DNEEDS_KIT=OFF \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher"
  quietly "$cmake" --build "$work/consumer_$shared"
  said=$("$work/consumer_$shared/consumer" "$build/guests/embedded.wasm")
  [ "$said" = "sum 42" ] || { echo "the consumer of $library said: $said" >&2; exit 1; }

  export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
  [ "$(pkg-config --modversion interlink)" = "$("$cmake" -P "$here/version.cmake" "$prefix" 2>&1)" ]
  # shellcheck disable=SC2046 # flags are words
  quietly $launcher "$compiler" -std=c++23 -c -I"$here/consumer" "$here/consumer/main.cc" -o "$work/main.o" $(pkg-config --cflags interlink)
  # shellcheck disable=SC2046
  quietly "$compiler" "$work/main.o" -o "$work/by_pkg_config" $(pkg-config --libs interlink) -Wl,-rpath,"$prefix/lib"
  said=$("$work/by_pkg_config" "$build/guests/embedded.wasm")
  [ "$said" = "sum 42" ] || { echo "the consumer of $library by pkg-config said: $said" >&2; exit 1; }
done
echo "both kinds of library serve a consumer"
