// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A main without libc and without a start whose functions call a function of the embedder's, with frames on the stack.
__attribute__((import_module("embedder"), import_name("answers"))) int answers(int);
__attribute__((import_module("wasix_32v1"), import_name("sched_yield"))) int sched_yield(void);

int calls_host(int question) {
  volatile char frame[2048];
  frame[question & 2047] = 1;
  return answers(question) + frame[question & 2047];
}

int calls_host_from_a_large_frame(int question) {
  volatile char frame[60000];
  frame[question & 2047] = 1;
  return answers(question) + frame[question & 2047];
}

// Its frame is larger than the stack of 8 MiB, and none of it is touched.
int yields_from_beyond_the_stack(void) {
  char frame[16 << 20];
  __asm__ volatile("" : : "r"(frame));
  return sched_yield();
}
