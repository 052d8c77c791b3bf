// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The same work for each embedder.
int add(int a, int b) { return a + b; }
