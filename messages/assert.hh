// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Assertions are for our own mistakes only; nothing a guest, a file or a caller does may reach one.
#pragma once

#include <cstdio>
#include <cstdlib>

/// On in all builds: prints the condition and aborts.
#define INTERLINK_ASSERT(condition)                                                                                    \
  do {                                                                                                                 \
    if (!(condition)) [[unlikely]] {                                                                                   \
      std::fprintf(stderr, "interlink: internal error: %s (%s:%d)\n", #condition, __FILE__, __LINE__);                 \
      std::abort();                                                                                                    \
    }                                                                                                                  \
  } while (false)
