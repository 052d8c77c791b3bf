// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wild function indices, start structures, waits, handles and signal handlers: a trap that says what it was, or an
// error number, never more.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;

command_result call_wildly(const std::string& how, const std::string& number = "0")
{
  return run_guest("calls_wildly", {.arguments = {how, number}});
}

TEST(WildCall, ThroughAnIndexThatIsNoFunctionIsATrap)
{
  EXPECT_TRUE(traps_saying(call_wildly("call", "0"), {"uninitialized element"}));
  for (const std::string index : {"100000", "0x7fffffff", "0x80000000", "0xffffffff"}) {
    EXPECT_TRUE(traps_saying(call_wildly("call", index), {"undefined element"})) << index;
  }
}

TEST(WildCall, OfAFunctionOfAnotherTypeIsATrap)
{
  EXPECT_TRUE(traps_saying(call_wildly("call-of-another-type"), {"indirect call type mismatch"}));
}

TEST(WildHandles, AndFlagsAreAnsweredWithErrors)
{
  EXPECT_TRUE(succeeds_saying(call_wildly("handles"), {}));
}

TEST(WildFutexes, AreAnsweredWithMemoryViolation)
{
  EXPECT_TRUE(succeeds_saying(call_wildly("futexes"), {}));
}

TEST(WildWaits, TrapAsTheInstructionsDo)
{
  for (const std::string instruction : {"wait", "notify"}) {
    EXPECT_TRUE(traps_saying(call_wildly(instruction, "0x1001"), {"unaligned atomic"}));
    EXPECT_TRUE(traps_saying(call_wildly(instruction, "0xfffffffc"), {"out of bounds memory access"}));
    EXPECT_TRUE(traps_saying(call_wildly(instruction, "0xfffffffd"), {"unaligned atomic"}))
        << "as the engine's, in its order";
  }
}

TEST(WildThreads, AreRefusedWhenTheirStructureLiesOutside)
{
  EXPECT_TRUE(succeeds_saying(call_wildly("threads"), {}));
}

TEST(WildThreads, WithNonsenseForAStructureEndTheGuestAtMost)
{
  for (const std::string byte : {"0", "1", "0x10", "0x7f", "0x80", "0xf0", "0xff"}) {
    const command_result run = call_wildly("thread-at", byte);
    EXPECT_TRUE(is_in_order(run)) << byte;
    EXPECT_TRUE(run.exit_code == 0 || run.exit_code == trap_exit_code) << byte << run.out << run.err;
  }
}

TEST(WildThreads, WithARoutineThatIsNoFunctionTrap)
{
  EXPECT_TRUE(traps_saying(call_wildly("create", "0"), {"uninitialized element"}));
  EXPECT_TRUE(traps_saying(call_wildly("create", "0xffffffff"), {"undefined element"}));
}

TEST(SignalHandler, ThatSignalsItselfEndsWithTheStack)
{
  EXPECT_TRUE(traps_saying(call_wildly("signal"), {"call stack exhausted", "handles_signal"}));
}

TEST(SignalHandler, OfAnotherTypeIsNamed)
{
  EXPECT_TRUE(traps_saying(call_wildly("signal-of-another-type"), {"takes_nothing", "(func (param i32))"}));
}

TEST(Serving, ThatNobodyAskedForHoldsNothingUp)
{
  for (const std::string cookie : {"0", "1", "0xffffffff"}) {
    EXPECT_TRUE(succeeds_saying(call_wildly("serve", cookie), {}));
  }
}

} // namespace
} // namespace interlink
