// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that main needs. Main is instantiated first, so main calls it by thunk, and it calls main directly.
int bench_step(int x);

int bench_needed_step(int x) { return x * 5 + 3; }

int bench_call_directly(int count) {
  int x = count;
  for (int i = 0; i < count; ++i) {
    x = bench_step(x);
    __asm__ volatile("" ::: "memory");
  }
  return x;
}
