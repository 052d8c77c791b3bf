// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Addresses for names, which the host's resolver knows. In place of the packaged library's part, which would ask servers
// itself; getaddrinfo and its kin stand on it.
#define _GNU_SOURCE
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "sockets.h"
#include "threads.h"
#include "wasix.h"

enum { addresses_max = 48, canonical_max = 256 };

// The packaged library's, fixed with the package.
struct address {
  int family;
  unsigned scope;
  uint8_t bytes[16];
  int order;
};

struct host_ip {
  uint8_t family;
  uint8_t unused;
  uint8_t bytes[16];
};
_Static_assert(sizeof(struct host_ip) == 18, "addr_ip");

WASIX(resolve)(const char *host, uint32_t size, int port, struct host_ip *addresses, uint32_t count, uint32_t *stored);

int __lookup_ipliteral(struct address *out, const char *name, int family);

static int without_name(struct address *out, int family, int flags) {
  int count = 0;
  if (family != AF_INET6) {
    out[count] = (struct address){.family = AF_INET};
    if ((flags & AI_PASSIVE) == 0) {
      memcpy(out[count].bytes, "\x7f\0\0\x01", 4);
    }
    ++count;
  }
  if (family != AF_INET) {
    out[count] = (struct address){.family = AF_INET6};
    out[count].bytes[15] = (flags & AI_PASSIVE) == 0;
    ++count;
  }
  return count;
}

static int failure_of(int error) {
  switch (interlink_errno_of(error)) {
    case ENOENT:
    case EINVAL:
    case ENAMETOOLONG: return EAI_NONAME;
    case EAGAIN: return EAI_AGAIN;
    case ENOMEM: return EAI_MEMORY;
    case EIO: return EAI_FAIL;
    default: interlink_answer(error); return EAI_SYSTEM;
  }
}

int __lookup_name(struct address *out, char *canonical, const char *name, int family, int flags) {
  *canonical = 0;
  if (name == 0) {
    return without_name(out, family, flags);
  }
  size_t length = strnlen(name, canonical_max);
  if (length == 0 || length >= canonical_max) {
    return EAI_NONAME;
  }
  memcpy(canonical, name, length + 1);
  int count = __lookup_ipliteral(out, name, family);
  if (count != 0) {
    return count;
  }
  if ((flags & AI_NUMERICHOST) != 0) {
    return EAI_NONAME;
  }
  struct host_ip found[addresses_max];
  uint32_t stored = 0;
  interlink_enter_wait();
  int error = wasix_resolve(name, (uint32_t)length, 0, found, addresses_max, &stored);
  interlink_leave_wait();
  if (error != 0) {
    return failure_of(error);
  }
  for (uint32_t i = 0; i < stored; ++i) {
    int its_family = found[i].family == host_inet4 ? AF_INET : AF_INET6;
    if (family == AF_UNSPEC || family == its_family) {
      out[count] = (struct address){.family = its_family};
      memcpy(out[count++].bytes, found[i].bytes, sizeof found[i].bytes);
    }
  }
  return count != 0 ? count : stored != 0 ? EAI_NODATA : EAI_NONAME;
}
