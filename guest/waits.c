// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Waits, and what ends them early: a cancel or a signal. In place of the packaged library's parts, which wake each waiting
// thread ten times a second to look.
//
// A thread says where it waits before it looks whether it is wanted, and the one who wants it says so before it looks where
// it waits. So one of both sees the other. Between its look and its wait a thread cannot be woken: hence the other wakes it
// again until this wait is over.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

#include "threads.h"

__attribute__((import_module("wasix_32v1"), import_name("thread_signal"))) int interlink_thread_signal(int, int);

enum { cancel_enabled, cancel_disabled, cancel_masked };  // The library's: a masked one is told by ECANCELED.
enum { host_signal = 16 };  // SIGSTKFLT, which nobody sends: it makes the host return from a call that waits.

static bool is_wanted(const struct thread *self) {
  return (__atomic_load_n(&self->cancel, __ATOMIC_SEQ_CST) != 0 && self->cancel_disabled != cancel_disabled) ||
         __atomic_load_n(&self->signals, __ATOMIC_SEQ_CST) != 0;
}

void __testcancel(void) {
  struct thread *self = interlink_self_thread();
  if (self->cancel != 0 && self->cancel_disabled == cancel_enabled) {
    pthread_exit(PTHREAD_CANCELED);
  }
}

void __pthread_testcancel(void) __attribute__((weak, alias("__testcancel")));
void pthread_testcancel(void) __attribute__((weak, alias("__testcancel")));

// Acts on what the thread is wanted for: handlers run; a cancel ends the thread, or is ECANCELED where it is masked.
static int attend(struct thread *self) {
  interlink_take_signals();
  if (self->cancel != 0 && self->cancel_disabled == cancel_masked) {
    return ECANCELED;
  }
  __testcancel();
  return 0;
}

// Waits while the word has the value. Returns 0 (woken, or the value is another), ETIMEDOUT, EINTR or ECANCELED. The host may
// have run handlers within the wait.
static int wait_on(volatile int *word, int value, int64_t nanoseconds) {
  struct thread *self = interlink_self_thread();
  unsigned handled = self->handled_signals;
  __atomic_store_n(&self->waits_on, word, __ATOMIC_SEQ_CST);
  __atomic_add_fetch(&self->wait_changes, 1, __ATOMIC_SEQ_CST);
  int result = 0;
  if (!is_wanted(self)) {
    result = __builtin_wasm_memory_atomic_wait32((int *)word, value, nanoseconds) == 2 ? ETIMEDOUT : 0;
  }
  __atomic_add_fetch(&self->wait_changes, 1, __ATOMIC_SEQ_CST);
  int wanted = is_wanted(self) ? attend(self) : 0;
  return wanted != 0 ? wanted : self->handled_signals != handled ? EINTR : result;
}

void interlink_wake_thread(struct thread *thread) {
  static int never;
  if (thread->host_id != 0) {
    interlink_thread_signal(thread->host_id, host_signal);
  }
  unsigned changes = __atomic_load_n(&thread->wait_changes, __ATOMIC_SEQ_CST);
  // An odd number: it waits.
  while (changes % 2 != 0 && __atomic_load_n(&thread->wait_changes, __ATOMIC_SEQ_CST) == changes) {
    __builtin_wasm_memory_atomic_notify((int *)thread->waits_on, -1U);
    __builtin_wasm_memory_atomic_wait32(&never, 0, 50000);
  }
}

int pthread_cancel(pthread_t target) {
  struct thread *thread = (struct thread *)target;
  __atomic_store_n(&thread->cancel, 1, __ATOMIC_SEQ_CST);
  if (thread != interlink_self_thread()) {
    interlink_wake_thread(thread);
  } else if (thread->cancel_disabled == cancel_enabled && thread->cancel_async) {
    pthread_exit(PTHREAD_CANCELED);
  }
  return 0;
}

static int64_t now(clockid_t clock) {
  __wasi_timestamp_t time = 0;
  return __wasi_clock_time_get((__wasi_clockid_t)clock, 1, &time) == 0 ? (int64_t)time : 0;
}

// Nanoseconds to wait until then; negative when there is no end. Zero when it is past.
static int64_t time_until(clockid_t clock, const struct timespec *at) {
  if (at == 0) {
    return -1;
  }
  int64_t left = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec - now(clock);
  return left > 0 ? left : 0;
}

// No cancellation point, and no signal's matter either: locks wait here.
int __timedwait(volatile int *word, int value, clockid_t clock, const struct timespec *at, int is_private) {
  (void)is_private;
  if (at != 0 && (at->tv_nsec < 0 || at->tv_nsec >= 1000000000)) {
    return EINVAL;
  }
  int64_t left = time_until(clock, at);
  if (left == 0) {
    return ETIMEDOUT;
  }
  return __builtin_wasm_memory_atomic_wait32((int *)word, value, left) == 2 ? ETIMEDOUT : 0;
}

int __timedwait_cp(volatile int *word, int value, clockid_t clock, const struct timespec *at, int is_private) {
  (void)is_private;
  if (at != 0 && (at->tv_nsec < 0 || at->tv_nsec >= 1000000000)) {
    return EINVAL;
  }
  int64_t left = time_until(clock, at);
  return left == 0 ? ETIMEDOUT : wait_on(word, value, left);
}

// Waits on a word that nobody changes: unlike a host call this is where the host can stop a thread and bring it up to date.
// The word is this sleep's own, so that who is woken without being wanted was interrupted by the embedder.
int interlink_sleep_until(int clock, int64_t deadline) {
  volatile int never = 0;
  __testcancel();
  for (int64_t left = deadline - now(clock); left > 0; left = deadline - now(clock)) {
    int ended = wait_on(&never, 0, deadline == INT64_MAX ? -1 : left);
    if (ended == EINTR || (ended == 0 && !is_wanted(interlink_self_thread()))) {
      return EINTR;
    }
  }
  return 0;
}

// Called by the host, in the thread that was signalled, before a call that waits returns to it. A program may have its own.
__attribute__((weak)) void __wasm_signal(int signal) {
  struct thread *self = interlink_self_thread();
  if (signal != host_signal) {
    raise(signal);
  }
  interlink_take_signals();
  if (self->at_cancellation_point) {
    __testcancel();
  }
}

// Around a host call that waits: a cancel may end the thread within it, also when its locks stay locked.
void interlink_enter_wait(void) {
  struct thread *self = interlink_self_thread();
  self->at_cancellation_point = 1;
  __testcancel();
}

void interlink_leave_wait(void) {
  interlink_self_thread()->at_cancellation_point = 0;
  __testcancel();
}

int interlink_poll_oneoff(const __wasi_subscription_t *in, __wasi_event_t *out, size_t count, size_t *happened) {
  interlink_enter_wait();
  int error = __wasi_poll_oneoff(in, out, count, happened);
  interlink_leave_wait();
  return error;
}

static ssize_t answer(int error, size_t done) {
  interlink_leave_wait();
  if (error != 0) {
    errno = error;
    return -1;
  }
  return (ssize_t)done;
}

ssize_t read(int fd, void *buffer, size_t size) {
  __wasi_iovec_t part = {.buf = buffer, .buf_len = size};
  __wasi_size_t done = 0;
  interlink_enter_wait();
  return answer(__wasi_fd_read((__wasi_fd_t)fd, &part, 1, &done), done);
}

ssize_t write(int fd, const void *buffer, size_t size) {
  __wasi_ciovec_t part = {.buf = buffer, .buf_len = size};
  __wasi_size_t done = 0;
  interlink_enter_wait();
  return answer(__wasi_fd_write((__wasi_fd_t)fd, &part, 1, &done), done);
}
