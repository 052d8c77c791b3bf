// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Its constructor recurses until the host ends it.
static volatile int sink, most = 0x7fffffff;

__attribute__((noinline)) static int recurse_in_constructor(int level) {
  sink = level;
  int below = level < most ? recurse_in_constructor(level + 1) : 0;
  sink += below;
  return below + level;
}

__attribute__((constructor)) static void begin(void) { recurse_in_constructor(0); }
