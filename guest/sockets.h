// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WASIX' addresses. Source: wasix-libc, wasi/api_wasix.h.
#pragma once

#include <stdint.h>

enum { host_unnamed = 0, host_inet4 = 1, host_inet6 = 2, host_local = 3 };

struct host_address {
  uint8_t family;
  uint8_t unused;
  union {
    struct {
      uint16_t port;      // Host byte order.
      uint8_t bytes[16];  // As they are sent. Of IPv4 the first four.
      uint16_t flow_high, flow_low, scope_high, scope_low;
    } ip;
    char path[108];
  };
};
_Static_assert(sizeof(struct host_address) == 110, "addr_port");
