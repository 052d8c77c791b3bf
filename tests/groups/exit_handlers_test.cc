// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/exit_handlers.hh"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace interlink {
namespace {

using retirement = exit_handlers::retirement;

constexpr module_id one{2};
constexpr module_id other{3};

exit_handler of(module_id owner, module_id provider, registration kind = registration::cxa_atexit)
{
  return {kind, table_index{7}, 1, owner, provider, group_id{1}};
}

TEST(ExitHandlers, RunOnceNewestFirst)
{
  exit_handlers handlers;
  const handler_id first = handlers.add(of(one, one));
  const handler_id second = handlers.add(of(one, one));
  EXPECT_EQ(handlers.begin_newest_of(one)->first, second);
  EXPECT_EQ(handlers.begin_newest_of(one)->first, first);
  EXPECT_FALSE(handlers.begin_newest_of(one));
  EXPECT_FALSE(handlers.begin(second)); // exit passes over it
}

TEST(ExitHandlers, AreOfTheModuleThatRegistersAndOfTheOneWhoseFunctionItIs)
{
  exit_handlers handlers;
  handlers.add(of(one, other));
  EXPECT_TRUE(handlers.begin_newest_of(other));
  EXPECT_FALSE(handlers.begin_newest_of(one));
}

TEST(ExitHandlers, AskTheCloserToRunWhatHasComeMeanwhile)
{
  exit_handlers handlers;
  handlers.add(of(one, one));
  EXPECT_EQ(handlers.retire(std::array{one}), retirement::run_more);
  const handler_id id = handlers.begin_newest_of(one)->first;
  handlers.finish(id);
  EXPECT_EQ(handlers.retire(std::array{one}), retirement::granted);
  EXPECT_EQ(handlers.size(), 0U);
}

TEST(ExitHandlers, LeaveTheUnloadToTheThreadThatRunsOne)
{
  exit_handlers handlers;
  const handler_id id = handlers.add(of(one, other));
  handlers.begin_newest_of(one); // the close of `one`, in another thread
  EXPECT_EQ(handlers.retire(std::array{other}), retirement::deferred);
  EXPECT_EQ(handlers.finish(id), std::vector<module_id>{other});
}

TEST(ExitHandlers, UnloadNothingOnceTheProgramExits)
{
  exit_handlers handlers;
  const handler_id id = handlers.add(of(one, one));
  EXPECT_TRUE(handlers.begin(id));
  handlers.finish(id);
  EXPECT_EQ(handlers.retire(std::array{other}), retirement::deferred);
}

TEST(ExitHandlers, OfAThreadsEndAreNoExit)
{
  exit_handlers handlers;
  const handler_id id = handlers.add(of(one, one, registration::thread_exit));
  EXPECT_FALSE(handlers.begin_newest_of(one)); // nor a close's matter
  EXPECT_TRUE(handlers.begin(id));
  handlers.finish(id);
  EXPECT_EQ(handlers.retire(std::array{other}), retirement::granted);
}

TEST(ExitHandlers, AnswerQuickExitOneByOneInReverse)
{
  exit_handlers handlers;
  const handler_id first = handlers.add(of(one, one, registration::quick_exit));
  handlers.add(of(other, other, registration::quick_exit));
  EXPECT_FALSE(handlers.begin_newest_of(one));
  EXPECT_EQ(handlers.retire(std::array{other}), retirement::granted);
  EXPECT_FALSE(handlers.begin_next_quick()); // the entry of the library that is gone
  EXPECT_EQ(handlers.begin_next_quick()->first, first);
  EXPECT_FALSE(handlers.begin_next_quick());
}

TEST(ExitHandlers, ForgetWhatTheCLibraryHadNoRoomFor)
{
  exit_handlers handlers;
  handlers.remove(handlers.add(of(one, one)));
  EXPECT_EQ(handlers.retire(std::array{one}), retirement::granted);
}

} // namespace
} // namespace interlink
