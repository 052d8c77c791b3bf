// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Needs two functions and a variable that nobody defines.
int missing_one(int);
int missing_two(void);
extern int missing_data;

int missing_use(void) { return missing_one(1) + missing_two() + missing_data; }
