// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The example that reloads its plugin: the file is replaced twice while eight threads call it.
#include "tests/scenarios/support/command_run.hh"

#include <filesystem>

namespace interlink {
namespace {

using namespace test;

TEST(HotReload, AnswersEveryCallByTheOldVersionOrTheNew)
{
  const scratch_directory scratch;
  for (const char* version : {"1", "2", "3"}) {
    scratch.copy_guest("libplugin_" + std::string(version) + ".so", "plugin_" + std::string(version) + ".so");
  }
  scratch.copy_guest("hot_reload.wasm", "main.wasm");
  const auto replace_by = [&](const std::string& version) {
    return [&scratch, version] {
      std::filesystem::rename(scratch / ("plugin_" + version + ".so"), scratch / "plugin_1.so");
    };
  };
  const command_result run = run_command({"run", "--dir", ".", "main.wasm", "./plugin_1.so", "20", "3"},
                                         {.directory = scratch.path(),
                                          .script = {close_input(),
                                                     {.after = "version 1\n", .act = replace_by("2")},
                                                     {.after = "version 2\n", .act = replace_by("3")}}});
  EXPECT_TRUE(succeeds(run));
}

} // namespace
} // namespace interlink
