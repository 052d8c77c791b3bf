// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A reactor that adds what the host says to a cell of a memory that is not its own.
__attribute__((import_module("host"), import_name("step"))) int host_step(void);

int advance(int *cell) {
  int step = host_step();
  return __atomic_add_fetch(cell, step, __ATOMIC_SEQ_CST);
}
