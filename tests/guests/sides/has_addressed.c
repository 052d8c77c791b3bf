// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions whose addresses this library does not take: none has a slot before somebody asks for it.
#include "addressed.h"

#define DEFINE(n) \
  int addressed_##n(void) { return 0##n; }

FOR_ROUND(DEFINE, 10) FOR_ROUND(DEFINE, 11) FOR_ROUND(DEFINE, 12) FOR_ROUND(DEFINE, 13)
FOR_ROUND(DEFINE, 14) FOR_ROUND(DEFINE, 15) FOR_ROUND(DEFINE, 16) FOR_ROUND(DEFINE, 17)
FOR_ROUND(DEFINE, 20) FOR_ROUND(DEFINE, 21) FOR_ROUND(DEFINE, 22) FOR_ROUND(DEFINE, 23)
FOR_ROUND(DEFINE, 24) FOR_ROUND(DEFINE, 25) FOR_ROUND(DEFINE, 26) FOR_ROUND(DEFINE, 27)
