// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An echo server of eight threads that share a listener, each with an epoll of its own, and a client that keeps a
// thousand connections open at once. Each connection says its number and hears it again.
#include "guest.h"
#include "sockets.h"

enum { threads = 8, connections = 1000 };

static int listener;
static atomic_int echoed, is_over;
static struct address bound;

static void watch(int epoll, int fd) {
  const struct epoll_event event = {.flags = epoll_in, .fd = (uint32_t)fd};
  REQUIRE(wasix_epoll_ctl(epoll, epoll_add, fd, &event) == e_success);
}

static void accept_all(int epoll) {
  int fd = -1;
  struct address peer;
  int code = e_success;
  while ((code = wasix_sock_accept_v2(listener, flag_nonblock, &fd, &peer)) == e_success) {
    watch(epoll, fd);
  }
  REQUIRE(code == e_again);
}

static void *serve(void *unused) {
  (void)unused;
  int epoll = -1;
  struct epoll_event events[32];
  uint32_t count = 0;
  REQUIRE(wasix_epoll_create(&epoll) == e_success);
  watch(epoll, listener);
  while (atomic_load(&is_over) == 0) {
    REQUIRE(wasix_epoll_wait(epoll, events, 32, 50000000, &count) == e_success);
    for (uint32_t i = 0; i < count; ++i) {
      const int fd = (int)events[i].fd;
      int number = 0;
      if (fd == listener) {
        accept_all(epoll);
        continue;
      }
      const int size = get(fd, &number, sizeof number);
      if (size == sizeof number) {
        atomic_fetch_add(&echoed, 1); // before the client can see the answer, and compare
        REQUIRE(put(fd, &number, sizeof number) == e_success);
      } else {
        REQUIRE(size == 0 && wasi_fd_close(fd) == e_success);
      }
    }
  }
  return 0;
}

static void run(struct address at) {
  static int clients[connections];
  pthread_t servers[threads];
  atomic_store(&echoed, 0);
  atomic_store(&is_over, 0);
  REQUIRE(wasix_sock_open(at.family, stream, 0, &listener) == e_success);
  REQUIRE(wasix_sock_bind(listener, &at) == e_success && wasix_sock_listen(listener, 128) == e_success);
  REQUIRE(wasix_sock_addr_local(listener, &bound) == e_success);
  REQUIRE(wasi_fd_fdstat_set_flags(listener, flag_nonblock) == e_success);
  for (int i = 0; i < threads; ++i) {
    servers[i] = start(serve, 0);
  }
  for (int i = 0; i < connections; ++i) {
    REQUIRE(wasix_sock_open(at.family, stream, 0, &clients[i]) == e_success);
    REQUIRE(wasix_sock_connect(clients[i], &bound) == e_success);
    REQUIRE(put(clients[i], &i, sizeof i) == e_success);
  }
  for (int i = 0; i < connections; ++i) {
    int number = -1;
    REQUIRE(get(clients[i], &number, sizeof number) == sizeof number && number == i);
  }
  REQUIRE(atomic_load(&echoed) == connections);
  for (int i = 0; i < connections; ++i) {
    REQUIRE(wasi_fd_close(clients[i]) == e_success);
  }
  atomic_store(&is_over, 1);
  for (int i = 0; i < threads; ++i) {
    REQUIRE(pthread_join(servers[i], 0) == 0);
  }
  REQUIRE(wasi_fd_close(listener) == e_success);
}

int main(void) {
  run(loopback4(0));
  run(local_at("/socket"));
  printf("ok %d connections\n", connections);
  return 0;
}
