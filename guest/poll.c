// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Waiting for several descriptors: poll, ppoll, select and pselect, all on WASI's poll_oneoff.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <wasi/api.h>

#include "threads.h"
#include "wasix.h"

enum { reads = POLLIN | POLLRDNORM, writes = POLLOUT | POLLWRNORM };

static const int64_t forever = INT64_MAX;

static int64_t now(void) {
  __wasi_timestamp_t time = 0;
  return __wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &time) == 0 ? (int64_t)time : 0;
}

static void subscribe(__wasi_subscription_t *out, const struct pollfd *in, size_t index, bool to_write) {
  memset(out, 0, sizeof *out);
  out->userdata = index;
  out->type = to_write ? __WASI_EVENTTYPE_FD_WRITE : __WASI_EVENTTYPE_FD_READ;
  out->u.fd_readwrite.file_descriptor = (__wasi_fd_t)in->fd;
}

static void subscribe_clock(__wasi_subscription_t *out, int64_t nanoseconds) {
  memset(out, 0, sizeof *out);
  out->type = __WASI_EVENTTYPE_CLOCK;
  out->u.clock.id = __WASI_CLOCKID_MONOTONIC;
  out->u.clock.timeout = (__wasi_timestamp_t)nanoseconds;
}

// A descriptor that is asked for nothing is watched for the other end's hanging up, which comes with an event for reading.
static size_t subscribe_all(__wasi_subscription_t *out, const struct pollfd *fds, size_t count) {
  size_t used = 0;
  for (size_t i = 0; i < count; ++i) {
    if (fds[i].fd < 0 || fds[i].revents != 0) {
      continue;
    }
    if ((fds[i].events & writes) == 0 || (fds[i].events & reads) != 0) {
      subscribe(&out[used++], &fds[i], i, false);
    }
    if ((fds[i].events & writes) != 0) {
      subscribe(&out[used++], &fds[i], i, true);
    }
  }
  return used;
}

static void note(struct pollfd *fd, const __wasi_event_t *event) {
  if (event->error == __WASI_ERRNO_BADF) {
    fd->revents |= POLLNVAL;
  } else if (event->error != 0) {
    fd->revents |= POLLERR;
  } else {
    fd->revents |= fd->events & (event->type == __WASI_EVENTTYPE_FD_READ ? reads : writes);
    fd->revents |= (event->u.fd_readwrite.flags & __WASI_EVENTRWFLAGS_FD_READWRITE_HANGUP) != 0 ? POLLHUP : 0;
  }
}

static long ready(const struct pollfd *fds, size_t count) {
  long found = 0;
  for (size_t i = 0; i < count; ++i) {
    found += fds[i].revents != 0;
  }
  return found;
}

// One turn: returns how many are ready, or a negative errno value. Nothing asked for may be ready and still wake the host.
static long poll_once(struct pollfd *fds, size_t count, int64_t nanoseconds, __wasi_subscription_t *subscriptions,
                      __wasi_event_t *events) {
  size_t used = subscribe_all(subscriptions, fds, count), happened = 0;
  if (nanoseconds != forever) {
    subscribe_clock(&subscriptions[used++], nanoseconds);
  }
  int error = interlink_poll_oneoff(subscriptions, events, used, &happened);
  for (size_t i = 0; error == 0 && i < happened; ++i) {
    if (events[i].type != __WASI_EVENTTYPE_CLOCK) {
      note(&fds[events[i].userdata], &events[i]);
    }
  }
  return error != 0 ? -error : ready(fds, count);
}

// A closed descriptor is ready at once, and so that nobody waits for the others, they are looked at once only.
static bool any_is_closed(struct pollfd *fds, size_t count) {
  bool found = false;
  for (size_t i = 0; i < count; ++i) {
    __wasi_fdstat_t stat;
    fds[i].revents = 0;
    if (fds[i].fd >= 0 && __wasi_fd_fdstat_get((__wasi_fd_t)fds[i].fd, &stat) == __WASI_ERRNO_BADF) {
      fds[i].revents = POLLNVAL;
      found = true;
    }
  }
  return found;
}

static bool any_is_asked(const struct pollfd *fds, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (fds[i].fd >= 0) {
      return true;
    }
  }
  return false;
}

static long poll_until(struct pollfd *fds, size_t count, int64_t deadline) {
  if (any_is_closed(fds, count)) {
    deadline = 0;
  }
  if (!any_is_asked(fds, count)) {
    return interlink_sleep_until(__WASI_CLOCKID_MONOTONIC, deadline) != 0 ? -EINTR : 0;
  }
  __wasi_subscription_t *subscriptions = calloc(2 * count + 1, sizeof *subscriptions);
  __wasi_event_t *events = calloc(2 * count + 1, sizeof *events);
  long found = subscriptions == 0 || events == 0 ? -ENOMEM : 0;
  static const int64_t pause_max = 50000000;
  for (int64_t pause = 1000000; found == 0; pause = pause < pause_max ? 2 * pause : pause_max) {
    int64_t left = deadline == forever ? forever : deadline - now();
    int64_t before = now();
    found = poll_once(fds, count, left > 0 ? left : 0, subscriptions, events);
    if (found != 0 || (deadline != forever && now() >= deadline)) {
      break;
    }
    // Something happened that nobody asked for: bytes to read, where only the end was wanted.
    if (now() - before < pause) {
      int64_t wake = now() + pause;
      interlink_sleep_until(__WASI_CLOCKID_MONOTONIC, wake < deadline ? wake : deadline);
    }
  }
  free(subscriptions);
  free(events);
  return found;
}

long __syscall_poll(long pointer, long count, long timeout) {
  int64_t deadline = timeout < 0 ? forever : now() + (int64_t)timeout * 1000000;
  pthread_testcancel();
  return poll_until((struct pollfd *)pointer, (size_t)count, timeout == 0 ? 0 : deadline);
}

static bool is_time(const struct timespec *time) {
  return time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < 1000000000;
}

static long with_mask(struct pollfd *fds, size_t count, const struct timespec *timeout, const sigset_t *mask) {
  if (timeout != 0 && !is_time(timeout)) {
    return -EINVAL;
  }
  int64_t deadline = timeout == 0 ? forever : now() + (int64_t)timeout->tv_sec * 1000000000 + timeout->tv_nsec;
  sigset_t before;
  if (mask != 0) {
    pthread_sigmask(SIG_SETMASK, mask, &before);
  }
  pthread_testcancel();
  long found = poll_until(fds, count, deadline);
  if (mask != 0) {
    pthread_sigmask(SIG_SETMASK, &before, 0);
  }
  return found;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
  return interlink_result(with_mask(fds, count, timeout, mask));
}

static bool in(int fd, const fd_set *set) { return set != 0 && FD_ISSET(fd, set); }

// A set keeps those that are ready. What poll calls an error or an end is ready for reading and writing, as Linux has it.
static int keep_ready(const struct pollfd *fd, short wanted, fd_set *set) {
  if ((fd->events & wanted) == 0) {
    return 0;
  }
  if ((fd->revents & (wanted | POLLHUP | POLLERR)) != 0) {
    return 1;
  }
  FD_CLR(fd->fd, set);
  return 0;
}

static long select_until(int count, fd_set *read, fd_set *write, fd_set *except, const struct timespec *timeout,
                         const sigset_t *mask) {
  if (count < 0 || count > FD_SETSIZE) {
    return -EINVAL;
  }
  struct pollfd fds[FD_SETSIZE];
  size_t used = 0;
  for (int fd = 0; fd < count; ++fd) {
    short events = (short)((in(fd, read) ? POLLIN : 0) | (in(fd, write) ? POLLOUT : 0));
    if (events != 0 || in(fd, except)) {
      fds[used++] = (struct pollfd){.fd = fd, .events = events};
    }
  }
  if (any_is_closed(fds, used)) {
    return -EBADF;
  }
  // Nothing exceptional ever happens here: such descriptors are only known to be open.
  size_t asked = 0;
  for (size_t i = 0; i < used; ++i) {
    if (fds[i].events != 0) {
      fds[asked++] = fds[i];
    }
  }
  long result = with_mask(fds, asked, timeout, mask);
  if (result < 0) {
    return result;
  }
  result = 0;
  for (size_t i = 0; i < asked; ++i) {
    result += keep_ready(&fds[i], POLLIN, read);
    result += keep_ready(&fds[i], POLLOUT, write);
  }
  if (except != 0) {
    FD_ZERO(except);
  }
  return result;
}

int select(int count, fd_set *restrict read, fd_set *restrict write, fd_set *restrict except,
           struct timeval *restrict timeout) {
  struct timespec time;
  if (timeout != 0) {
    time = (struct timespec){.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000,
                             .tv_nsec = timeout->tv_usec % 1000000 * 1000};
  }
  return interlink_result(select_until(count, read, write, except, timeout != 0 ? &time : 0, 0));
}

int pselect(int count, fd_set *restrict read, fd_set *restrict write, fd_set *restrict except,
            const struct timespec *restrict timeout, const sigset_t *restrict mask) {
  return interlink_result(select_until(count, read, write, except, timeout, mask));
}
