// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Addresses of 2 GiB and above, up to the last byte of 4 GiB: no call of the host takes them for negative.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(HighAddresses, ServeLikeAllOthers)
{
  EXPECT_TRUE(succeeds_saying(run_guest("uses_high_addresses"), {}));
}

} // namespace
} // namespace interlink
