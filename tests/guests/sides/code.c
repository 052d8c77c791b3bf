// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function, and no data at all.
int code_add(int a, int b) { return a + b; }
