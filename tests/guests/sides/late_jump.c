// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Defines what late.cc calls: it is opened, in global scope, after that.
#include <setjmp.h>

void late_jump(jmp_buf place, int value) { longjmp(place, value); }
