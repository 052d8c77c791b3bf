// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan that `interlink ldd --plan` prints. It runs in the directory of the guests.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

command_result plan_of(const std::string& program, std::vector<std::string> options = {})
{
  options.insert(options.begin(), {"ldd", "--plan"});
  options.push_back(program);
  return run_command(std::move(options), {});
}

TEST(LddPlan, PrintsBasesBindingsSlotsAndConstructors)
{
  const command_result run = plan_of("needed_constructors_run_before_main.wasm", {"--dir", ".::."});
  EXPECT_TRUE(ends_with(run, 0));
  for (const std::string part : {"  stack 0x", "  heap base 0x",
                                 "module 1 /needed_constructors_run_before_main.wasm\n  memory base 0x400, size ",
                                 "import env.order_own_12 (func (result i32)): thunk 0 to slot ",
                                 "import env.order_own_10 (func (result i32)): direct, export ", "(order_own_12)\n",
                                 "constructors, in order; the main module's own are run by its entry\n"
                                 "  module 2 /libchain_c.so\n  module 3 /libchain_b.so\n  module 4 /libchain_a.so\n"}) {
    EXPECT_TRUE(run.out.contains(part)) << part << "\n--\n" << run.out;
  }
}

TEST(LddPlan, IsTheSameEachTime)
{
  EXPECT_EQ(plan_of("throws_across_modules.wasm").out, plan_of("throws_across_modules.wasm").out);
}

TEST(LddPlan, ChoosesTheSlotThatTheProgramUsesWhenItRuns)
{
  const std::string name = "needed_constructors_run_before_main";
  const command_result planned = plan_of(name + ".wasm", {"--dir", ".::."});
  const command_result run =
      run_guest(name, {.options = {"--dir", ".::."}, .environment = {"INTERLINK_DEBUG=bindings"}});
  // Which slot it is depends on how many functions of the program have their addresses taken.
  const std::string import = "env.order_own_12 (func (result i32)): thunk 0 to slot ";
  const std::size_t place = planned.out.find(import);
  ASSERT_NE(place, std::string::npos) << planned.out;
  const std::string slot = std::to_string(std::stoul(planned.out.substr(place + import.size())));
  EXPECT_TRUE(run.err.contains("env.order_own_12 [thunk to slot " + slot + " ")) << slot << run.err;
}

TEST(LddPlan, FollowsTheSizeOfTheStack)
{
  const command_result run = plan_of("binds_lazily.wasm", {"--stack-size", "1MiB"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_NE(run.out, plan_of("binds_lazily.wasm").out);
}

TEST(LddPlan, PlansAProgramAtFixedAddresses)
{
  const command_result run = plan_of("fixed_main_with_tls_side_and_threads.wasm");
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_TRUE(run.out.contains("the main module lies at fixed addresses")) << run.out;
  // The first thread's variables are the static ones in main's own data.
  EXPECT_FALSE(run.out.contains("TLS block of module 1 ")) << run.out;
}

TEST(LddPlan, SaysThatALibraryAloneHasNoPlan)
{
  const command_result run = plan_of("libplain.so");
  EXPECT_TRUE(ends_with(run, 1));
  EXPECT_TRUE(run.err.contains("--plan needs a main module")) << run.err;
}

TEST(LddPlan, NeedsEveryLibrary)
{
  const scratch_directory scratch;
  scratch.copy_guest("needed_constructors_run_before_main.wasm", "alone.wasm");
  const command_result run = plan_of(scratch / "alone.wasm");
  EXPECT_TRUE(ends_with(run, 1));
  EXPECT_TRUE(run.err.contains("libchain_a.so not found")) << run.err;
}

TEST(LddPlan, EndsWith1WhereTheProgramWouldNotRunForLackOfRoom)
{
  const command_result run = plan_of("fixed_needs_data.wasm");
  EXPECT_TRUE(ends_with(run, 1));
  EXPECT_TRUE(run.err.contains("fixed_needs_data.wasm: the libraries that the program needs take ")) << run.err;
  EXPECT_TRUE(run.err.contains("link it with -pie, or open the libraries with dlopen")) << run.err;
}

TEST(LddPlan, EndsWith1WhenTheMemoryIsTooSmall)
{
  const command_result run = plan_of("binds_lazily.wasm", {"--max-memory", "1MiB"});
  EXPECT_TRUE(ends_with(run, 1));
  EXPECT_TRUE(run.err.contains("binds_lazily.wasm")) << run.err;
}

} // namespace
} // namespace interlink
