// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/memory_model/real_code.hh"

#define std checked_std          // NOLINT: as in the header
#define noexcept                 // NOLINT: as in the header
#include "actors/futex_table.cc" // NOLINT: the code under test
#include "actors/parker.cc"      // NOLINT: the code under test
#undef noexcept
#undef std

namespace interlink {

void schedule_point(schedule_place place)
{
  if (place == schedule_place::handed_over && hand_overs != nullptr) {
    hand_overs->fetch_add(1, std::memory_order_release);
  }
}

schedule_clock::time_point schedule_clock::now()
{
  return {};
}

} // namespace interlink
