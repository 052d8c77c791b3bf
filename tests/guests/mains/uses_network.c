// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sockets and names, by the C library's functions.
#include "guest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { not_capable = 76 };  // An errno value that only WASI has.

static int fails_with(int result, int error) { return result == -1 && errno == error; }

static void *client(void *port) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET};
  struct addrinfo *found = 0;
  char text[16];
  REQUIRE(getaddrinfo("localhost", port, &hints, &found) == 0);
  const int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  REQUIRE(fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0);
  freeaddrinfo(found);
  REQUIRE(send(fd, "hello", 5, MSG_NOSIGNAL) == 5 && recv(fd, text, sizeof text, 0) == 5 && memcmp(text, "HELLO", 5) == 0);
  REQUIRE(recv(fd, text, sizeof text, 0) == 0 && close(fd) == 0);
  return 0;
}

static void options(int fd) {
  const int yes = 1;
  int value = 0;
  socklen_t size = sizeof value;
  REQUIRE(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0);
  REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0 && value == 1);
  REQUIRE(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size) == 0 && value == SOCK_STREAM);
  REQUIRE(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &size) == 0 && value == AF_INET);
  REQUIRE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) == 0 && value == 0);
  const struct timeval limit = {1, 500000};
  struct timeval found = {0, 0};
  socklen_t found_size = sizeof found;
  REQUIRE(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
  REQUIRE(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &found, &found_size) == 0 && found.tv_sec == 1 && found.tv_usec == 500000);
  const struct linger linger = {1, 3};
  struct linger lingers = {0, 0};
  found_size = sizeof lingers;
  REQUIRE(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
  REQUIRE(getsockopt(fd, SOL_SOCKET, SO_LINGER, &lingers, &found_size) == 0 && lingers.l_onoff == 1 && lingers.l_linger == 3);
  REQUIRE(fails_with(setsockopt(fd, SOL_SOCKET, SO_MARK, &yes, sizeof yes), ENOPROTOOPT));
  REQUIRE(fails_with(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, 1), EINVAL));
}

static void connections(void) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_storage peer;
  socklen_t size = sizeof address;
  char text[16];
  REQUIRE(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 5) == 0);
  REQUIRE(getsockname(listener, (struct sockaddr *)&address, &size) == 0 && size == sizeof address && address.sin_port != 0);
  snprintf(text, sizeof text, "%d", ntohs(address.sin_port));
  const pthread_t thread = start(client, text);
  size = sizeof peer;
  const int fd = accept(listener, (struct sockaddr *)&peer, &size);
  REQUIRE(fd >= 0 && size == sizeof address && peer.ss_family == AF_INET);
  char heard[16];
  REQUIRE(recv(fd, heard, 5, MSG_WAITALL) == 5);
  for (int i = 0; i < 5; ++i) {
    heard[i] -= 'a' - 'A';
  }
  options(fd);
  REQUIRE(send(fd, heard, 5, 0) == 5 && shutdown(fd, SHUT_WR) == 0 && pthread_join(thread, 0) == 0);
  REQUIRE(close(fd) == 0 && close(listener) == 0);
}

static void local_sockets(void) {
  int pair[2];
  char text[16];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && send(pair[0], "q", 1, 0) == 1);
  REQUIRE(recv(pair[1], text, 1, MSG_PEEK) == 1 && recv(pair[1], text, sizeof text, MSG_DONTWAIT) == 1);
  REQUIRE(fails_with((int)recv(pair[1], text, sizeof text, MSG_DONTWAIT), EAGAIN));
  struct sockaddr_un place = {.sun_family = AF_UNIX, .sun_path = "/socket"};
  struct sockaddr_un found;
  const int receiver = socket(AF_UNIX, SOCK_DGRAM, 0), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
  socklen_t size = sizeof found;
  REQUIRE(bind(receiver, (struct sockaddr *)&place, sizeof place) == 0);
  REQUIRE(getsockname(receiver, (struct sockaddr *)&found, &size) == 0 && strcmp(found.sun_path, "/socket") == 0);
  REQUIRE(sendto(sender, "abc", 3, 0, (struct sockaddr *)&place, sizeof place) == 3);
  REQUIRE(recvfrom(receiver, text, sizeof text, 0, (struct sockaddr *)&found, &size) == 3 && memcmp(text, "abc", 3) == 0);
  struct iovec parts[2] = {{"de", 2}, {"fg", 2}};
  const struct msghdr out = {.msg_name = &place, .msg_namelen = sizeof place, .msg_iov = parts, .msg_iovlen = 2};
  struct iovec room = {text, 3};
  struct msghdr in = {.msg_iov = &room, .msg_iovlen = 1};
  REQUIRE(sendmsg(sender, &out, 0) == 4 && recvmsg(receiver, &in, 0) == 3 && in.msg_flags == MSG_TRUNC);
}

static void refusals(void) {
  struct addrinfo *found = 0;
  REQUIRE(fails_with(socket(AF_INET, SOCK_STREAM | 99, 0), EINVAL) && fails_with(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT));
  REQUIRE(fails_with((int)send(1, "x", 1, 0), ENOTSOCK) && fails_with(listen(1000, 1), EBADF));
  REQUIRE(getaddrinfo("127.0.0.1", "80", 0, &found) == 0);
  freeaddrinfo(found);
  REQUIRE(getaddrinfo("elsewhere.example", "80", 0, &found) == EAI_SYSTEM && errno == not_capable);
}

int main(void) {
  connections();
  local_sockets();
  refusals();
  printf("ok network\n");
  return 0;
}
