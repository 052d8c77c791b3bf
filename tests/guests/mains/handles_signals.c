// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Signals by the C library's functions. With an argument: raises that signal and is to end by it.
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t last, count;
static pthread_t handled_in;
static int pipe_ends[2];
static atomic_int begun;

static void note(int signal) {
  last = signal;
  count += 1;
  handled_in = pthread_self();
}

static void note_origin(int signal, siginfo_t *info, void *unused) {
  (void)unused;
  last = info->si_signo == signal && info->si_pid == getpid() ? signal : -1;
}

static void to_itself(void) {
  sigset_t set, pending;
  REQUIRE(signal(SIGUSR1, note) == SIG_DFL && raise(SIGUSR1) == 0 && last == SIGUSR1);
  REQUIRE(kill(getpid(), SIGUSR1) == 0 && pthread_kill(pthread_self(), SIGUSR1) == 0 && count == 3);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  REQUIRE(pthread_sigmask(SIG_BLOCK, &set, 0) == 0 && raise(SIGUSR1) == 0 && count == 3);
  REQUIRE(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) == 1);
  REQUIRE(pthread_sigmask(SIG_UNBLOCK, &set, 0) == 0 && count == 4);
  const struct sigaction with_origin = {.sa_sigaction = note_origin, .sa_flags = SA_SIGINFO | SA_RESETHAND};
  struct sigaction now;
  REQUIRE(sigaction(SIGUSR2, &with_origin, 0) == 0 && raise(SIGUSR2) == 0 && last == SIGUSR2);
  REQUIRE(sigaction(SIGUSR2, 0, &now) == 0 && now.sa_handler == SIG_DFL);
  REQUIRE(signal(SIGTERM, SIG_IGN) == SIG_DFL && raise(SIGTERM) == 0 && raise(SIGCHLD) == 0 && raise(SIGWINCH) == 0);
  REQUIRE(raise(-1) == -1 && errno == EINVAL && signal(SIGKILL, note) == SIG_ERR && errno == EINVAL);
}

static void by_timer(void) {
  const struct itimerval often = {.it_interval = {.tv_usec = 2000}, .it_value = {.tv_usec = 2000}}, never = {{0}, {0}};
  count = 0;
  REQUIRE(signal(SIGALRM, note) == SIG_DFL && setitimer(ITIMER_REAL, &often, 0) == 0);
  while (count < 3) {
    usleep(100000);  // Ended early by each.
  }
  REQUIRE(setitimer(ITIMER_REAL, &never, 0) == 0 && last == SIGALRM && alarm(100) == 0 && alarm(0) >= 99);
}

static void *wait_in_poll(void *result) {
  atomic_store(&begun, 1);
  *(int *)result = poll(&(struct pollfd){.fd = pipe_ends[0], .events = POLLIN}, 1, 10000) == -1 && errno == EINTR;
  return 0;
}

static void *wait_in_read(void *result) {
  atomic_store(&begun, 1);
  *(int *)result = read(pipe_ends[0], &(char){0}, 1) == -1 && errno == EINTR;
  return 0;
}

static void to_another(void *(*wait)(void *)) {
  int was_interrupted = 0;
  atomic_store(&begun, 0);
  const struct sigaction action = {.sa_handler = note};
  REQUIRE(sigaction(SIGUSR2, &action, 0) == 0);
  const pthread_t thread = start(wait, &was_interrupted);
  wait_for(&begun);
  usleep(2000);
  REQUIRE(pthread_kill(thread, SIGUSR2) == 0 && pthread_join(thread, 0) == 0);
  REQUIRE(was_interrupted && last == SIGUSR2 && pthread_equal(handled_in, thread));
}

int main(int argc, char **argv) {
  if (argc > 1) {
    raise(atoi(argv[1]));
    return 1;
  }
  REQUIRE(pipe(pipe_ends) == 0);
  to_itself();
  by_timer();
  to_another(wait_in_poll);
  to_another(wait_in_read);
  printf("ok handled\n");
  return 0;
}
