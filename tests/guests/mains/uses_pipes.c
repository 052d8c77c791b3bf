// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pipes, copies of descriptors, event counters and epoll, by the C library's functions.
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int fails_with(int result, int error) { return result == -1 && errno == error; }

static void pipes_and_copies(void) {
  int ends[2];
  char byte = 0;
  REQUIRE(pipe(ends) == 0 && write(ends[1], "x", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'x');
  REQUIRE(dup2(ends[1], 77) == 77 && dup2(ends[1], 77) == 77 && dup2(77, 77) == 77);
  REQUIRE(write(77, "y", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'y');
  REQUIRE(fails_with(dup2(1000, 77), EBADF) && fails_with(dup2(1, -1), EBADF) && fails_with(dup(1000), EBADF));
  REQUIRE(fcntl(77, F_GETFD) == 0 && fcntl(77, F_SETFD, FD_CLOEXEC) == 0 && fcntl(77, F_GETFD) == FD_CLOEXEC);
  const int copy = fcntl(77, F_DUPFD, 100), marked = fcntl(77, F_DUPFD_CLOEXEC, 100);
  REQUIRE(copy >= 100 && fcntl(copy, F_GETFD) == 0 && marked > copy && fcntl(marked, F_GETFD) == FD_CLOEXEC);
  REQUIRE(dup3(ends[1], 78, O_CLOEXEC) == 78 && fcntl(78, F_GETFD) == FD_CLOEXEC);
  REQUIRE(close(ends[1]) == 0 && close(77) == 0 && close(78) == 0 && close(copy) == 0 && close(marked) == 0);
  REQUIRE(read(ends[0], &byte, 1) == 0 && close(ends[0]) == 0);
  REQUIRE(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0 && fails_with((int)read(ends[0], &byte, 1), EAGAIN));
  REQUIRE(fcntl(ends[0], F_GETFD) == FD_CLOEXEC && fails_with(pipe2(ends, O_APPEND), EINVAL));
}

static void events(void) {
  eventfd_t value = 0;
  const int counter = eventfd(3, EFD_NONBLOCK);
  REQUIRE(counter >= 0 && eventfd_read(counter, &value) == 0 && value == 3);
  REQUIRE(fails_with(eventfd_read(counter, &value), EAGAIN) && eventfd_write(counter, 9) == 0);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event wanted = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef}, happened[2];
  REQUIRE(epoll >= 0 && fcntl(epoll, F_GETFD) == FD_CLOEXEC);
  REQUIRE(epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &wanted) == 0 && epoll_wait(epoll, happened, 2, -1) == 1);
  REQUIRE(happened[0].events == EPOLLIN && happened[0].data.u64 == wanted.data.u64);
  REQUIRE(fails_with(epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &wanted), EEXIST));
  wanted.events = EPOLLOUT | EPOLLONESHOT;
  REQUIRE(epoll_ctl(epoll, EPOLL_CTL_MOD, counter, &wanted) == 0 && epoll_wait(epoll, happened, 2, 1000) == 1);
  REQUIRE(happened[0].events == EPOLLOUT && epoll_wait(epoll, happened, 2, 5) == 0);
  REQUIRE(epoll_ctl(epoll, EPOLL_CTL_DEL, counter, 0) == 0 && epoll_wait(epoll, happened, 2, 5) == 0);
  REQUIRE(fails_with(epoll_wait(epoll, happened, 0, 0), EINVAL) && fails_with(epoll_wait(counter, happened, 1, 0), EINVAL));
}

int main(void) {
  pipes_and_copies();
  events();
  printf("ok pipes\n");
  return 0;
}
