// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Signals among the threads of one program. The library keeps dispositions and masks; who runs a handler, and what happens
// without one, is here. A signal to another thread is taken where that one waits, or returns from a call that can.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

#include "threads.h"

struct sigaction __sig_actions[_NSIG];
extern sigset_t __sig_pending;
bool __sig_is_blocked(int signal);

int __sigaction(int signal, const struct sigaction *restrict action, struct sigaction *restrict before) {
  if (signal <= 0 || signal >= _NSIG || (action != 0 && (signal == SIGKILL || signal == SIGSTOP))) {
    errno = EINVAL;
    return -1;
  }
  struct sigaction old = __sig_actions[signal];
  if (action != 0) {
    __sig_actions[signal] = *action;
  }
  if (before != 0) {
    *before = old;
  }
  return 0;
}

int sigaction(int, const struct sigaction *restrict, struct sigaction *restrict) __attribute__((weak, alias("__sigaction")));

static bool is_ignored_by_default(int signal) {
  return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT || signal == SIGSTOP ||
         signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;  // No shell to be stopped for.
}

static void run_handler(int signal, struct sigaction action) {
  sigset_t during = action.sa_mask, before;
  if ((action.sa_flags & SA_NODEFER) == 0) {
    sigaddset(&during, signal);
  }
  if ((action.sa_flags & SA_RESETHAND) != 0) {
    __sig_actions[signal].sa_handler = SIG_DFL;
  }
  pthread_sigmask(SIG_BLOCK, &during, &before);
  int error = errno;
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    siginfo_t info = {.si_signo = signal, .si_code = SI_USER};
    info.si_pid = getpid();
    info.si_uid = getuid();
    action.sa_sigaction(signal, &info, 0);
  } else {
    action.sa_handler(signal);
  }
  errno = error;
  pthread_sigmask(SIG_SETMASK, &before, 0);
}

int raise(int signal) {
  if (signal < 0 || signal >= _NSIG) {
    errno = EINVAL;
    return -1;
  }
  if (signal == 0) {
    return 0;
  }
  if (signal != SIGKILL && __sig_is_blocked(signal)) {
    sigaddset(&__sig_pending, signal);
    return 0;
  }
  struct sigaction action = __sig_actions[signal];
  if (signal == SIGKILL || (action.sa_handler == SIG_DFL && !is_ignored_by_default(signal))) {
    if (signal == SIGABRT) {
      __builtin_trap();  // The host reports it with the guest's backtrace, and ends with the code of this signal.
    }
    __wasi_proc_exit(128 + (uint32_t)signal);
  }
  if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) {
    run_handler(signal, action);
    if ((action.sa_flags & SA_RESTART) == 0) {
      interlink_self_thread()->handled_signals += 1;
    }
  }
  return 0;
}

_Noreturn void abort(void) {
  sigset_t aborting;
  sigemptyset(&aborting);
  sigaddset(&aborting, SIGABRT);
  pthread_sigmask(SIG_UNBLOCK, &aborting, 0);
  raise(SIGABRT);
  __builtin_trap();
}

void interlink_take_signals(void) {
  struct thread *self = interlink_self_thread();
  uint64_t signals = __atomic_exchange_n(&self->signals, 0, __ATOMIC_SEQ_CST);
  for (; signals != 0; signals &= signals - 1) {
    raise(__builtin_ctzll(signals) + 1);
  }
}

int pthread_kill(pthread_t target, int signal) {
  struct thread *thread = (struct thread *)target;
  if (signal < 0 || signal >= _NSIG) {
    return EINVAL;
  }
  if (signal == 0) {
    return 0;
  }
  if (thread == interlink_self_thread()) {
    return raise(signal) == 0 ? 0 : errno;
  }
  __atomic_fetch_or(&thread->signals, 1ULL << (signal - 1), __ATOMIC_SEQ_CST);
  interlink_wake_thread(thread);
  return 0;
}

int sigqueue(pid_t process, int signal, const union sigval value) {
  (void)value;
  return kill(process, signal);
}

// Waits until a handler ran. What is pending already runs at once.
int sigsuspend(const sigset_t *mask) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, mask, &before);
  interlink_sleep_until(CLOCK_MONOTONIC, INT64_MAX);
  pthread_sigmask(SIG_SETMASK, &before, 0);
  errno = EINTR;
  return -1;
}

long __syscall_pause(void) {
  interlink_sleep_until(CLOCK_MONOTONIC, INT64_MAX);
  return -EINTR;
}

// The timer of alarm and setitimer: a thread that sleeps until the next time and signals the main thread. It is made once,
// and sleeps on a word that changes with each setting.
static pthread_mutex_t timer_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t next_time, period;
static volatile int settings;
static bool timer_runs;

static int64_t now(void) {
  __wasi_timestamp_t time = 0;
  return __wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &time) == 0 ? (int64_t)time : 0;
}

static void *run_timer(void *unused) {
  for (;;) {
    pthread_mutex_lock(&timer_lock);
    int seen = settings;
    int64_t left = next_time == 0 ? -1 : next_time - now();
    bool is_due = next_time != 0 && left <= 0;
    if (is_due) {
      next_time = period != 0 ? next_time + period : 0;
    }
    pthread_mutex_unlock(&timer_lock);
    if (is_due) {
      pthread_kill((pthread_t)interlink_main_thread(), SIGALRM);
    } else {
      __builtin_wasm_memory_atomic_wait32((int *)&settings, seen, left);
    }
  }
  return unused;
}

// Called with the lock held.
static int start_timer(void) {
  pthread_attr_t attributes;
  pthread_t thread;
  if (timer_runs) {
    return 0;
  }
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int error = pthread_create(&thread, &attributes, run_timer, 0);
  timer_runs = error == 0;
  if (timer_runs) {
    interlink_forget_thread();
  }
  return error;
}

static struct timeval as_timeval(int64_t nanoseconds) {
  return (struct timeval){.tv_sec = (time_t)(nanoseconds / 1000000000),
                          .tv_usec = (suseconds_t)(nanoseconds / 1000 % 1000000)};
}

static int64_t as_nanoseconds(struct timeval time) { return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000; }

static long get_timer(struct itimerval *out) {
  int64_t left = next_time == 0 ? 0 : next_time - now();
  *out = (struct itimerval){.it_value = as_timeval(left > 1000 || next_time == 0 ? left : 1000),
                            .it_interval = as_timeval(period)};
  return 0;
}

long __syscall_getitimer(long which, long out) {
  if (which != ITIMER_REAL) {
    return -EINVAL;
  }
  pthread_mutex_lock(&timer_lock);
  get_timer((struct itimerval *)out);
  pthread_mutex_unlock(&timer_lock);
  return 0;
}

long __syscall_setitimer(long which, long pointer, long before) {
  const struct itimerval *set = (const struct itimerval *)pointer;
  if (which != ITIMER_REAL) {
    return -EINVAL;  // Nothing measures the time that a guest computes.
  }
  pthread_mutex_lock(&timer_lock);
  if (before != 0) {
    get_timer((struct itimerval *)before);
  }
  int64_t first = as_nanoseconds(set->it_value);
  int error = first != 0 ? start_timer() : 0;
  if (error == 0) {
    next_time = first != 0 ? now() + first : 0;
    period = as_nanoseconds(set->it_interval);
    settings += 1;
    __builtin_wasm_memory_atomic_notify((int *)&settings, 1);
  }
  pthread_mutex_unlock(&timer_lock);
  return -error;
}

unsigned alarm(unsigned seconds) {
  struct itimerval set = {.it_value = {.tv_sec = (time_t)seconds}}, before = {0};
  setitimer(ITIMER_REAL, &set, &before);
  return (unsigned)before.it_value.tv_sec + (before.it_value.tv_usec != 0);
}
