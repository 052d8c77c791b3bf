// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sockets, on WASIX' calls.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <wasi/api.h>

#include "descriptors.h"
#include "sockets.h"
#include "threads.h"
#include "wasix.h"

enum { host_peek = 1, host_wait_all = 2, host_truncated = 4, host_no_wait = 8 };

WASIX(sock_open)(int family, int type, int protocol, int *made);
WASIX(sock_pair)(int family, int type, int protocol, int *first, int *second);
WASIX(sock_bind)(int fd, const struct host_address *address);
WASIX(sock_listen)(int fd, int backlog);
WASIX(sock_accept_v2)(int fd, int flags, int *accepted, struct host_address *peer);
WASIX(sock_connect)(int fd, const struct host_address *address);
WASIX(sock_send_to)(int fd, const struct iovec *parts, uint32_t count, int flags, const struct host_address *address,
                    uint32_t *size);
WASIX(sock_recv_from)(int fd, const struct iovec *parts, uint32_t count, int flags, uint32_t *size, uint16_t *out,
                      struct host_address *peer);
WASIX(sock_addr_local)(int fd, struct host_address *address);
WASIX(sock_addr_peer)(int fd, struct host_address *address);

static int fail(int error) {
  errno = error;
  return -1;
}

static int host_family(int family) {
  switch (family) {
    case AF_INET: return host_inet4;
    case AF_INET6: return host_inet6;
    case AF_UNIX: return host_local;
    default: return -1;
  }
}

static int host_type(int type) {
  switch (type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) {
    case SOCK_STREAM: return 1;
    case SOCK_DGRAM: return 2;
    case SOCK_RAW: return 3;
    case SOCK_SEQPACKET: return 4;
    default: return -1;
  }
}

// Returns an errno value.
static int to_host(const struct sockaddr *in, socklen_t size, struct host_address *out) {
  memset(out, 0, sizeof *out);
  if (in == 0) {
    return EFAULT;
  }
  if (size < sizeof in->sa_family) {
    return EINVAL;
  }
  if (in->sa_family == AF_INET) {
    const struct sockaddr_in *ip4 = (const struct sockaddr_in *)in;
    if (size < sizeof *ip4) {
      return EINVAL;
    }
    out->family = host_inet4;
    out->ip.port = ntohs(ip4->sin_port);
    memcpy(out->ip.bytes, &ip4->sin_addr, 4);
    return 0;
  }
  if (in->sa_family == AF_INET6) {
    const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)in;
    if (size < offsetof(struct sockaddr_in6, sin6_scope_id)) {
      return EINVAL;
    }
    uint32_t flow = ntohl(ip6->sin6_flowinfo), scope = size < sizeof *ip6 ? 0 : ip6->sin6_scope_id;
    out->family = host_inet6;
    out->ip.port = ntohs(ip6->sin6_port);
    memcpy(out->ip.bytes, &ip6->sin6_addr, 16);
    out->ip.flow_high = (uint16_t)(flow >> 16), out->ip.flow_low = (uint16_t)flow;
    out->ip.scope_high = (uint16_t)(scope >> 16), out->ip.scope_low = (uint16_t)scope;
    return 0;
  }
  if (in->sa_family == AF_UNIX) {
    size_t length = size - offsetof(struct sockaddr_un, sun_path);
    if (length > sizeof out->path) {
      return EINVAL;
    }
    out->family = host_local;
    memcpy(out->path, ((const struct sockaddr_un *)in)->sun_path, length);
    return 0;
  }
  return EAFNOSUPPORT;
}

static void from_host(const struct host_address *in, struct sockaddr *out, socklen_t *size) {
  union {
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
    struct sockaddr_un local;
  } made;
  socklen_t made_size = sizeof(sa_family_t);
  if (out == 0 || size == 0) {
    return;
  }
  memset(&made, 0, sizeof made);
  if (in->family == host_inet4) {
    made.ip4.sin_family = AF_INET;
    made.ip4.sin_port = htons(in->ip.port);
    memcpy(&made.ip4.sin_addr, in->ip.bytes, 4);
    made_size = sizeof made.ip4;
  } else if (in->family == host_inet6) {
    made.ip6.sin6_family = AF_INET6;
    made.ip6.sin6_port = htons(in->ip.port);
    memcpy(&made.ip6.sin6_addr, in->ip.bytes, 16);
    made.ip6.sin6_flowinfo = htonl((uint32_t)in->ip.flow_high << 16 | in->ip.flow_low);
    made.ip6.sin6_scope_id = (uint32_t)in->ip.scope_high << 16 | in->ip.scope_low;
    made_size = sizeof made.ip6;
  } else {
    size_t length = strnlen(in->path, sizeof in->path);
    made.local.sun_family = AF_UNIX;
    memcpy(made.local.sun_path, in->path, length);
    made_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (length != 0 ? length + 1 : 0));
  }
  memcpy(out, &made, *size < made_size ? *size : made_size);
  *size = made_size;
}

static int finish(int fd, int type) {
  long finished = interlink_finish_descriptor(
      fd, ((type & SOCK_NONBLOCK) != 0 ? O_NONBLOCK : 0) | ((type & SOCK_CLOEXEC) != 0 ? O_CLOEXEC : 0));
  return finished < 0 ? fail((int)-finished) : (int)finished;
}

int socket(int family, int type, int protocol) {
  int made = -1;
  if (host_family(family) < 0) {
    return fail(EAFNOSUPPORT);
  }
  if (host_type(type) < 0) {
    return fail(EINVAL);
  }
  int error = wasix_sock_open(host_family(family), host_type(type), protocol, &made);
  return error != 0 ? interlink_answer(error) : finish(made, type);
}

int socketpair(int family, int type, int protocol, int fds[2]) {
  int made[2] = {-1, -1};
  if (family != AF_UNIX) {
    return fail(host_family(family) < 0 ? EAFNOSUPPORT : EOPNOTSUPP);
  }
  if (host_type(type) < 0) {
    return fail(EINVAL);
  }
  int error = wasix_sock_pair(host_local, host_type(type), protocol, &made[0], &made[1]);
  if (error != 0) {
    return interlink_answer(error);
  }
  for (int i = 0; i < 2; ++i) {
    if (finish(made[i], type) < 0) {
      error = errno;
      (void)__wasi_fd_close((__wasi_fd_t)made[1 - i]);
      return fail(error);
    }
  }
  memcpy(fds, made, sizeof made);
  return 0;
}

int bind(int fd, const struct sockaddr *address, socklen_t size) {
  struct host_address wanted;
  int error = to_host(address, size, &wanted);
  return interlink_answer(error != 0 ? error : wasix_sock_bind(fd, &wanted));
}

int listen(int fd, int backlog) { return interlink_answer(wasix_sock_listen(fd, backlog < 0 ? 0 : backlog)); }

int connect(int fd, const struct sockaddr *address, socklen_t size) {
  struct host_address wanted;
  int error = to_host(address, size, &wanted);
  if (error == 0) {
    interlink_enter_wait();
    error = wasix_sock_connect(fd, &wanted);
    interlink_leave_wait();
  }
  return interlink_answer(error);
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags) {
  int made = -1;
  struct host_address peer;
  if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0) {
    return fail(EINVAL);
  }
  interlink_enter_wait();
  int error = wasix_sock_accept_v2(fd, 0, &made, &peer);
  interlink_leave_wait();
  if (error != 0) {
    return interlink_answer(error);
  }
  from_host(&peer, address, size);
  return finish(made, flags);
}

int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict size) { return accept4(fd, address, size, 0); }

int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict size) {
  struct host_address found;
  int error = wasix_sock_addr_local(fd, &found);
  if (error == 0) {
    from_host(&found, address, size);
  }
  return interlink_answer(error);
}

int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict size) {
  struct host_address found;
  int error = wasix_sock_addr_peer(fd, &found);
  if (error == 0) {
    from_host(&found, address, size);
  }
  return interlink_answer(error);
}

// Ancillary data would have to be descriptors or credentials, and no host call passes them.
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  struct host_address to = {0};
  uint32_t sent = 0;
  int error = message->msg_name != 0 ? to_host(message->msg_name, message->msg_namelen, &to) : 0;
  if ((flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_EOR)) != 0 || message->msg_controllen != 0) {
    error = EOPNOTSUPP;
  }
  if (error == 0) {
    interlink_enter_wait();
    error = wasix_sock_send_to(fd, message->msg_iov, (uint32_t)message->msg_iovlen,
                               (flags & MSG_DONTWAIT) != 0 ? host_no_wait : 0, &to, &sent);
    interlink_leave_wait();
  }
  return error != 0 ? interlink_answer(error) : (ssize_t)sent;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  struct host_address from = {0};
  uint32_t got = 0;
  uint16_t out = 0;
  if ((flags & ~(MSG_PEEK | MSG_WAITALL | MSG_TRUNC | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC)) != 0) {
    return fail(EOPNOTSUPP);
  }
  int wanted = ((flags & MSG_PEEK) != 0 ? host_peek : 0) | ((flags & MSG_WAITALL) != 0 ? host_wait_all : 0) |
               ((flags & MSG_TRUNC) != 0 ? host_truncated : 0) | ((flags & MSG_DONTWAIT) != 0 ? host_no_wait : 0);
  interlink_enter_wait();
  int error = wasix_sock_recv_from(fd, message->msg_iov, (uint32_t)message->msg_iovlen, wanted, &got, &out, &from);
  interlink_leave_wait();
  if (error != 0) {
    return interlink_answer(error);
  }
  from_host(&from, message->msg_name, &message->msg_namelen);
  message->msg_controllen = 0;
  message->msg_flags = (out & 1) != 0 ? MSG_TRUNC : 0;
  return (ssize_t)got;
}

ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t to_size) {
  struct iovec part = {.iov_base = (void *)buffer, .iov_len = size};
  struct msghdr message = {.msg_name = (void *)to, .msg_namelen = to_size, .msg_iov = &part, .msg_iovlen = 1};
  return sendmsg(fd, &message, flags);
}

ssize_t recvfrom(int fd, void *restrict buffer, size_t size, int flags, struct sockaddr *restrict from,
                 socklen_t *restrict from_size) {
  struct iovec part = {.iov_base = buffer, .iov_len = size};
  struct msghdr message = {.msg_name = from, .msg_namelen = from_size != 0 ? *from_size : 0, .msg_iov = &part, .msg_iovlen = 1};
  ssize_t got = recvmsg(fd, &message, flags);
  if (got >= 0 && from_size != 0) {
    *from_size = message.msg_namelen;
  }
  return got;
}

ssize_t send(int fd, const void *buffer, size_t size, int flags) { return sendto(fd, buffer, size, flags, 0, 0); }
ssize_t recv(int fd, void *buffer, size_t size, int flags) { return recvfrom(fd, buffer, size, flags, 0, 0); }

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, unsigned flags) {
  unsigned done = 0;
  for (; done < count; ++done) {
    ssize_t sent = sendmsg(fd, &messages[done].msg_hdr, (int)flags);
    if (sent < 0) {
      return done != 0 ? (int)done : -1;
    }
    messages[done].msg_len = (unsigned)sent;
  }
  return (int)done;
}

// With a time limit only the first message is waited for: the rest is taken as it is there.
int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, unsigned flags, struct timespec *limit) {
  unsigned done = 0;
  for (; done < count; ++done) {
    bool waits = (flags & MSG_WAITFORONE) == 0 && limit == 0;
    int own = (int)(flags & ~(unsigned)MSG_WAITFORONE) | (done != 0 && !waits ? MSG_DONTWAIT : 0);
    ssize_t got = recvmsg(fd, &messages[done].msg_hdr, own);
    if (got < 0) {
      return done != 0 ? (int)done : -1;
    }
    messages[done].msg_len = (unsigned)got;
  }
  return (int)done;
}

int shutdown(int fd, int how) {
  static const __wasi_sdflags_t flags[] = {__WASI_SDFLAGS_RD, __WASI_SDFLAGS_WR, __WASI_SDFLAGS_RD | __WASI_SDFLAGS_WR};
  return interlink_answer(how < SHUT_RD || how > SHUT_RDWR ? EINVAL : __wasi_sock_shutdown((__wasi_fd_t)fd, flags[how]));
}
