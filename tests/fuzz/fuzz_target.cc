// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/fuzz/fuzz_target.hh"

#include <cstdio>
#include <cstdlib>

namespace interlink::fuzz {

void require(bool holds, std::string_view claim)
{
  if (holds) {
    return;
  }
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(claim.size()), claim.data());
  std::abort();
}

} // namespace interlink::fuzz
