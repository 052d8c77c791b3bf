// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Socket and epoll calls of WASIX, and their layouts.
#pragma once

#include <string.h>

#include "wasix.h"

struct address {
  uint8_t family;
  uint8_t padding;
  union {
    struct {
      uint16_t port;
      uint8_t bytes[16];
    };
    char path[108];
  };
};
_Static_assert(sizeof(struct address) == 110, "addr_port");

struct optional_time {
  uint8_t is_some;
  uint64_t nanoseconds;
};
_Static_assert(sizeof(struct optional_time) == 16, "option_timestamp");

enum { event_bytes = 32 };
// events 0, then at 8: pointer 8, fd 12, data1 16, data2 24.
struct epoll_event {
  uint32_t flags;
  uint32_t unused;
  uint32_t pointer;
  uint32_t fd;
  uint32_t data1;
  uint32_t unused2;
  uint64_t data2;
};
_Static_assert(sizeof(struct epoll_event) == event_bytes, "epoll_event");

enum { inet4 = 1, inet6 = 2, local = 3 };
enum { stream = 1, datagram = 2, raw = 3, sequenced = 4 };
enum { epoll_in = 1, epoll_out = 2, epoll_peer_closed = 4, epoll_hung_up = 32, epoll_edge = 64, epoll_one_shot = 128 };
enum { epoll_add = 0, epoll_modify = 1, epoll_remove = 2 };

WASIX(sock_open)(int family, int type, int protocol, int *made);
WASIX(sock_pair)(int family, int type, int protocol, int *first, int *second);
WASIX(sock_bind)(int fd, const struct address *address);
WASIX(sock_listen)(int fd, int backlog);
WASIX(sock_accept_v2)(int fd, int flags, int *accepted, struct address *peer);
WASIX(sock_connect)(int fd, const struct address *address);
WASIX(sock_send_to)(int fd, const struct vector *vectors, uint32_t count, int flags, const struct address *address,
                    uint32_t *size);
WASIX(sock_recv_from)(int fd, const struct vector *vectors, uint32_t count, int flags, uint32_t *size,
                      uint16_t *result_flags, struct address *peer);
WASIX(sock_send_file)(int out, int in, uint64_t offset, uint64_t count, uint64_t *size);
WASIX(sock_addr_local)(int fd, struct address *address);
WASIX(sock_addr_peer)(int fd, struct address *address);
WASIX(sock_status)(int fd, uint8_t *status);
WASIX(sock_get_opt_flag)(int fd, int option, uint8_t *value);
WASIX(sock_set_opt_flag)(int fd, int option, int value);
WASIX(sock_get_opt_size)(int fd, int option, uint64_t *value);
WASIX(sock_set_opt_size)(int fd, int option, uint64_t value);
WASIX(sock_get_opt_time)(int fd, int option, struct optional_time *value);
WASIX(sock_set_opt_time)(int fd, int option, const struct optional_time *value);
WASIX(sock_join_multicast_v4)(int fd, const uint8_t *group, const uint8_t *interface);
WASIX(sock_leave_multicast_v4)(int fd, const uint8_t *group, const uint8_t *interface);
WASIX(sock_join_multicast_v6)(int fd, const uint8_t *group, uint32_t interface);
WASIX(sock_leave_multicast_v6)(int fd, const uint8_t *group, uint32_t interface);
WASIX(resolve)(const char *host, uint32_t size, int port, uint8_t *addresses, uint32_t count, uint32_t *stored);
WASIX(epoll_create)(int *made);
WASIX(epoll_ctl)(int epoll, int operation, int fd, const struct epoll_event *event);
WASIX(epoll_wait)(int epoll, struct epoll_event *events, uint32_t count, uint64_t timeout, uint32_t *stored);
WASIX(clock_time_set)(int id, uint64_t time);

static const uint64_t no_timeout = ~0ULL;

static inline struct address loopback4(uint16_t port) {
  struct address address = {.family = inet4};
  address.port = port;
  memcpy(address.bytes, "\x7f\0\0\x01", 4);
  return address;
}

static inline struct address loopback6(uint16_t port) {
  struct address address = {.family = inet6};
  address.port = port;
  address.bytes[15] = 1;
  return address;
}

static inline struct address local_at(const char *path) {
  struct address address = {.family = local};
  strncpy(address.path, path, sizeof address.path - 1);
  return address;
}
