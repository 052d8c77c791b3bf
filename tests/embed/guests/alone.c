// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program without shared memory, hence with one thread.
int alone_datum = 7;

int alone_add(int a, int b) { return a + b; }

int alone_spin(void) {
  volatile char frame[2048];
  for (frame[0] = 0;; ++frame[0]) {
  }
}
