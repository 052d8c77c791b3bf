// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What libasks needs. It calls a function that libasks and the program define.
int asks_common(void);
int asks_layer(void) { return 1; }
int asks_base_value(void) { return 100 * asks_common(); }
