// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Uses thread-local variables of another library.
extern _Thread_local int tls_counter;
extern _Thread_local int *tls_pointer;

int tls_user_read(void) { return tls_counter; }
int tls_user_add(int value) { return tls_counter += value; }
int tls_user_pointed(void) { return *tls_pointer; }
int *tls_user_address(void) { return &tls_counter; }
