// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library of functions without dylink.0: the host calls _initialize, then what it likes.
static int initialized;

void _initialize(void) { initialized = 1; }

int reactor_initialized(void) { return initialized; }
int reactor_add(int a, int b) { return a + b; }
