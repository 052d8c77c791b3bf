// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recurses with large frames, and calls nobody.
static volatile int most = 0x7fffffff;

__attribute__((noinline)) int recurse_with_frames_in_library(int level) {
  volatile char frame[5000];
  frame[level % 5000] = 1;
  int below = level < most ? recurse_with_frames_in_library(level + 1) : 0;
  return frame[(level * 7) % 5000] + below;
}
