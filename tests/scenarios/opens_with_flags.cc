// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The flags of dlopen, the program's own handle and dlerror, as a C program with <dlfcn.h> sees them.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

command_result run_part(const std::string& part)
{
  return run_guest("opens_with_flags", {.arguments = {part}});
}

class OpenFlags : public testing::TestWithParam<const char*> {};

TEST_P(OpenFlags, MeanWhatPosixSays)
{
  EXPECT_TRUE(succeeds(run_part(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(, OpenFlags,
                         testing::Values("local", "global", "promoted", "ordered", "no_load", "no_delete", "lazy",
                                         "program", "errors", "modes"),
                         [](const auto& one) { return std::string(one.param); });

TEST(LazyFunction, TrapsNamingItWhenItsDefinitionIsNotInScope)
{
  const command_result run = run_part("lazy_and_local");
  EXPECT_TRUE(ends_with(run, 134));
  EXPECT_TRUE(run.err.contains("flag_first") && run.err.contains("libflag_user.so")) << run.err;
}

} // namespace
} // namespace interlink
