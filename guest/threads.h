// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the packaged C library keeps for a thread. The first 112 bytes are its struct __pthread, whose fields its other
// parts (join, mutexes, errno, thread-specific data) read: the layout of Emscripten 3.1.6, fixed with the package.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <wasi/api.h>

enum { state_exited, state_exiting, state_joinable, state_detached };

enum { thread_keys_max = 128 };

struct cleanup_handler {
  void (*function)(void *);
  void *argument;
  struct cleanup_handler *next;
};

struct thread {
  struct thread *self;
  void *unused_0[3];
  int tid;
  int errno_value;
  volatile int detach_state;
  volatile int cancel;
  volatile unsigned char cancel_disabled, cancel_async;
  unsigned char tsd_used : 1;
  unsigned char dlerror_flag : 1;
  void *block;  // What to free when the thread is gone: holds this struct, the stack and the thread-local storage.
  size_t block_size;
  void *stack;  // Upper end.
  size_t stack_size;
  size_t guard_size;
  void *result;
  struct cleanup_handler *cleanup;
  void **tsd;
  struct {
    volatile void *volatile head;
    long off;
    volatile void *volatile pending;
  } robust_list;
  int h_errno_value;
  volatile int timer_id;
  void *locale;
  volatile int kill_lock[1];
  char *dlerror_buffer;
  void *stdio_locks;
  void *profiler;
  int stack_owned;
  // From here on ours.
  struct thread *next_gone;
  int host_id;  // What the host calls the thread; 0 until it knows.
  volatile int *waits_on;          // Where it waits, when the next number is odd.
  unsigned wait_changes;           // One more at the beginning and at the end of each wait.
  int at_cancellation_point;       // In a host call that a cancel may end.
  volatile uint64_t signals;       // Bit n - 1 is signal n, sent and not taken yet.
  volatile unsigned handled_signals;  // How many handlers ran that end a wait.
  char name[16];
};

_Static_assert(offsetof(struct thread, tid) == 16, "layout of the packaged C library");
_Static_assert(offsetof(struct thread, errno_value) == 20, "layout of the packaged C library");
_Static_assert(offsetof(struct thread, detach_state) == 24, "layout of the packaged C library");
_Static_assert(offsetof(struct thread, block) == 36, "layout of the packaged C library");
_Static_assert(offsetof(struct thread, stack) == 44, "layout of the packaged C library");
_Static_assert(offsetof(struct thread, result) == 56, "layout of the packaged C library");
_Static_assert(offsetof(struct thread, tsd) == 64, "layout of the packaged C library");
_Static_assert(offsetof(struct thread, locale) == 88, "layout of the packaged C library");
_Static_assert(offsetof(struct thread, next_gone) == 112, "layout of the packaged C library");

// The argument of wasi_thread_start: the layout that WASIX gives it (64 bytes).
struct start_args {
  void *stack;
  void *tls_base;
  void *(*routine)(void *);
  void *argument;
  struct thread *self;
  int reserved[9];
  uint32_t stack_size;
  uint32_t guard_size;
};

_Static_assert(sizeof(struct start_args) == 64, "the size WASIX gives it");
_Static_assert(offsetof(struct start_args, stack_size) == 56, "the place WASIX gives it");

struct thread *interlink_self_thread(void);
struct thread *interlink_main_thread(void);

// The process no longer lives for the sake of the thread that was made last.
void interlink_forget_thread(void);

// Has the thread look at its cancel and its signals, also where it waits.
void interlink_wake_thread(struct thread *thread);

// Raises what was sent to the calling thread.
void interlink_take_signals(void);

// Sleeps until the clock shows this time (nanoseconds; INT64_MAX: for ever): a cancellation point. 0, or EINTR.
int interlink_sleep_until(int clock, int64_t deadline);

// Around a host call that waits: makes it a cancellation point.
void interlink_enter_wait(void);
void interlink_leave_wait(void);

// WASI's poll_oneoff as a cancellation point.
int interlink_poll_oneoff(const __wasi_subscription_t *in, __wasi_event_t *out, size_t count, size_t *happened);
