// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Data and functions, and each kind of address of them.
int plain_value = 42;
int plain_zero[1000];
const char *plain_text = "plain";

int plain_add(int a, int b) { return a + b; }
static int hidden_twice(int a) { return 2 * a; }

int (*plain_pointer)(int, int) = plain_add;
int (*plain_static_pointer)(int) = hidden_twice;
int *plain_value_pointer = &plain_value;

int (*plain_address_of_add(void))(int, int) { return plain_add; }
int *plain_address_of_value(void) { return &plain_value; }
int plain_call(int (*function)(int, int), int a, int b) { return function(a, b); }
int plain_next(void) { return __atomic_add_fetch(&plain_zero[0], 1, __ATOMIC_SEQ_CST); }
