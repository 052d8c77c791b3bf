// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// POSIX threads on `wasi.thread-spawn` and `wasix_32v1.thread_exit`. It takes the place of that part of the packaged
// library which asks a browser for threads; locks, conditions, join and thread-specific data are the library's.
#include "threads.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#include "streams.h"

// The library's default, also of pthread_attr_init. Untouched pages cost nothing but addresses.
unsigned __default_stacksize = 1024 * 1024;
unsigned __default_guardsize = 0;

__attribute__((import_module("wasi"), import_name("thread-spawn"))) int interlink_thread_spawn(struct start_args *);
__attribute__((import_module("wasix_32v1"), import_name("thread_id"))) int interlink_host_thread_id(int *);
_Noreturn void interlink_leave(volatile int *done);
void *__get_tp(void);
__attribute__((weak)) void *interlink_guard(void *(*function)(void *), void *argument);  // As in startup.c.

// The head of the library's private state.
extern struct {
  char can_do_threads, threaded, secure;
  volatile signed char need_locks;
  int threads_minus_1;
  size_t unused[6];
  void *global_locale[6];
} __libc __attribute__((visibility("hidden")));

_Static_assert(offsetof(__typeof__(__libc), global_locale) == 32, "layout of the packaged C library");

static FILE *volatile no_file;
extern FILE *volatile __stdin_used __attribute__((weak, alias("no_file")));
extern FILE *volatile __stdout_used __attribute__((weak, alias("no_file")));
extern FILE *volatile __stderr_used __attribute__((weak, alias("no_file")));

// Both are the library's where a program uses thread-specific data at all.
static void *no_tsd[1];
extern void *__pthread_tsd_main[1] __attribute__((weak, alias("no_tsd")));
static void no_destructors(void) {}
void __pthread_tsd_run_dtors(void) __attribute__((weak, alias("no_destructors")));

// Ready before any constructor: constructors of needed libraries run before those of main.
static struct thread main_thread = {
    .self = &main_thread,
    .tid = 1,
    .detach_state = state_joinable,
    .robust_list = {.head = &main_thread.robust_list.head},
    .locale = (void *)&__libc.global_locale,
    .tsd = __pthread_tsd_main,
};

// The library's private fields of a mutex, by its own names.
#define _m_lock __u.__vi[1]
#define _m_waiters __u.__vi[2]
#define _m_next __u.__p[4]
enum { owner_died = 0x40000000 };

static int last_tid = 1;
static int live_threads = 1;          // The main thread is one.
static struct thread *gone_threads;  // Detached ones that have ended, or are about to, and wait to be freed.

struct thread *interlink_main_thread(void) { return &main_thread; }
struct thread *interlink_self_thread(void) { return __get_tp(); }

static void lock_file_from_now_on(FILE *file) {
  if (file != 0) {
    struct stream *stream = (struct stream *)file;
    if (stream->lock < 0) {
      stream->lock = 0;
    }
  }
}

// Up to the first thread the library takes no locks. Never undone: a count that goes back to one proves nothing to a thread
// that is just being made.
static void become_threaded(void) {
  if (__libc.threaded) {
    return;
  }
  for (FILE *file = *__ofl_lock(); file != 0; file = ((struct stream *)file)->next) {
    lock_file_from_now_on(file);
  }
  __ofl_unlock();
  lock_file_from_now_on(__stdin_used);
  lock_file_from_now_on(__stdout_used);
  lock_file_from_now_on(__stderr_used);
  interlink_host_thread_id(&main_thread.host_id);
  __libc.threads_minus_1 = 1;
  __libc.need_locks = 1;
  __libc.threaded = 1;
}

static void free_thread(struct thread *thread) {
  void *block = thread->block;
  thread->self = 0;
  free(block);
}

static void push_gone(struct thread *first, struct thread *last) {
  struct thread *head = __atomic_load_n(&gone_threads, __ATOMIC_RELAXED);
  do {
    last->next_gone = head;
  } while (!__atomic_compare_exchange_n(&gone_threads, &head, first, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
}

// Frees the detached threads that have left their stacks. They cannot do it themselves.
static void free_gone_threads(void) {
  struct thread *thread = __atomic_exchange_n(&gone_threads, 0, __ATOMIC_ACQ_REL);
  while (thread != 0) {
    struct thread *next = thread->next_gone;
    if (__atomic_load_n(&thread->detach_state, __ATOMIC_ACQUIRE) == state_exited) {
      free_thread(thread);
    } else {
      push_gone(thread, thread);
    }
    thread = next;
  }
}

static size_t round_up(size_t value, size_t alignment) { return (value + alignment - 1) & ~(alignment - 1); }

// One block: stack (lowest), thread-local storage of main, descriptor, thread-specific data, start arguments.
static struct start_args *make_thread(const pthread_attr_t *attributes) {
  size_t stack_size = __default_stacksize, tls_size = __builtin_wasm_tls_size();
  size_t tls_align = __builtin_wasm_tls_align();
  char *stack = 0;
  bool detached = false;
  if (attributes != 0 && attributes != (void *)-1) {
    void *low = 0;
    size_t size = 0;
    int state = PTHREAD_CREATE_JOINABLE;
    pthread_attr_getdetachstate(attributes, &state);
    detached = state == PTHREAD_CREATE_DETACHED;
    pthread_attr_getstacksize(attributes, &stack_size);
    // The packaged library answers also when no stack was set: its upper end is then address 0.
    if (pthread_attr_getstack(attributes, &low, &size) == 0 && (uintptr_t)low + size != 0) {
      stack = (char *)low + size;
      stack_size = size;
    }
  }
  size_t alignment = tls_align > 16 ? tls_align : 16;
  size_t own_stack = stack != 0 ? 0 : round_up(stack_size, alignment);
  size_t tls_room = round_up(tls_size, 16);
  size_t size = own_stack + tls_room + sizeof(struct thread) + thread_keys_max * sizeof(void *) +
                sizeof(struct start_args);
  if (size < stack_size && stack == 0) {
    return 0;
  }
  char *block = aligned_alloc(alignment, round_up(size, alignment));
  if (block == 0) {
    return 0;
  }
  memset(block + own_stack + tls_room, 0, size - own_stack - tls_room);
  struct thread *self = (struct thread *)(block + own_stack + tls_room);
  struct start_args *start = (struct start_args *)((char *)(self + 1) + thread_keys_max * sizeof(void *));
  self->self = self;
  self->tid = __atomic_add_fetch(&last_tid, 1, __ATOMIC_RELAXED);
  self->detach_state = detached ? state_detached : state_joinable;
  self->block = block;
  self->block_size = size;
  self->stack = stack != 0 ? stack : block + own_stack;
  self->stack_size = stack_size;
  self->robust_list.head = &self->robust_list.head;
  self->locale = (void *)&__libc.global_locale;
  self->tsd = (void **)(self + 1);
  start->stack = self->stack;
  start->tls_base = block + own_stack;
  start->self = self;
  start->stack_size = (uint32_t)stack_size;
  return start;
}

int __pthread_create(pthread_t *restrict result, const pthread_attr_t *restrict attributes, void *(*routine)(void *),
                     void *restrict argument) {
  become_threaded();
  free_gone_threads();
  struct start_args *start = make_thread(attributes);
  if (start == 0) {
    return EAGAIN;
  }
  struct thread *self = start->self;
  start->routine = routine;
  start->argument = argument;
  // The thread may read its own handle from *result, and may be gone before the spawn returns.
  pthread_t before = *result;
  *result = (pthread_t)self;
  __atomic_add_fetch(&live_threads, 1, __ATOMIC_SEQ_CST);
  if (interlink_thread_spawn(start) < 0) {
    __atomic_sub_fetch(&live_threads, 1, __ATOMIC_SEQ_CST);
    *result = before;
    free_thread(self);
    return EAGAIN;
  }
  return 0;
}

int pthread_create(pthread_t *restrict, const pthread_attr_t *restrict, void *(*)(void *), void *restrict)
    __attribute__((weak, alias("__pthread_create")));
int emscripten_builtin_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)
    __attribute__((weak, alias("__pthread_create")));

// Their next owners learn that the data may be half changed. A mutex holds its place in the list by this pointer.
static void leave_robust_mutexes(struct thread *self) {
  for (volatile void *place; (place = self->robust_list.head) != 0 && place != &self->robust_list.head;) {
    pthread_mutex_t *mutex = (pthread_mutex_t *)((char *)place - offsetof(pthread_mutex_t, _m_next));
    int waiters = mutex->_m_waiters;
    self->robust_list.pending = place;
    self->robust_list.head = *(volatile void *volatile *)place;
    int before = __atomic_exchange_n(&mutex->_m_lock, owner_died, __ATOMIC_SEQ_CST);
    self->robust_list.pending = 0;
    if (before < 0 || waiters != 0) {
      __builtin_wasm_memory_atomic_notify((int *)&mutex->_m_lock, 1);
    }
  }
}

// Does all that a thread owes before its end. Returns the word that must become zero as the very last act.
static volatile int *finish(struct thread *self, void *result) {
  self->cancel_disabled = 1;
  self->cancel_async = 0;
  self->result = result;
  while (self->cleanup != 0) {
    struct cleanup_handler *handler = self->cleanup;
    self->cleanup = handler->next;
    handler->function(handler->argument);
  }
  __pthread_tsd_run_dtors();
  leave_robust_mutexes(self);
  if (__atomic_sub_fetch(&live_threads, 1, __ATOMIC_SEQ_CST) == 0) {
    exit(0);  // The process ends with its last thread.
  }
  // Against pthread_detach at the same moment: whoever is second owns the memory.
  int expected = state_joinable;
  if (!__atomic_compare_exchange_n(&self->detach_state, &expected, state_exiting, false, __ATOMIC_SEQ_CST,
                                   __ATOMIC_SEQ_CST)) {
    push_gone(self, self);
  }
  return &self->detach_state;
}

// Called by wasi_thread_start on the new thread's own stack.
volatile int *interlink_thread_main(int host_id, struct start_args *start) {
  start->self->host_id = host_id;
  void *result = interlink_guard != 0 ? interlink_guard(start->routine, start->argument) : start->routine(start->argument);
  return finish(start->self, result);
}

_Noreturn void __pthread_exit(void *result) {
  interlink_leave(finish(interlink_self_thread(), result));
}

_Noreturn void pthread_exit(void *) __attribute__((weak, alias("__pthread_exit")));

void __do_cleanup_push(struct cleanup_handler *handler) {
  struct thread *self = interlink_self_thread();
  handler->next = self->cleanup;
  self->cleanup = handler;
}

void __do_cleanup_pop(struct cleanup_handler *handler) { interlink_self_thread()->cleanup = handler->next; }

// Called by the library's join.
void __emscripten_thread_cleanup(struct thread *thread) { free_thread(thread); }

void interlink_forget_thread(void) { __atomic_sub_fetch(&live_threads, 1, __ATOMIC_SEQ_CST); }

int pthread_setname_np(pthread_t thread, const char *name) {
  if (strlen(name) >= sizeof ((struct thread *)thread)->name) {
    return ERANGE;
  }
  strcpy(((struct thread *)thread)->name, name);
  return 0;
}

int pthread_getname_np(pthread_t thread, char *out, size_t size) {
  if (strlen(((struct thread *)thread)->name) >= size) {
    return ERANGE;
  }
  strcpy(out, ((struct thread *)thread)->name);
  return 0;
}

int sched_yield(void) {
  return __wasi_sched_yield() == 0 ? 0 : -1;
}


// The hooks by which the library's locks wait. No thread is a browser's: all may block.

int emscripten_futex_wait(volatile void *address, uint32_t value, double milliseconds) {
  if (((uintptr_t)address & 3) != 0) {
    return -EINVAL;
  }
  int64_t nanoseconds = milliseconds == INFINITY ? -1 : (int64_t)(milliseconds * 1e6);
  switch (__builtin_wasm_memory_atomic_wait32((int *)address, (int)value, nanoseconds)) {
    case 1: return -EWOULDBLOCK;
    case 2: return -ETIMEDOUT;
    default: return 0;
  }
}

int emscripten_futex_wake(volatile void *address, int count) {
  if (address == 0 || ((uintptr_t)address & 3) != 0 || count < 0) {
    return -EINVAL;
  }
  return count == 0 ? 0 : (int)__builtin_wasm_memory_atomic_notify((int *)address, (unsigned)count);
}

int emscripten_is_main_runtime_thread(void) { return 0; }
int emscripten_is_main_browser_thread(void) { return 0; }
int _emscripten_thread_supports_atomics_wait(void) { return 1; }
pthread_t emscripten_main_browser_thread_id(void) { return (pthread_t)&main_thread; }
void emscripten_current_thread_process_queued_calls(void) {}
void emscripten_main_thread_process_queued_calls(void) {}
void emscripten_check_blocking_allowed(void) {}
