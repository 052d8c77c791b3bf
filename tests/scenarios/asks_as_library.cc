// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What dlopen and dlsym find depends on who asks: runtime path, $ORIGIN, names, scopes. And what is there when the
// constructor of a needed library runs.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

class Caller : public testing::TestWithParam<const char*> {};

TEST_P(Caller, DecidesWhatIsFound)
{
  const scratch_directory scratch;
  scratch.copy_guest("asks_as_library.wasm", "main.wasm");
  scratch.copy_guest("libasks.so", "sub/libasks.so");
  scratch.copy_guest("libasks_base.so", "sub/libasks_base.so");
  scratch.copy_guest("libplain.so", "sub/inner/libinner.so");
  scratch.copy_guest("libnamed.so", "sub/libnamed.so");
  scratch.copy_guest("libuses_soname.so", "libuses_soname.so");
  EXPECT_TRUE(succeeds(run_command({"run", "--dir", ".", "main.wasm", GetParam()}, {.directory = scratch.path()})));
}

INSTANTIATE_TEST_SUITE_P(, Caller,
                         testing::Values("runtime_path", "origin", "soname", "default_scope", "by_pointer", "next",
                                         "deep", "the_program"),
                         [](const auto& one) { return std::string(one.param); });

TEST(Reflection, TellsWhatLiesWhere)
{
  EXPECT_TRUE(succeeds(run_guest("describes_addresses")));
}

TEST(NeededConstructor, SeesTheEnvironment)
{
  const command_result run =
      run_guest("sees_environment", {.options = {"--dir", ".", "--env", "GIVEN=1", "--env", "LD_LIBRARY_PATH=."}});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "constructor: 1 5 7\nmain: 1 yes 1\n");
}

} // namespace
} // namespace interlink
