// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Needs functions that nobody defines, and no data: it can be opened lazily, and one of its functions can be called.
int missing_one(int);

int missing_functions_use(void) { return missing_one(1); }
int missing_functions_fine(void) { return 3; }
