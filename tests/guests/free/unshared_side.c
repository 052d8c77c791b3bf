// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Its data come by an active segment.
static int base = 0;
int unshared_data[4] = {1, 2, 3, 4};

int unshared_add(int a, int b) { return a + b + base + unshared_data[3] - 4; }
