// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A constructor traps, exits, or ends its thread, while another thread waits for the library or not. The first two end
// the process as they do anywhere else; after the third the constructor counts as run, and those that have not begun
// pass to the first who waits for them, else to the next opener.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

struct constructor_end {
  const char* name;
  std::vector<std::string> arguments;
};

void PrintTo(const constructor_end& way, std::ostream* stream)
{
  *stream << way.name;
}

std::string name_of(const testing::TestParamInfo<constructor_end>& one)
{
  return one.param.name;
}

command_result run_until_the_end(const std::string& how, std::vector<std::string> arguments)
{
  arguments.insert(arguments.begin(), how);
  return run_guest("ends_in_constructor", {.arguments = std::move(arguments)});
}

class ConstructorEnd : public testing::TestWithParam<constructor_end> {};

TEST_P(ConstructorEnd, ByTrapIs134WithABacktraceThatNamesTheLibrary)
{
  const command_result run = run_until_the_end("trap", GetParam().arguments);
  EXPECT_TRUE(ends_with(run, 134));
  EXPECT_TRUE(run.err.contains("libchain_b.so!constructed")) << run.err;
  EXPECT_TRUE(run.err.contains("ends_in_constructor.wasm!note")) << run.err;
  EXPECT_FALSE(run.out.contains("the waiter goes on"));
}

TEST_P(ConstructorEnd, ByExitIsItsCode)
{
  const command_result run = run_until_the_end("exit", GetParam().arguments);
  EXPECT_TRUE(ends_with(run, 7));
  EXPECT_FALSE(run.out.contains("the waiter goes on"));
}

INSTANTIATE_TEST_SUITE_P(, ConstructorEnd,
                         testing::Values(constructor_end{"InMain", {"main"}}, constructor_end{"InThread", {"thread"}},
                                         constructor_end{"InMainWhileAThreadWaits", {"main", "waited"}},
                                         constructor_end{"InThreadWhileAThreadWaits", {"thread", "waited"}}),
                         name_of);

class ConstructorThreadEnd : public testing::TestWithParam<constructor_end> {};

TEST_P(ConstructorThreadEnd, CountsAsRunAndPassesTheOthersOn)
{
  EXPECT_TRUE(succeeds(run_until_the_end("pthread_exit", GetParam().arguments)));
}

INSTANTIATE_TEST_SUITE_P(, ConstructorThreadEnd,
                         testing::Values(constructor_end{"ToTheNextOpener", {"thread"}},
                                         constructor_end{"ToTheFirstWaiter", {"thread", "waited"}},
                                         constructor_end{"FromMainToTheFirstWaiter", {"main", "waited"}}),
                         name_of);

TEST(ConstructorThreadEndOfMain, EndsTheProcessWhenItWasAlone)
{
  EXPECT_TRUE(ends_with(run_until_the_end("pthread_exit", {"main"}), 0));
}

} // namespace
} // namespace interlink
