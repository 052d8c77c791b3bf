// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files, duplicates, pipes, counters and directories through the raw calls of WASIX.
#include "tests/scenarios/support/command_run.hh"

#include <filesystem>

namespace interlink {
namespace {

using namespace test;

TEST(WasixDescriptors, ServesFilesDuplicatesPipesAndCounters)
{
  const scratch_directory scratch;
  scratch.write("secret", "not the guest's");
  scratch.write("guest/inside", "");
  std::filesystem::create_directory_symlink("..", scratch / "guest/out");
  command_options options;
  options.options = {"--dir", (scratch / "guest") + "::/"};
  EXPECT_TRUE(succeeds(run_guest("uses_descriptors", options)));
}

} // namespace
} // namespace interlink
