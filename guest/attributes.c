// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A thread's attributes, as it runs.
#define _GNU_SOURCE
#include <pthread.h>

#include "threads.h"

// Of the main thread: the linker's symbols, or the host's where the linker leaves the stack to it.
extern char __stack_low[], __stack_high[];

int pthread_getattr_np(pthread_t target, pthread_attr_t *out) {
  const struct thread *thread = (const struct thread *)target;
  char *low = thread->stack == 0 ? __stack_low : (char *)thread->stack - thread->stack_size;
  size_t size = thread->stack == 0 ? (size_t)(__stack_high - __stack_low) : thread->stack_size;
  pthread_attr_init(out);
  pthread_attr_setguardsize(out, 0);  // None: the host compares the stack pointer with the lower end.
  pthread_attr_setdetachstate(out, thread->detach_state == state_detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
  return size != 0 ? pthread_attr_setstack(out, low, size) : 0;
}
