// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dlclose as a C program sees it: what it counts, what it runs, what it gives back, beside threads that compute.
#include "tests/scenarios/support/command_run.hh"

#include <string>
#include <tuple>

namespace interlink {
namespace {

using namespace test;

class Close : public testing::TestWithParam<const char*> {};

TEST_P(Close, DoesWhatPosixSays)
{
  EXPECT_TRUE(succeeds(run_guest("closes_libraries", {.arguments = {GetParam()}})));
}

INSTANTIATE_TEST_SUITE_P(, Close,
                         testing::Values("fresh", "counted", "needed", "diamond", "cycle", "kept", "gives_back",
                                         "beside_laggards", "eight_threads", "slot_again", "in_constructor",
                                         "in_destructor", "in_signal_handler", "every_order"),
                         [](const auto& one) { return std::string(one.param); });

TEST(CloseLibrary, LooksItsFileUpAnewAfterTheLastClose)
{
  const scratch_directory directory;
  directory.copy_guest("closes_libraries.wasm", "main.wasm");
  directory.copy_guest("libclosed_1.so", "liba.so");
  directory.copy_guest("libclosed_9.so", "libb.so");
  EXPECT_TRUE(succeeds(run_command({"run", "--dir", ".", "main.wasm", "replaced"}, {.directory = directory.path()})));
}

// Of the libraries closed lately those with functions of the type that was called, and the place of the call.
TEST(StalePointer, TrapsAndNamesWhatWasClosedLately)
{
  for (const auto& [part, type, named, other] :
       {std::tuple{"stale", "(func (result i32))", "libclosed_1.so", "libcode.so"},
        std::tuple{"stale_of_two", "(func (param i32 i32) (result i32))", "libcode.so", "libclosed_1.so"}}) {
    const command_result run = run_guest("closes_libraries", {.arguments = {part}});
    EXPECT_TRUE(ends_with(run, 134));
    EXPECT_TRUE(run.out.contains("calls a stale pointer")) << run.out;
    EXPECT_TRUE(run.err.contains(std::string("with functions of type ") + type + ": ")) << run.err;
    EXPECT_TRUE(run.err.contains(named)) << run.err;
    EXPECT_FALSE(run.err.contains(other)) << run.err;
    EXPECT_TRUE(run.err.contains("closes_libraries")) << run.err;
  }
}

} // namespace
} // namespace interlink
