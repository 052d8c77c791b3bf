// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions whose addresses this library does not take: none has a slot until someone asks. There are 1,024: 64 for each
// of 16 rounds. Each returns its own number.
#include "addressed.h"

enum { first_line = __LINE__ + 1 };
FOR_64(DEFINE, addressed_00)
