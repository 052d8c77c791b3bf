// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// poll, ppoll and select in the cases that programs meet.
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <poll.h>
#include <sys/select.h>

static int polled(int fd, short events, int timeout) {
  struct pollfd one = {.fd = fd, .events = events, .revents = 0x7fff};
  const int found = poll(&one, 1, timeout);
  REQUIRE(found == (one.revents != 0));
  return one.revents;
}

static long elapsed_ms(struct timespec from) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000;
}

static void with_poll(int *ends) {
  struct timespec from;
  clock_gettime(CLOCK_MONOTONIC, &from);
  REQUIRE(poll(0, 0, 30) == 0 && elapsed_ms(from) >= 29);
  struct pollfd ignored[2] = {{.fd = -1, .events = POLLIN}, {.fd = -5}};
  REQUIRE(poll(ignored, 2, 1) == 0 && ignored[0].revents == 0);
  REQUIRE(polled(ends[0], POLLIN, 0) == 0 && polled(ends[0], POLLIN, 5) == 0 && polled(ends[1], POLLOUT, -1) == POLLOUT);
  REQUIRE(polled(1000, POLLIN, -1) == POLLNVAL);
  REQUIRE(write(ends[1], "x", 1) == 1 && polled(ends[0], POLLIN | POLLRDNORM, -1) == (POLLIN | POLLRDNORM));
  REQUIRE(polled(ends[0], 0, 5) == 0);
  const struct timespec soon = {.tv_nsec = 1000000}, bad = {.tv_nsec = -1};
  REQUIRE(ppoll(0, 0, &soon, 0) == 0 && ppoll(0, 0, &bad, 0) == -1 && errno == EINVAL);
}

static void with_select(int *ends) {
  fd_set reads, writes;
  struct timeval soon = {.tv_usec = 1000};
  FD_ZERO(&reads);
  FD_ZERO(&writes);
  REQUIRE(select(0, 0, 0, 0, &soon) == 0);
  FD_SET(ends[0], &reads);
  FD_SET(ends[1], &writes);
  REQUIRE(select(ends[1] + 1, &reads, &writes, 0, 0) == 2 && FD_ISSET(ends[0], &reads) && FD_ISSET(ends[1], &writes));
  REQUIRE(read(ends[0], &(char){0}, 1) == 1);
  REQUIRE(select(ends[1] + 1, &reads, &writes, 0, &soon) == 1 && !FD_ISSET(ends[0], &reads));
  FD_ZERO(&reads);
  const int closed = dup(ends[0]);
  REQUIRE(close(closed) == 0);
  FD_SET(closed, &reads);
  REQUIRE(select(closed + 1, &reads, 0, 0, &soon) == -1 && errno == EBADF);
  REQUIRE(select(-1, 0, 0, 0, 0) == -1 && errno == EINVAL);
}

int main(void) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  with_poll(ends);
  with_select(ends);
  REQUIRE(close(ends[1]) == 0 && (polled(ends[0], POLLIN, -1) & POLLHUP) != 0 && (polled(ends[0], 0, -1) & POLLHUP) != 0);
  printf("ok polled\n");
  return 0;
}
