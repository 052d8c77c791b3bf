// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Needs a bare name that is found by the runtime path only.
int order_own_10(void);

int with_origin_value(void) { return order_own_10() + 1; }
