// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Options of sockets: each is a flag, a number or a time to the host.
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "sockets.h"
#include "wasix.h"

struct optional_time {
  uint8_t is_some;
  uint64_t nanoseconds;
};
_Static_assert(sizeof(struct optional_time) == 16, "option_timestamp");

WASIX(sock_addr_local)(int fd, struct host_address *address);
WASIX(sock_get_opt_flag)(int fd, int option, uint8_t *value);
WASIX(sock_set_opt_flag)(int fd, int option, int value);
WASIX(sock_get_opt_size)(int fd, int option, uint64_t *value);
WASIX(sock_set_opt_size)(int fd, int option, uint64_t value);
WASIX(sock_get_opt_time)(int fd, int option, struct optional_time *value);
WASIX(sock_set_opt_time)(int fd, int option, const struct optional_time *value);
WASIX(sock_join_multicast_v4)(int fd, const void *group, const void *interface);
WASIX(sock_leave_multicast_v4)(int fd, const void *group, const void *interface);
WASIX(sock_join_multicast_v6)(int fd, const void *group, uint32_t interface);
WASIX(sock_leave_multicast_v6)(int fd, const void *group, uint32_t interface);

enum kind { is_flag, is_size, is_time, is_linger };
enum { host_last_error = 11, host_type_option = 25 };

static const struct option {
  int level, name;
  enum kind kind;
  int host;
} options[] = {
    {SOL_SOCKET, SO_REUSEPORT, is_flag, 1},
    {SOL_SOCKET, SO_REUSEADDR, is_flag, 2},
    {IPPROTO_TCP, TCP_NODELAY, is_flag, 3},
    {SOL_SOCKET, SO_DONTROUTE, is_flag, 4},
    {IPPROTO_IPV6, IPV6_V6ONLY, is_flag, 5},
    {SOL_SOCKET, SO_BROADCAST, is_flag, 6},
    {IPPROTO_IP, IP_MULTICAST_LOOP, is_flag, 7},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, is_flag, 8},
    {SOL_SOCKET, SO_ACCEPTCONN, is_flag, 10},
    {SOL_SOCKET, SO_ERROR, is_size, host_last_error},
    {SOL_SOCKET, SO_KEEPALIVE, is_flag, 12},
    {SOL_SOCKET, SO_LINGER, is_linger, 13},
    {SOL_SOCKET, SO_OOBINLINE, is_flag, 14},
    {SOL_SOCKET, SO_RCVBUF, is_size, 15},
    {SOL_SOCKET, SO_SNDBUF, is_size, 16},
    {SOL_SOCKET, SO_RCVLOWAT, is_size, 17},
    {SOL_SOCKET, SO_SNDLOWAT, is_size, 18},
    {SOL_SOCKET, SO_RCVTIMEO, is_time, 19},
    {SOL_SOCKET, SO_SNDTIMEO, is_time, 20},
    {IPPROTO_IP, IP_TTL, is_size, 23},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, is_size, 23},
    {IPPROTO_IP, IP_MULTICAST_TTL, is_size, 24},
    {SOL_SOCKET, SO_TYPE, is_size, host_type_option},
    {SOL_SOCKET, SO_PROTOCOL, is_size, 26},
};

static const struct option *find(int level, int name) {
  for (size_t i = 0; i < sizeof options / sizeof *options; ++i) {
    if (options[i].level == level && options[i].name == name) {
      return &options[i];
    }
  }
  return 0;
}

static int give(void *value, socklen_t *size, const void *found, socklen_t found_size) {
  if (value == 0 || size == 0) {
    return interlink_answer(EFAULT);
  }
  memcpy(value, found, *size < found_size ? *size : found_size);
  *size = *size < found_size ? *size : found_size;
  return 0;
}

static int give_number(void *value, socklen_t *size, int number) { return give(value, size, &number, sizeof number); }

static int get_domain(int fd, void *value, socklen_t *size) {
  static const int families[] = {[host_unnamed] = AF_UNIX, [host_inet4] = AF_INET, [host_inet6] = AF_INET6, [host_local] = AF_UNIX};
  struct host_address found;
  int error = wasix_sock_addr_local(fd, &found);
  return error != 0 ? interlink_answer(error) : give_number(value, size, families[found.family & 3]);
}

static int our_number(const struct option *option, uint64_t value) {
  static const int types[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
  if (option->host == host_type_option) {
    return value < sizeof types / sizeof *types ? types[value] : 0;
  }
  return option->host == host_last_error ? interlink_errno_of((int)value) : (int)value;
}

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict size) {
  uint8_t flag = 0;
  uint64_t number = 0;
  struct optional_time time = {0};
  int error = 0;
  if (level == SOL_SOCKET && name == SO_DOMAIN) {
    return get_domain(fd, value, size);
  }
  const struct option *option = find(level, name);
  if (option == 0) {
    return interlink_answer(ENOPROTOOPT);
  }
  switch (option->kind) {
    case is_flag:
      error = wasix_sock_get_opt_flag(fd, option->host, &flag);
      return error != 0 ? interlink_answer(error) : give_number(value, size, flag);
    case is_size:
      error = wasix_sock_get_opt_size(fd, option->host, &number);
      return error != 0 ? interlink_answer(error) : give_number(value, size, our_number(option, number));
    case is_time:
    case is_linger: break;
  }
  error = wasix_sock_get_opt_time(fd, option->host, &time);
  if (error != 0) {
    return interlink_answer(error);
  }
  if (option->kind == is_linger) {
    struct linger linger = {.l_onoff = time.is_some, .l_linger = (int)(time.nanoseconds / 1000000000)};
    return give(value, size, &linger, sizeof linger);
  }
  struct timeval limit = {0};
  if (time.is_some) {
    limit.tv_sec = (time_t)(time.nanoseconds / 1000000000);
    limit.tv_usec = (suseconds_t)(time.nanoseconds / 1000 % 1000000);
  }
  return give(value, size, &limit, sizeof limit);
}

static int set_group4(int fd, int name, const void *value, socklen_t size) {
  const struct ip_mreq *request = value;
  if (size < sizeof *request) {
    return interlink_answer(EINVAL);
  }
  return interlink_answer(name == IP_ADD_MEMBERSHIP
                              ? wasix_sock_join_multicast_v4(fd, &request->imr_multiaddr, &request->imr_interface)
                              : wasix_sock_leave_multicast_v4(fd, &request->imr_multiaddr, &request->imr_interface));
}

static int set_group6(int fd, int name, const void *value, socklen_t size) {
  const struct ipv6_mreq *request = value;
  if (size < sizeof *request) {
    return interlink_answer(EINVAL);
  }
  return interlink_answer(name == IPV6_JOIN_GROUP
                              ? wasix_sock_join_multicast_v6(fd, &request->ipv6mr_multiaddr, request->ipv6mr_interface)
                              : wasix_sock_leave_multicast_v6(fd, &request->ipv6mr_multiaddr, request->ipv6mr_interface));
}

// Returns an errno value.
static int load_time(const struct option *option, const void *value, socklen_t size, struct optional_time *out) {
  if (option->kind == is_linger) {
    const struct linger *linger = value;
    if (size < sizeof *linger || linger->l_linger < 0) {
      return EINVAL;
    }
    *out = (struct optional_time){linger->l_onoff != 0, (uint64_t)linger->l_linger * 1000000000};
    return 0;
  }
  const struct timeval *limit = value;
  if (size < sizeof *limit) {
    return EINVAL;
  }
  if (limit->tv_usec < 0 || limit->tv_usec >= 1000000) {
    return EDOM;
  }
  uint64_t nanoseconds = limit->tv_sec < 0 ? 0 : (uint64_t)limit->tv_sec * 1000000000 + (uint64_t)limit->tv_usec * 1000;
  *out = (struct optional_time){nanoseconds != 0, nanoseconds};
  return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
  if (value == 0) {
    return interlink_answer(EFAULT);
  }
  if (level == IPPROTO_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP)) {
    return set_group4(fd, name, value, size);
  }
  if (level == IPPROTO_IPV6 && (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP)) {
    return set_group6(fd, name, value, size);
  }
  const struct option *option = find(level, name);
  if (option == 0) {
    return interlink_answer(ENOPROTOOPT);
  }
  if (option->kind == is_time || option->kind == is_linger) {
    struct optional_time time;
    int error = load_time(option, value, size, &time);
    return interlink_answer(error != 0 ? error : wasix_sock_set_opt_time(fd, option->host, &time));
  }
  // The options of multicast may be one byte.
  bool is_byte = size == 1 && level == IPPROTO_IP;
  if (size < sizeof(int) && !is_byte) {
    return interlink_answer(EINVAL);
  }
  int number = is_byte ? *(const uint8_t *)value : *(const int *)value;
  if (option->kind == is_flag) {
    return interlink_answer(wasix_sock_set_opt_flag(fd, option->host, number != 0));
  }
  return interlink_answer(number < 0 ? EINVAL : wasix_sock_set_opt_size(fd, option->host, (uint64_t)number));
}
