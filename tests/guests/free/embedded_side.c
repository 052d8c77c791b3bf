// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library for bare_main: no libc.
int embedded_counter = 10;

int embedded_twice(int value) { return 2 * value; }
int embedded_next(int step) { return __atomic_add_fetch(&embedded_counter, step, __ATOMIC_SEQ_CST); }
