// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command's exit codes besides the guest's own, and what it says: 127, 2.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

TEST(Command, EndsWith127WhenTheProgramIsMissing)
{
  const command_result run = run_command({"run", "nowhere.wasm"}, {});
  EXPECT_TRUE(ends_with(run, 127));
  EXPECT_TRUE(run.err.contains("nowhere.wasm")) << run.err;
}

TEST(Command, EndsWith127WhenTheProgramIsNoModule)
{
  const scratch_directory scratch;
  scratch.write("text.wasm", "no module");
  const command_result run = run_command({"run", scratch / "text.wasm"}, {});
  EXPECT_TRUE(ends_with(run, 127));
  EXPECT_TRUE(run.err.contains("text.wasm")) << run.err;
}

TEST(Command, EndsWith127AndNamesANeededLibraryThatIsMissing)
{
  const scratch_directory empty;
  const command_result run =
      run_guest("needed_constructors_run_before_main", {.options = {"--dir", empty.path() + "::."}});
  EXPECT_TRUE(ends_with(run, 127));
  EXPECT_TRUE(run.err.contains("libchain_a.so")) << run.err;
}

// Its heap is baked in, and its allocator cannot be asked before it runs.
TEST(Command, EndsWith127WhenAProgramAtFixedAddressesHasNoRoomForWhatItNeeds)
{
  const command_result run = run_guest("fixed_needs_data");
  EXPECT_TRUE(ends_with(run, 127));
  EXPECT_TRUE(run.err.contains("fixed_needs_data.wasm: the libraries that the program needs take ")) << run.err;
  EXPECT_TRUE(run.err.contains("link it with -pie, or open the libraries with dlopen")) << run.err;
}

TEST(Command, EndsWith127WhenThereIsNothingToRun)
{
  for (const std::string name : {"libplain.so", "libchain_c.so"}) {
    const command_result run = run_command({"run", guest_directory() + "/" + name}, {});
    EXPECT_TRUE(ends_with(run, 127)) << name;
    EXPECT_TRUE(run.err.contains("nothing to run")) << run.err;
  }
}

TEST(Command, EndsWith2ForAnUnknownOption)
{
  EXPECT_TRUE(ends_with(run_command({"run", "--no-such-option", "x.wasm"}, {}), 2));
}

TEST(Command, EndsWith2WithoutAProgram)
{
  EXPECT_TRUE(ends_with(run_command({"run"}, {}), 2));
}

TEST(Command, EndsWith2ForADirectoryThatIsMissing)
{
  const command_result run = run_guest("weak_symbols", {.options = {"--dir", "no_such_directory"}});
  EXPECT_TRUE(ends_with(run, 2));
  EXPECT_TRUE(run.err.contains("no_such_directory")) << run.err;
}

TEST(Command, EndsWith0WhenAStaticReactorIsInitialised)
{
  EXPECT_TRUE(ends_with(run_guest("static_reactor"), 0));
}

TEST(Command, PassesTheGuestsExitCodeOn)
{
  EXPECT_TRUE(ends_with(run_guest("static_command", {.arguments = {"a", "b", "c"}}), 3));
}

} // namespace
} // namespace interlink
