// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The addresses of all functions of one ROUND of has_addressed.c: a load of this library needs them.
#include "addressed.h"

#define DECLARE(n) int addressed_##n(void);
#define NAME(n) addressed_##n,

FOR_ROUND(DECLARE, ROUND)

typedef int nullary(void);

nullary *taken_addresses[] = {FOR_ROUND(NAME, ROUND)};
