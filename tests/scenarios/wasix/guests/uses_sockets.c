// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every socket call of WASIX: streams and datagrams over IPv4, IPv6 and local sockets, options, names, epoll. Run with
// --net loopback and a root.
#include <stdio.h>

#include "guest.h"
#include "sockets.h"

static int listener_at(struct address address, struct address *bound) {
  int fd = -1;
  REQUIRE(wasix_sock_open(address.family, stream, 0, &fd) == e_success);
  REQUIRE(address.family == local || wasix_sock_set_opt_flag(fd, 2, 1) == e_success);
  REQUIRE(wasix_sock_bind(fd, &address) == e_success && wasix_sock_listen(fd, 16) == e_success);
  REQUIRE(wasix_sock_addr_local(fd, bound) == e_success && bound->family == address.family);
  return fd;
}

static void streams(struct address at) {
  struct address bound = {0}, peer = {0}, seen = {0};
  uint8_t status = 9;
  int client = -1, server = -1;
  const int listener = listener_at(at, &bound);
  REQUIRE(at.family == local ? strcmp(bound.path, at.path) == 0 : bound.port != 0);
  REQUIRE(wasix_sock_open(at.family, stream, 0, &client) == e_success);
  REQUIRE(wasix_sock_status(client, &status) == e_success && status == 0);
  REQUIRE(wasix_sock_addr_peer(client, &peer) == e_notconn);
  REQUIRE(wasix_sock_connect(client, &bound) == e_success);
  REQUIRE(wasix_sock_accept_v2(listener, 0, &server, &peer) == e_success && peer.family == at.family);
  REQUIRE(wasix_sock_status(client, &status) == e_success && status == 1);
  REQUIRE(wasix_sock_addr_peer(client, &seen) == e_success && memcmp(&seen, &bound, sizeof seen) == 0);
  if (at.family != local) {
    REQUIRE(wasix_sock_addr_local(client, &seen) == e_success && seen.port == peer.port);
  }
  char text[16] = "";
  struct vector to = {"hello", 5}, from = {text, sizeof text};
  uint32_t size = 0;
  uint16_t flags = 9;
  const struct address none = {0};
  REQUIRE(wasix_sock_send_to(client, &to, 1, 0, &none, &size) == e_success && size == 5);
  REQUIRE(wasix_sock_recv_from(server, &from, 1, 1, &size, &flags, &seen) == e_success && size == 5); // a peek
  REQUIRE(wasix_sock_recv_from(server, &from, 1, 0, &size, &flags, &seen) == e_success && size == 5 && flags == 0);
  REQUIRE(memcmp(text, "hello", 5) == 0 && seen.family == at.family);
  REQUIRE(wasix_sock_recv_from(server, &from, 1, 8, &size, &flags, &seen) == e_again);

  int file = -1;
  uint64_t sent = 0;
  REQUIRE(open_at(root, "file", 0, 0, &file) == e_success);
  REQUIRE(wasix_sock_send_file(server, file, 3, 100, &sent) == e_success && sent == 4);
  REQUIRE(get(client, text, 4) == 4 && memcmp(text, "tent", 4) == 0);
  REQUIRE(wasix_sock_send_file(file, file, 0, 1, &sent) == e_notsock);
  REQUIRE(wasix_sock_send_file(server, client, 0, 1, &sent) == e_inval);
  REQUIRE(wasix_sock_send_file(server, 77, 0, 1, &sent) == e_badf && wasi_fd_close(file) == e_success);

  REQUIRE(wasi_fd_close(server) == e_success && get(client, text, 4) == 0);
  REQUIRE(wasix_sock_status(client, &status) == e_success && status == 2);
  REQUIRE(wasi_fd_close(client) == e_success && wasi_fd_close(listener) == e_success);
  if (at.family != local) {
    REQUIRE(wasix_sock_open(at.family, stream, 0, &client) == e_success);
    REQUIRE(wasix_sock_connect(client, &bound) == e_connrefused && wasi_fd_close(client) == e_success);
  }
}

static void datagrams(struct address at) {
  struct address bound = {0}, sender = {0};
  int one = -1, other = -1;
  char text[4] = "";
  struct vector to = {"datagram", 8}, from = {text, sizeof text};
  uint32_t size = 0;
  uint16_t flags = 0;
  REQUIRE(wasix_sock_open(at.family, datagram, 17, &one) == e_success && wasix_sock_bind(one, &at) == e_success);
  REQUIRE(wasix_sock_addr_local(one, &bound) == e_success && bound.port != 0);
  REQUIRE(wasix_sock_open(at.family, datagram, 0, &other) == e_success);
  REQUIRE(wasix_sock_send_to(other, &to, 1, 0, &bound, &size) == e_success && size == 8);
  REQUIRE(wasix_sock_recv_from(one, &from, 1, 0, &size, &flags, &sender) == e_success && size == 4 && flags == 1);
  REQUIRE(sender.family == at.family && sender.port != 0);
  REQUIRE(wasix_sock_send_to(one, &to, 1, 0, &sender, &size) == e_success);
  REQUIRE(wasi_fd_close(one) == e_success && wasi_fd_close(other) == e_success);
}

static void pairs(void) {
  int ends[2] = {-1, -1};
  char text[8] = "";
  const int families[] = {inet4, inet6, local};
  for (int i = 0; i < 3; ++i) {
    REQUIRE(wasix_sock_pair(families[i], stream, 6, &ends[0], &ends[1]) == e_success);
    REQUIRE(put(ends[0], "pair", 4) == e_success && get(ends[1], text, 8) == 4);
    REQUIRE(wasi_fd_close(ends[0]) == e_success && wasi_fd_close(ends[1]) == e_success);
  }
  REQUIRE(wasix_sock_pair(4, stream, 0, &ends[0], &ends[1]) == e_afnosupport);
  REQUIRE(wasix_sock_pair(local, 9, 0, &ends[0], &ends[1]) == e_inval);
}

static void options(void) {
  int fd = -1;
  uint8_t flag = 9;
  uint64_t size = 0;
  struct optional_time time = {1, 20000000}, found = {0};
  REQUIRE(wasix_sock_open(inet4, stream, 6, &fd) == e_success);
  static const int flags[] = {1, 2, 3, 4, 6, 7, 12, 14};
  for (unsigned i = 0; i < sizeof flags / sizeof *flags; ++i) {
    for (int value = 1; value >= 0; --value) {
      REQUIRE(wasix_sock_set_opt_flag(fd, flags[i], value) == e_success);
      REQUIRE(wasix_sock_get_opt_flag(fd, flags[i], &flag) == e_success && flag == value);
    }
  }
  REQUIRE(wasix_sock_get_opt_flag(fd, 10, &flag) == e_success && flag == 0);
  REQUIRE(wasix_sock_set_opt_flag(fd, 9, 1) == e_notsup && wasix_sock_set_opt_flag(fd, 15, 1) == e_inval);
  REQUIRE(wasix_sock_set_opt_flag(fd, 99, 1) == e_inval && wasix_sock_set_opt_flag(1, 2, 1) == e_notsock);
  REQUIRE(wasix_sock_set_opt_size(fd, 15, 65536) == e_success && wasix_sock_get_opt_size(fd, 15, &size) == e_success);
  REQUIRE(size >= 65536);
  REQUIRE(wasix_sock_set_opt_size(fd, 23, 33) == e_success && wasix_sock_get_opt_size(fd, 23, &size) == e_success);
  REQUIRE(size == 33 && wasix_sock_get_opt_size(fd, 25, &size) == e_success && size == stream);
  REQUIRE(wasix_sock_get_opt_size(fd, 26, &size) == e_success && size == 6);
  REQUIRE(wasix_sock_get_opt_size(fd, 11, &size) == e_success && size == 0);
  REQUIRE(wasix_sock_set_opt_size(fd, 15, 1ULL << 40) == e_inval && wasix_sock_get_opt_size(fd, 2, &size) == e_inval);
  for (int option = 19; option <= 22; ++option) {
    REQUIRE(wasix_sock_get_opt_time(fd, option, &found) == e_success && found.is_some == 0);
    REQUIRE(wasix_sock_set_opt_time(fd, option, &time) == e_success);
    REQUIRE(wasix_sock_get_opt_time(fd, option, &found) == e_success);
    REQUIRE(found.is_some == 1 && found.nanoseconds == time.nanoseconds);
  }
  time.nanoseconds = 2000000000;
  REQUIRE(wasix_sock_set_opt_time(fd, 13, &time) == e_success && wasix_sock_get_opt_time(fd, 13, &found) == e_success);
  REQUIRE(found.is_some == 1 && found.nanoseconds == 2000000000);
  REQUIRE(wasix_sock_set_opt_time(fd, 1, &time) == e_inval && wasi_fd_close(fd) == e_success);

  // A receive and an accept that nobody answers end by their limits.
  int ends[2] = {-1, -1};
  char text[4];
  struct address bound = {0};
  time.nanoseconds = 10000000;
  REQUIRE(wasix_sock_pair(local, stream, 0, &ends[0], &ends[1]) == e_success);
  REQUIRE(wasix_sock_set_opt_time(ends[0], 19, &time) == e_success && get(ends[0], text, 4) == -e_again);
  REQUIRE(wasi_fd_close(ends[0]) == e_success && wasi_fd_close(ends[1]) == e_success);
  const int listener = listener_at(loopback4(0), &bound);
  REQUIRE(wasix_sock_set_opt_time(listener, 22, &time) == e_success);
  REQUIRE(wasix_sock_accept_v2(listener, 0, &fd, &bound) == e_again && wasi_fd_close(listener) == e_success);
}

static void names(void) {
  uint8_t addresses[18 * 8] = {0};
  uint32_t count = 0;
  REQUIRE(wasix_resolve("127.0.0.1", 9, 0, addresses, 8, &count) == e_success && count == 1);
  REQUIRE(addresses[0] == inet4 && memcmp(addresses + 2, "\x7f\0\0\x01", 4) == 0);
  REQUIRE(wasix_resolve("::1", 3, 0, addresses, 8, &count) == e_success && count == 1 && addresses[0] == inet6);
  REQUIRE(wasix_resolve("localhost", 9, 80, addresses, 8, &count) == e_success && count >= 1);
  REQUIRE(wasix_resolve("example.org", 11, 80, addresses, 8, &count) == e_notcapable);
  REQUIRE(wasix_resolve("", 0, 0, addresses, 8, &count) == e_inval);
  REQUIRE(wasix_resolve((char *)-4, 9, 0, addresses, 8, &count) == e_memviolation);
  REQUIRE(wasix_resolve("::1", 3, 0, addresses, 0x10000000, &count) == e_memviolation);
}

static void refusals(void) {
  int fd = -1;
  struct address far = loopback4(9);
  far.bytes[0] = 192;
  struct address any = {.family = inet4};
  const uint8_t group[4] = {224, 0, 0, 99}, interface[4] = {0}, group6[16] = {0xff, 0x02};
  REQUIRE(wasix_sock_open(inet4, stream, 0, &fd) == e_success);
  REQUIRE(wasix_sock_connect(fd, &far) == e_notcapable && wasix_sock_bind(fd, &any) == e_notcapable);
  REQUIRE(wasix_sock_listen(fd, 1) == e_notcapable); // it would be bound to every address
  REQUIRE(wasi_fd_close(fd) == e_success && wasix_sock_open(inet4, datagram, 0, &fd) == e_success);
  REQUIRE(wasix_sock_join_multicast_v4(fd, group, interface) == e_notcapable);
  REQUIRE(wasix_sock_leave_multicast_v4(fd, group, interface) == e_notcapable);
  REQUIRE(wasix_sock_join_multicast_v6(fd, group6, 0) == e_notcapable);
  REQUIRE(wasix_sock_leave_multicast_v6(fd, group6, 0) == e_notcapable && wasi_fd_close(fd) == e_success);
  REQUIRE(wasix_sock_open(inet4, raw, 1, &fd) == e_notcapable && wasix_sock_open(0, stream, 0, &fd) == e_afnosupport);
  REQUIRE(wasix_sock_open(inet4, 0, 0, &fd) == e_inval && wasix_sock_open(inet4, stream, 0, (int *)-1) == e_memviolation);
  // An address of IPv4 in one of IPv6 is what it stands for.
  struct address mapped = {.family = inet6};
  mapped.port = 9;
  memcpy(mapped.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\0\x01", 16);
  REQUIRE(wasix_sock_open(inet6, stream, 0, &fd) == e_success && wasix_sock_connect(fd, &mapped) == e_notcapable);
  REQUIRE(wasi_fd_close(fd) == e_success);
  // Local sockets stay in the guest's directories.
  static const char *const out[] = {"/out/socket", "../out/socket", "out/socket"};
  REQUIRE(wasix_sock_open(local, stream, 0, &fd) == e_success);
  for (int i = 0; i < 3; ++i) {
    const struct address outside = local_at(out[i]);
    REQUIRE(wasix_sock_bind(fd, &outside) == e_notcapable && wasix_sock_connect(fd, &outside) == e_notcapable);
  }
  struct address hidden = {.family = local};
  memcpy(hidden.path, "\0abstract", 9);
  REQUIRE(wasix_sock_bind(fd, &hidden) == e_inval && wasix_sock_connect(fd, &hidden) == e_inval);
  const struct address missing = local_at("missing"), plain = local_at("file");
  REQUIRE(wasix_sock_connect(fd, &missing) == e_noent && wasix_sock_bind(fd, &plain) == e_addrinuse);
  REQUIRE(wasix_sock_connect(fd, &plain) != e_success && wasi_fd_close(fd) == e_success);
  REQUIRE(wasix_sock_bind(1, &any) == e_notsock && wasix_sock_bind(77, &any) == e_badf);
  REQUIRE(wasix_clock_time_set(0, 0) == e_perm && wasix_clock_time_set(9, 0) == e_inval);
}

static void epolls(void) {
  int epoll = -1, ends[2] = {-1, -1}, copy = -1;
  uint32_t count = 9;
  struct epoll_event event = {.flags = epoll_in, .pointer = 11, .fd = 12, .data1 = 13, .data2 = 14}, events[4];
  REQUIRE(wasix_epoll_create(&epoll) == e_success && wasix_fd_pipe(&ends[0], &ends[1]) == e_success);
  REQUIRE(wasix_epoll_ctl(epoll, epoll_add, ends[0], &event) == e_success);
  REQUIRE(wasix_epoll_ctl(epoll, epoll_add, ends[0], &event) == e_exist);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, 0, &count) == e_success && count == 0);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, 5000000, &count) == e_success && count == 0);
  REQUIRE(put(ends[1], "x", 1) == e_success);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, no_timeout, &count) == e_success && count == 1);
  REQUIRE(events[0].flags == epoll_in && events[0].pointer == 11 && events[0].fd == 12);
  REQUIRE(events[0].data1 == 13 && events[0].data2 == 14);
  // A second number of the same file is watched by itself.
  event.data2 = 15;
  REQUIRE(wasix_fd_dup(ends[0], &copy) == e_success && wasix_epoll_ctl(epoll, epoll_add, copy, &event) == e_success);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, no_timeout, &count) == e_success && count == 2);
  REQUIRE(wasix_epoll_ctl(epoll, epoll_remove, copy, 0) == e_success);
  REQUIRE(wasix_epoll_ctl(epoll, epoll_remove, copy, 0) == e_noent && wasi_fd_close(copy) == e_success);
  // Once, and for an edge.
  event.flags = epoll_in | epoll_one_shot;
  REQUIRE(wasix_epoll_ctl(epoll, epoll_modify, ends[0], &event) == e_success);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, 0, &count) == e_success && count == 1 && events[0].data2 == 15);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, 0, &count) == e_success && count == 0);
  event.flags = epoll_in | epoll_edge;
  REQUIRE(wasix_epoll_ctl(epoll, epoll_modify, ends[0], &event) == e_success);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, 0, &count) == e_success && count == 1);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, 0, &count) == e_success && count == 0);
  REQUIRE(wasi_fd_close(ends[1]) == e_success);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, no_timeout, &count) == e_success && count == 1);
  REQUIRE((events[0].flags & epoll_hung_up) != 0);
  // A closed file is watched no longer.
  REQUIRE(wasi_fd_close(ends[0]) == e_success);
  REQUIRE(wasix_epoll_wait(epoll, events, 4, 0, &count) == e_success && count == 0);
  REQUIRE(wasix_epoll_ctl(epoll, epoll_modify, 1, &event) == e_noent);
  REQUIRE(wasix_epoll_ctl(epoll, epoll_add, epoll, &event) == e_inval && wasix_epoll_ctl(1, 0, 1, &event) == e_inval);
  REQUIRE(wasix_epoll_ctl(epoll, 3, 1, &event) == e_inval && wasix_epoll_ctl(epoll, 0, 77, &event) == e_badf);
  REQUIRE(wasix_epoll_ctl(epoll, 0, root, (struct epoll_event *)-4) == e_memviolation);
  REQUIRE(wasix_epoll_ctl(epoll, 0, root, &event) == e_perm); // it never waits
  REQUIRE(wasix_epoll_wait(epoll, (struct epoll_event *)-4, 4, 0, &count) == e_memviolation);
  REQUIRE(wasix_epoll_wait(epoll, events, 0, 0, &count) == e_inval && wasix_epoll_wait(1, events, 1, 0, &count) == e_inval);
  REQUIRE(wasi_fd_close(epoll) == e_success);
}

// Over the loopback interface: a message to a group reaches who has joined it, and nobody who has left.
static void groups(void) {
  static const uint8_t group[4] = {239, 0, 0, 99}, interface[4] = {127, 0, 0, 1}, unicast[4] = {127, 0, 0, 1};
  static const uint8_t group6[16] = {0xff, 0x01, [15] = 99}, unicast6[16] = {[15] = 1};
  const uint32_t loopback_interface = 1;
  struct address any = {.family = inet4}, bound = {0}, sender = {0};
  char text[8] = "";
  struct vector to = {"group", 5}, from = {text, sizeof text};
  uint32_t size = 0;
  uint16_t flags = 0;
  uint8_t flag = 9;
  uint64_t hops = 0;
  int one = -1, other = -1;
  const struct address home = loopback4(0);
  REQUIRE(wasix_sock_open(inet4, datagram, 0, &one) == e_success && wasix_sock_bind(one, &any) == e_success);
  REQUIRE(wasix_sock_addr_local(one, &bound) == e_success && bound.port != 0);
  REQUIRE(wasix_sock_open(inet4, datagram, 0, &other) == e_success && wasix_sock_bind(other, &home) == e_success);
  REQUIRE(wasix_sock_set_opt_flag(other, 7, 1) == e_success && wasix_sock_get_opt_flag(other, 7, &flag) == e_success);
  REQUIRE(flag == 1 && wasix_sock_set_opt_size(other, 24, 3) == e_success);
  REQUIRE(wasix_sock_get_opt_size(other, 24, &hops) == e_success && hops == 3);
  memcpy(bound.bytes, group, 4);
  REQUIRE(wasix_sock_join_multicast_v4(one, unicast, interface) == e_inval);
  REQUIRE(wasix_sock_join_multicast_v4(one, group, interface) == e_success);
  REQUIRE(wasix_sock_send_to(other, &to, 1, 0, &bound, &size) == e_success && size == 5);
  REQUIRE(wasix_sock_recv_from(one, &from, 1, 0, &size, &flags, &sender) == e_success && size == 5);
  REQUIRE(memcmp(text, "group", 5) == 0 && sender.family == inet4);
  REQUIRE(wasix_sock_leave_multicast_v4(one, group, interface) == e_success);
  REQUIRE(wasix_sock_leave_multicast_v4(one, group, interface) == e_addrnotavail);
  REQUIRE(wasix_sock_join_multicast_v4(one, (const uint8_t *)-2, interface) == e_memviolation);
  REQUIRE(wasix_sock_join_multicast_v4(1, group, interface) == e_notsock);
  REQUIRE(wasi_fd_close(one) == e_success && wasi_fd_close(other) == e_success);

  REQUIRE(wasix_sock_open(inet6, datagram, 0, &one) == e_success);
  REQUIRE(wasix_sock_set_opt_flag(one, 8, 0) == e_success && wasix_sock_get_opt_flag(one, 8, &flag) == e_success);
  REQUIRE(flag == 0 && wasix_sock_join_multicast_v6(one, unicast6, loopback_interface) == e_inval);
  REQUIRE(wasix_sock_join_multicast_v6(one, group6, loopback_interface) == e_success);
  REQUIRE(wasix_sock_leave_multicast_v6(one, group6, loopback_interface) == e_success);
  REQUIRE(wasix_sock_leave_multicast_v6(one, group6, loopback_interface) == e_addrnotavail);
  REQUIRE(wasi_fd_close(one) == e_success);
  printf("ok groups\n");
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    groups();
    return 0;
  }
  streams(loopback4(0));
  streams(loopback6(0));
  streams(local_at("/socket"));
  datagrams(loopback4(0));
  datagrams(loopback6(0));
  pairs();
  options();
  names();
  refusals();
  epolls();
  printf("ok sockets\n");
  return 0;
}
