// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A small library: a datum, a constructor, a few functions. Built for guests and natively.
int bench_small_count = 40;
static int constructed;

__attribute__((constructor)) static void construct(void) { constructed = 1; }

int bench_small_add(int a, int b) { return a + b; }
int bench_small_next(void) { return ++bench_small_count; }
int (*bench_small_pointer(void))(int, int) { return bench_small_add; }
int bench_small_constructed(void) { return constructed; }
