// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exceptions that leave a constructor or a start function. A constructor runs for who opened the library, and may be
// caught there; a start function also runs in threads that asked for nothing, and there is nobody to catch what it
// throws.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;

command_result open_thrower(const std::vector<std::string>& arguments)
{
  return run_guest("opens_throwers", {.arguments = arguments});
}

TEST(ThrowingConstructor, EndsTheProcessWhenNobodyCatches)
{
  EXPECT_TRUE(traps_saying(open_thrower({"./libthrows_in_constructor.so"}), {"exception"}));
}

TEST(ThrowingConstructor, IsCaughtByWhoOpenedTheLibrary)
{
  EXPECT_TRUE(succeeds_saying(open_thrower({"./libthrows_in_constructor.so", "catch"}), {}));
}

TEST(ThrowingStartFunction, IsATrapThatNobodyCatches)
{
  for (const std::string library : {"libstart_throws.so", "libclosed_start_throws.so"}) {
    EXPECT_TRUE(traps_saying(open_thrower({"./" + library}), {"exception", "start function", library}));
    EXPECT_TRUE(traps_saying(open_thrower({"./" + library, "catch"}), {"exception", "start function", library}));
  }
}

} // namespace
} // namespace interlink
