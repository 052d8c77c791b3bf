# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sourced by the other tools: where things are kept, and how the tools speak. It changes nothing on the machine.

interlink_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
interlink_cache=${XDG_CACHE_HOME:-${HOME:-/nowhere}/.cache}/interlink

# Objects are shared by all clones and presets: paths are taken relative to the clone, so that a second clone hits too.
export CCACHE_DIR=${CCACHE_DIR:-$interlink_cache/ccache}
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$interlink_root}
export CCACHE_NOHASHDIR=1
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G}

say() { printf '== %s\n' "$*" >&2; }

# fail SENTENCE...: each argument is one line; the first says what is wrong, the others how to mend it.
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  if [ $# -gt 0 ]; then printf '       %s\n' "$@" >&2; fi
  exit 1
}

make_cache() {
  mkdir -p "$interlink_cache" 2>/dev/null && [ -w "$interlink_cache" ] ||
    fail "downloads and logs cannot be kept in $interlink_cache" "set XDG_CACHE_HOME to a folder that can be written"
}
