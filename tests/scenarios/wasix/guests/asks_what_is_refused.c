// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls every function of WASIX that is refused. Each links whatever its type, and answers Notsup, again and again.
#include <stdio.h>

#include "guest.h"
#include "wasix.h"

#define REFUSED(each) \
  each(context_create) each(context_destroy) each(context_switch) each(port_addr_add) each(port_addr_clear) \
  each(port_addr_list) each(port_addr_remove) each(port_bridge) each(port_dhcp_acquire) each(port_gateway_set) \
  each(port_mac) each(port_route_add) each(port_route_clear) each(port_route_list) each(port_route_remove) \
  each(port_unbridge) each(proc_fork) each(proc_fork_env) each(proc_snapshot) each(proc_spawn) \
  each(stack_checkpoint) each(stack_restore)

#define DECLARE(name) WASIX(name)(void);
REFUSED(DECLARE)

int main(void) {
#define ASK(name) REQUIRE(wasix_##name() == e_notsup && wasix_##name() == e_notsup);
  REFUSED(ASK)
  printf("ok refused\n");
  return 0;
}
