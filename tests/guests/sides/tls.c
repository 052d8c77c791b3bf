// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread-local variables: exported, private, one whose initial value is an address, and one of main.
static int target = 5;

_Thread_local int tls_counter = 7;
_Thread_local int tls_zero;
_Thread_local int *tls_pointer = &target;
static _Thread_local int tls_private = 3;

extern _Thread_local int main_tls;

int tls_next(void) { return ++tls_counter; }
int tls_next_private(void) { return ++tls_private; }
int tls_read_pointer(void) { return *tls_pointer; }
int tls_add_main(int value) { return main_tls += value; }
int *tls_address(void) { return &tls_counter; }
int *tls_address_of_main(void) { return &main_tls; }
