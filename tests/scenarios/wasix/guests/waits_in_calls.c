// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Waits in the call that its first argument names, which nothing ends but a signal or the end of the process: in main, and
// ends with 3 when the call answers Intr; or, with a second argument, in a thread, beside which main ends with 7.
#include <stdlib.h>

#include "guest.h"
#include "processes.h"
#include "sockets.h"

static char full[1 << 16];
static struct vector everything = {full, sizeof full}, little = {full, 1};
static uint32_t size;
static uint64_t sent;
static int ends[2], fd, other;
static struct address bound;

__attribute__((export_name("__wasm_signal"))) void __wasm_signal(int signal) { (void)signal; }

static int make_listener(struct address at) {
  REQUIRE(wasix_sock_open(at.family, stream, 0, &fd) == e_success && wasix_sock_bind(fd, &at) == e_success);
  return wasix_sock_listen(fd, 1) != e_success || wasix_sock_addr_local(fd, &bound) != e_success;
}

static int make_pair(void) { return wasix_sock_pair(local, stream, 0, &ends[0], &ends[1]); }

// Until nothing more goes in.
static int fill_up(int into) {
  uint16_t flags = 0;
  REQUIRE(wasi_fd_fdstat_set_flags(into, flag_nonblock) == e_success);
  while (wasi_fd_write(into, &everything, 1, &size) == e_success || wasi_fd_write(into, &little, 1, &size) == e_success) {
  }
  REQUIRE(wasi_fd_fdstat_set_flags(into, 0) == e_success && wasix_fd_fdflags_get(into, &flags) == e_success);
  return flags;
}

static int make_full_pair(void) { return make_pair() || fill_up(ends[0]); }
static int make_pipe(void) { return wasix_fd_pipe(&ends[0], &ends[1]); }
static int make_full_pipe(void) { return make_pipe() || fill_up(ends[1]); }
static int accept_ready(void) { return make_listener(loopback4(0)); }

// As many connections as the queue takes; nobody accepts one.
static int fill_queue(struct address at) {
  REQUIRE(make_listener(at) == 0);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(wasix_sock_open(at.family, stream, 0, &other) == e_success);
    if (i < 2) {
      REQUIRE(wasix_sock_connect(other, &bound) == e_success);
    }
  }
  return 0;
}

static int connect_ready(void) { return fill_queue(loopback4(0)); }
static int local_ready(void) { return fill_queue(local_at("/queue")); }

static int epoll_ready(void) {
  const struct epoll_event event = {.flags = epoll_in};
  return make_pipe() || wasix_epoll_create(&fd) || wasix_epoll_ctl(fd, epoll_add, ends[0], &event);
}

static int child_ready(void) { return spawn("/waits_in_calls.wasm", "me\nquietly", 0, 0, &size); }

static int file_ready(void) { return make_full_pair() || open_at(root, "waits_in_calls.wasm", 0, 0, &fd); }

static int ready(void) { return 0; }

static int accepts(void) { return wasix_sock_accept_v2(fd, 0, &other, &bound); }
static int connects(void) { return wasix_sock_connect(other, &bound); }

static int receives(void) {
  uint16_t flags = 0;
  return wasix_sock_recv_from(ends[0], &little, 1, 0, &size, &flags, &bound);
}

static int sends(void) {
  const struct address none = {0};
  return wasix_sock_send_to(ends[0], &little, 1, 0, &none, &size);
}

static int sends_file(void) { return wasix_sock_send_file(ends[0], fd, 0, 100, &sent); }
static int reads(void) { return -get(ends[0], full, 1); }
static int writes(void) { return wasi_fd_write(ends[1], &little, 1, &size); }

static int polls(void) {
  struct epoll_event events[1];
  return wasix_epoll_wait(fd, events, 1, no_timeout, &size);
}

static int joins(void) { return join(size).padding; }

static int resolves(void) {
  uint8_t addresses[18];
  return wasix_resolve("example.org", 11, 80, addresses, 1, &size);
}

static const struct call {
  const char *name;
  int (*prepare)(void);
  int (*wait)(void);
} calls[] = {{"sock_accept_v2", accept_ready, accepts},
             {"sock_connect", connect_ready, connects},
             {"sock_connect_local", local_ready, connects},
             {"sock_recv_from", make_pair, receives},
             {"sock_send_to", make_full_pair, sends},
             {"sock_send_file", file_ready, sends_file},
             {"fd_read", make_pipe, reads},
             {"fd_write", make_full_pipe, writes},
             {"epoll_wait", epoll_ready, polls},
             {"proc_join", child_ready, joins},
             {"resolve", ready, resolves}};

static void *thread_body(void *call) {
  ((const struct call *)call)->wait();
  abort(); // nothing ends it
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "quietly") == 0) { // the child that main waits for
    return make_pipe() || reads();
  }
  for (unsigned i = 0; argc > 1 && i < sizeof calls / sizeof *calls; ++i) {
    if (strcmp(argv[1], calls[i].name) != 0) {
      continue;
    }
    REQUIRE(calls[i].prepare() == 0);
    if (argc > 2) {
      start(thread_body, (void *)&calls[i]);
      usleep(30000);
      return 7;
    }
    printf("waiting\n");
    fflush(stdout);
    const int code = calls[i].wait();
    printf("answers %d\n", code);
    return code == e_intr ? 3 : 1;
  }
  return 2;
}
