// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Descriptors that are no files: pipes, copies, event counters, and the sets of epoll.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <wasi/api.h>

#include "descriptors.h"
#include "paths.h"
#include "threads.h"
#include "wasix.h"

enum { closes_on_exec = 1 };

// WASIX' events and their data: an address 8, a descriptor 12, 32 bits 16, 64 bits 24.
struct host_event {
  uint32_t flags;
  uint32_t unused[5];
  uint64_t data;
};
_Static_assert(sizeof(struct host_event) == 32, "epoll_event");

enum { host_add = 0, host_modify = 1, host_remove = 2 };
enum { counts_one = 1 };

WASIX(fd_dup2)(int fd, int lowest, int closes, int *copy);
WASIX(fd_pipe)(int *read_end, int *write_end);
WASIX(fd_event)(uint64_t initial, int flags, int *made);
WASIX(fd_fdflags_get)(int fd, uint16_t *flags);
WASIX(fd_fdflags_set)(int fd, int flags);
WASIX(epoll_create)(int *made);
WASIX(epoll_ctl)(int epoll, int operation, int fd, const struct host_event *event);
WASIX(epoll_wait)(int epoll, struct host_event *events, uint32_t count, uint64_t timeout, uint32_t *stored);

long interlink_finish_descriptor(int fd, int flags) {
  int error = (flags & O_NONBLOCK) != 0 ? __wasi_fd_fdstat_set_flags((__wasi_fd_t)fd, __WASI_FDFLAGS_NONBLOCK) : 0;
  if (error == 0 && (flags & O_CLOEXEC) != 0) {
    error = wasix_fd_fdflags_set(fd, closes_on_exec);
  }
  if (error != 0) {
    (void)__wasi_fd_close((__wasi_fd_t)fd);
    return -interlink_errno_of(error);
  }
  return fd;
}

long interlink_descriptor_flags(int fd) {
  uint16_t flags = 0;
  int error = wasix_fd_fdflags_get(fd, &flags);
  return error != 0 ? -interlink_errno_of(error) : (flags & closes_on_exec) != 0 ? FD_CLOEXEC : 0;
}

long interlink_set_descriptor_flags(int fd, int flags) {
  return -interlink_errno_of(wasix_fd_fdflags_set(fd, (flags & FD_CLOEXEC) != 0 ? closes_on_exec : 0));
}

long interlink_duplicate(int fd, int lowest, bool closes) {
  int copy = -1;
  if (interlink_is_preopen(fd)) {
    return -EBADF;
  }
  int error = lowest < 0 ? EINVAL : wasix_fd_dup2(fd, lowest, closes, &copy);
  return error != 0 ? -interlink_errno_of(error) : copy;
}

long __syscall_dup(long fd) { return interlink_duplicate((int)fd, 0, false); }

// A copy takes the number when it is free, else it replaces the one that has it. In between another thread may close that.
long __syscall_dup3(long fd, long number, long flags) {
  if (fd == number || (flags & ~O_CLOEXEC) != 0) {
    return -EINVAL;
  }
  if (interlink_is_preopen((int)number)) {
    return -EBUSY;  // The host's own, which gives the program its files.
  }
  for (;;) {
    long copy = number < 0 ? -EBADF : interlink_duplicate((int)fd, (int)number, (flags & O_CLOEXEC) != 0);
    if (copy < 0 || copy == number) {
      return copy == -EINVAL ? -EBADF : copy;
    }
    int error = __wasi_fd_renumber((__wasi_fd_t)copy, (__wasi_fd_t)number);
    if (error == 0) {
      return number;
    }
    (void)__wasi_fd_close((__wasi_fd_t)copy);
    if (error != EBADF) {
      return -interlink_errno_of(error);
    }
  }
}

long __syscall_pipe2(long fds, long flags) {
  int *ends = (int *)fds;
  int made[2] = {-1, -1};
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0) {
    return -EINVAL;
  }
  int error = wasix_fd_pipe(&made[0], &made[1]);
  if (error != 0) {
    return -interlink_errno_of(error);
  }
  for (int i = 0; i < 2; ++i) {
    long finished = interlink_finish_descriptor(made[i], (int)flags);
    if (finished < 0) {
      (void)__wasi_fd_close((__wasi_fd_t)made[1 - i]);
      return finished;
    }
  }
  memcpy(ends, made, sizeof made);
  return 0;
}

long __syscall_pipe(long fds) { return __syscall_pipe2(fds, 0); }

int eventfd(unsigned initial, int flags) {
  int made = -1;
  if ((flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK)) != 0) {
    return interlink_result(-EINVAL);
  }
  int error = wasix_fd_event(initial, (flags & EFD_SEMAPHORE) != 0 ? counts_one : 0, &made);
  return error != 0 ? interlink_answer(error) : interlink_result(interlink_finish_descriptor(made, flags));
}

int eventfd_read(int fd, eventfd_t *value) { return read(fd, value, sizeof *value) == sizeof *value ? 0 : -1; }
int eventfd_write(int fd, eventfd_t value) { return write(fd, &value, sizeof value) == sizeof value ? 0 : -1; }

static const struct {
  uint32_t ours, hosts;
} flag_pairs[] = {{EPOLLIN, 1}, {EPOLLRDNORM, 1}, {EPOLLOUT, 2}, {EPOLLWRNORM, 2}, {EPOLLRDHUP, 4}, {EPOLLPRI, 8},
                  {EPOLLERR, 16}, {EPOLLHUP, 32}, {EPOLLET, 64}, {EPOLLONESHOT, 128}};

enum { flag_pair_count = sizeof flag_pairs / sizeof *flag_pairs };

static uint32_t host_flags(uint32_t events) {
  uint32_t out = 0;
  for (int i = 0; i < flag_pair_count; ++i) {
    out |= (events & flag_pairs[i].ours) != 0 ? flag_pairs[i].hosts : 0;
  }
  return out;
}

static uint32_t our_flags(uint32_t flags) {
  uint32_t out = 0;
  for (int i = 0; i < flag_pair_count; ++i) {
    if (flag_pairs[i].ours != EPOLLRDNORM && flag_pairs[i].ours != EPOLLWRNORM) {
      out |= (flags & flag_pairs[i].hosts) != 0 ? flag_pairs[i].ours : 0;
    }
  }
  return out;
}

int epoll_create1(int flags) {
  int made = -1;
  if ((flags & ~EPOLL_CLOEXEC) != 0) {
    return interlink_result(-EINVAL);
  }
  int error = wasix_epoll_create(&made);
  return error != 0 ? interlink_answer(error) : interlink_result(interlink_finish_descriptor(made, flags));
}

int epoll_create(int size) { return size <= 0 ? interlink_result(-EINVAL) : epoll_create1(0); }

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  static const int operations[] = {[EPOLL_CTL_ADD] = host_add, [EPOLL_CTL_DEL] = host_remove, [EPOLL_CTL_MOD] = host_modify};
  if (operation < EPOLL_CTL_ADD || operation > EPOLL_CTL_MOD) {
    return interlink_result(-EINVAL);
  }
  struct host_event wanted = {0};
  if (operation != EPOLL_CTL_DEL) {
    if (event == 0) {
      return interlink_result(-EFAULT);
    }
    wanted = (struct host_event){.flags = host_flags(event->events), .data = event->data.u64};
  }
  return interlink_answer(wasix_epoll_ctl(epoll, operations[operation], fd, &wanted));
}

int epoll_pwait(int epoll, struct epoll_event *events, int count, int timeout, const sigset_t *mask) {
  enum { events_max = 64 };  // Of one call; the rest is there for the next.
  struct host_event happened[events_max];
  uint32_t stored = 0;
  if (count <= 0) {
    return interlink_result(-EINVAL);
  }
  uint64_t nanoseconds = timeout < 0 ? ~0ULL : (uint64_t)timeout * 1000000;
  sigset_t before;
  if (mask != 0) {
    pthread_sigmask(SIG_SETMASK, mask, &before);
  }
  interlink_enter_wait();
  int error = wasix_epoll_wait(epoll, happened, count < events_max ? (uint32_t)count : events_max, nanoseconds, &stored);
  interlink_leave_wait();
  if (mask != 0) {
    pthread_sigmask(SIG_SETMASK, &before, 0);
  }
  if (error != 0) {
    return interlink_answer(error);
  }
  for (uint32_t i = 0; i < stored; ++i) {
    events[i] = (struct epoll_event){.events = our_flags(happened[i].flags), .data.u64 = happened[i].data};
  }
  return (int)stored;
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout) {
  return epoll_pwait(epoll, events, count, timeout, 0);
}
