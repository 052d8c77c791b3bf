// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that defines FUNCTION, its own name, and two names that others define too; each returns VALUE.
int FUNCTION(void) { return VALUE; }
int flag_shared(void) { return VALUE; }
int flag_of_main(void) { return VALUE; }
