// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Needs functions of libraries that it does not name: it sees them when they are in global scope.
int flag_first(void);
int flag_shared(void);

int flag_user_first(void) { return flag_first(); }
int flag_user_shared(void) { return flag_shared(); }
