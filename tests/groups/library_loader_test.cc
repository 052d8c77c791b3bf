// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What dlopen does when all goes well: handles, order of constructors, recursion, libraries that need each other.
#include "tests/support/fake_process.hh"

#include <gtest/gtest.h>

#include <algorithm>

namespace interlink {
namespace {

using support::event_constructor;
using support::fake_process;

class LibraryLoader : public testing::Test {
protected:
  /// Numbers of the libraries whose constructors ran, in order.
  std::vector<std::uint32_t> constructed() const
  {
    std::vector<std::uint32_t> numbers;
    for (const support::guest_event& event : process.events()) {
      if (event.what == event_constructor) {
        numbers.push_back(event.number);
      }
    }
    return numbers;
  }

  library_handle open(const std::string& name, std::uint32_t flags = open_flag::lazy)
  {
    const auto opened = process.open(group, name, flags);
    EXPECT_TRUE(opened) << opened.error().message();
    return opened.value_or(default_scope_handle);
  }

  std::uint32_t call(library_handle in, const std::string& name, std::uint32_t argument = 0)
  {
    const auto returned = process.call(group, module_id{in.value}, name, argument);
    EXPECT_TRUE(returned) << returned.error().message();
    return returned.value_or(0);
  }

  fake_process process;
  group_id group;
};

TEST_F(LibraryLoader, GivesTheSameHandleAgain)
{
  process.add({.number = 1});
  group = process.start();
  EXPECT_EQ(open("lib1.so"), open("lib1.so"));
}

TEST_F(LibraryLoader, KnowsAFileByItsIdentity)
{
  process.add({.number = 1});
  std::filesystem::create_hard_link(process.directory() + "/lib1.so", process.directory() + "/other.so");
  group = process.start();
  EXPECT_EQ(open("lib1.so"), open("other.so"));
}

TEST_F(LibraryLoader, RunsConstructorsOfDependenciesFirst)
{
  process.add({.number = 1, .needed = {"lib2.so"}, .has_constructor = true});
  process.add({.number = 2, .needed = {"lib3.so"}, .has_constructor = true});
  process.add({.number = 3, .has_constructor = true});
  group = process.start();
  open("lib1.so");
  EXPECT_EQ(constructed(), (std::vector<std::uint32_t>{3, 2, 1}));
}

TEST_F(LibraryLoader, LoadsADiamondsFootOnce)
{
  process.add({.number = 1, .needed = {"lib2.so", "lib3.so"}, .has_constructor = true});
  process.add({.number = 2, .needed = {"lib4.so"}, .has_constructor = true});
  process.add({.number = 3, .needed = {"lib4.so"}, .has_constructor = true});
  process.add({.number = 4, .has_constructor = true});
  group = process.start();
  open("lib1.so");
  EXPECT_EQ(constructed(), (std::vector<std::uint32_t>{4, 2, 3, 1}));
}

TEST_F(LibraryLoader, LoadsLibrariesThatNeedEachOther)
{
  process.add({.number = 1, .needed = {"lib2.so"}, .calls = {{2, 0}}, .has_constructor = true});
  process.add({.number = 2, .needed = {"lib1.so"}, .calls = {{1, 0}}, .has_constructor = true});
  group = process.start();
  const library_handle one = open("lib1.so");
  const library_handle two = open("lib2.so");
  EXPECT_EQ(call(one, "call1_0"), 2000U);
  EXPECT_EQ(call(two, "call2_0"), 1000U);
  EXPECT_EQ(constructed().size(), 2U);
}

TEST_F(LibraryLoader, CountsTheInstancesThatAFailedLoadLeavesDead)
{
  process_options options;
  options.debug.statistics = true;
  fake_process counted({}, std::move(options));
  counted.add({.number = 1, .relocations_trap = true});
  counted.add({.number = 2});
  const group_id one = counted.start();
  ASSERT_TRUE(counted.open(one, "lib2.so"));
  EXPECT_EQ(counted.core().counts->dead_instances, 0U);
  ASSERT_FALSE(counted.open(one, "lib1.so"));
  const std::uint64_t dead = counted.core().counts->dead_instances;
  EXPECT_GT(dead, 0U);
  ASSERT_FALSE(counted.open(one, "lib1.so")); // takes them again
  EXPECT_EQ(counted.core().counts->dead_instances, dead);
}

TEST_F(LibraryLoader, LoadsALibraryThatNeedsItself)
{
  process.add({.number = 1, .needed = {"lib1.so"}, .has_constructor = true});
  group = process.start();
  open("lib1.so");
  EXPECT_EQ(constructed(), (std::vector<std::uint32_t>{1}));
}

TEST_F(LibraryLoader, RunsNoConstructorAgain)
{
  process.add({.number = 1, .has_constructor = true});
  group = process.start();
  const library_handle handle = open("lib1.so");
  open("lib1.so");
  EXPECT_EQ(call(handle, "data1", 0), 1U);
}

TEST_F(LibraryLoader, AppliesRelocationsBeforeConstructors)
{
  process.add({.number = 1, .has_constructor = true});
  group = process.start();
  std::uint32_t seen = 0;
  process.on_event = [&](instance_group& at, std::uint32_t, std::uint32_t) {
    seen = support::call_without_catch_up(at, module_id{2}, "data1", {4}).value_or(0);
    return result<void>{};
  };
  const library_handle handle = open("lib1.so");
  EXPECT_NE(seen, 0U);
  EXPECT_EQ(call(handle, "data1", 4), seen);
}

TEST_F(LibraryLoader, RunsAClosedStartFunction)
{
  process.add({.number = 5, .start = support::start_shape::closed});
  group = process.start();
  EXPECT_EQ(call(open("lib5.so"), "data5", 12), 5U);
}

TEST_F(LibraryLoader, LetsAConstructorOpenAnotherLibrary)
{
  process.add({.number = 1, .has_constructor = true});
  process.add({.number = 2, .has_constructor = true});
  group = process.start();
  process.on_event = [&](instance_group& at, std::uint32_t what, std::uint32_t number) {
    return what == event_constructor && number == 1 &&
                   !open_library(process_of(at).loader, at, "lib2.so", open_flag::lazy, {})
               ? result<void>(fail(errc::cancelled))
               : result<void>{};
  };
  open("lib1.so");
  EXPECT_EQ(constructed(), (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(LibraryLoader, LetsAConstructorOpenItsOwnLibrary)
{
  process.add({.number = 1, .has_constructor = true});
  group = process.start();
  library_handle inner;
  process.on_event = [&](instance_group& at, std::uint32_t, std::uint32_t) {
    inner = open_library(process_of(at).loader, at, "lib1.so", open_flag::lazy, {}).value_or(default_scope_handle);
    return result<void>{};
  };
  EXPECT_EQ(open("lib1.so"), inner);
}

TEST_F(LibraryLoader, LetsTwoConstructorsOpenEachOthersLibrary)
{
  process.add({.number = 1, .has_constructor = true});
  process.add({.number = 2, .has_constructor = true});
  group = process.start();
  const group_id other = process.add_group();
  std::atomic<int> inside{0};
  process.on_event = [&](instance_group& at, std::uint32_t, std::uint32_t number) -> result<void> {
    // Both stand in their constructor before either opens the other's library.
    ++inside;
    while (inside < 2) {
      std::this_thread::yield();
    }
    const auto opened =
        open_library(process_of(at).loader, at, number == 1 ? "lib2.so" : "lib1.so", open_flag::lazy, {});
    return opened ? result<void>{} : fail(opened.error());
  };
  auto one = process.begin(group, [](instance_group& at) {
    return open_library(process_of(at).loader, at, "lib1.so", open_flag::lazy, {});
  });
  auto two = process.begin(other, [](instance_group& at) {
    return open_library(process_of(at).loader, at, "lib2.so", open_flag::lazy, {});
  });
  EXPECT_TRUE(one.get());
  EXPECT_TRUE(two.get());
}

TEST_F(LibraryLoader, WaitsForAnothersConstructors)
{
  process.add({.number = 1, .has_constructor = true});
  group = process.start();
  const group_id other = process.add_group();
  std::promise<void> begun;
  std::promise<void> may_end;
  std::atomic<bool> has_ended{false};
  process.on_event = [&](instance_group&, std::uint32_t, std::uint32_t) {
    begun.set_value();
    may_end.get_future().wait();
    has_ended = true;
    return result<void>{};
  };
  auto opener = process.begin(group, [](instance_group& at) {
    return open_library(process_of(at).loader, at, "lib1.so", open_flag::lazy, {});
  });
  begun.get_future().wait();
  auto waiter = process.begin(other, [&](instance_group& at) {
    const bool opened = open_library(process_of(at).loader, at, "lib1.so", open_flag::lazy, {}).has_value();
    return opened && has_ended;
  });
  may_end.set_value();
  EXPECT_TRUE(waiter.get());
  EXPECT_TRUE(opener.get());
}

TEST_F(LibraryLoader, FindsAModuleUnderConstruction)
{
  process.add({.number = 1, .has_constructor = true});
  group = process.start();
  const group_id other = process.add_group();
  result<std::uint32_t> returned = fail(errc::cancelled);
  process.on_event = [&](instance_group& at, std::uint32_t, std::uint32_t) -> result<void> {
    // The constructor hands out a pointer that another thread calls at once.
    const auto ordinal = at.applied().find(module_id{2})->plan().info->find_export_ordinal("f1_1").value();
    const coordinator_reply reply = at.ask(assign_slot_request{module_id{2}, ordinal});
    returned = process.call_slot(other, std::get<slot_outcome>(reply).slot.value);
    return {};
  };
  open("lib1.so");
  EXPECT_EQ(returned, 1001U);
}

TEST_F(LibraryLoader, EndsTheThreadWhoseConstructorTraps)
{
  process.add({.number = 1, .has_constructor = true});
  group = process.start();
  process.on_event = [](instance_group&, std::uint32_t, std::uint32_t) {
    error_detail detail;
    detail.trap = trap_record{"told to", {}};
    return result<void>(fail(error(errc::guest_trapped, std::move(detail))));
  };
  EXPECT_EQ(process.open(group, "lib1.so").error().code(), errc::guest_trapped);
}

TEST_F(LibraryLoader, KeepsALibraryWhoseConstructorTrapped)
{
  process.add({.number = 1, .has_constructor = true});
  group = process.start();
  process.on_event = [](instance_group&, std::uint32_t, std::uint32_t) {
    return result<void>(fail(errc::guest_trapped));
  };
  static_cast<void>(process.open(group, "lib1.so"));
  EXPECT_NE(process.coordination().current()->find(module_id{2}), nullptr);
}

TEST_F(LibraryLoader, LoadsNothingWhenAskedNotTo)
{
  process.add({.number = 1});
  group = process.start();
  EXPECT_EQ(process.open(group, "lib1.so", open_flag::lazy | open_flag::no_load).error().code(),
            errc::library_not_found);
  open("lib1.so");
  EXPECT_TRUE(process.open(group, "lib1.so", open_flag::lazy | open_flag::no_load));
}

TEST_F(LibraryLoader, AddsALibraryToTheGlobalScopeWhenItIsReopenedSo)
{
  process.add({.number = 1});
  group = process.start();
  open("lib1.so");
  EXPECT_FALSE(process.find(group, default_scope_handle, "f1_0"));
  open("lib1.so", open_flag::lazy | open_flag::global);
  EXPECT_TRUE(process.find(group, default_scope_handle, "f1_0"));
}

TEST_F(LibraryLoader, GivesAFunctionOneAddressEverywhere)
{
  process.add({.number = 1, .needed = {"lib2.so"}, .addresses = {{2, 1}}});
  process.add({.number = 2});
  group = process.start();
  const group_id other = process.add_group();
  const library_handle two = open("lib2.so");
  const auto found = process.find(other, two, "f2_1");
  EXPECT_EQ(call(open("lib1.so"), "got1_0"), found);
}

TEST_F(LibraryLoader, AsksTheGuestForMemoryWhenTheArenaIsUsedUp)
{
  process_options options;
  options.memory.arena_bytes = 0x1'0000;
  fake_process small({}, std::move(options));
  small.add({.number = 1, .data_bytes = 0x4'0000});
  const group_id at = small.start();
  const auto opened = small.open(at, "lib1.so");
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_GE(small.coordination().current()->find(module_id{opened->value})->plan().memory_base,
            small.core().program().layout.heap_base);
}

TEST_F(LibraryLoader, LoadsWhatTheProgramNeeds)
{
  fake_process needing({.needed = {"lib1.so"}});
  needing.add({.number = 1, .has_constructor = true});
  const group_id at = needing.start();
  EXPECT_EQ(needing.call(at, module_id{2}, "f1_0"), 1000U);
  EXPECT_EQ(needing.events().size(), 1U);
}

TEST_F(LibraryLoader, OpensFromManyThreads)
{
  constexpr std::uint32_t libraries = 6;
  for (std::uint32_t number = 1; number <= libraries; ++number) {
    const std::string next = "lib" + std::to_string(number % libraries + 1) + ".so";
    process.add(
        {.number = number, .functions_in_table = 1, .needed = {next}, .has_tls = true, .has_constructor = true});
  }
  group = process.start();
  std::vector<group_id> groups{group};
  for (int i = 0; i < 3; ++i) {
    groups.push_back(process.add_group());
  }
  std::vector<std::future<result<std::uint32_t>>> opened;
  for (std::uint32_t i = 0; i < groups.size(); ++i) {
    opened.push_back(process.begin(groups[i], [number = i + 1](instance_group& at) -> result<std::uint32_t> {
      const std::string name = std::to_string(number);
      const auto handle = open_library(process_of(at).loader, at, "lib" + name + ".so", open_flag::lazy, {});
      return handle ? support::call_without_catch_up(at, module_id{handle->value}, "tls" + name, {})
                    : fail(handle.error());
    }));
  }
  for (std::uint32_t i = 0; i < groups.size(); ++i) {
    EXPECT_EQ(opened[i].get(), support::tls_word_of(i + 1));
  }
  EXPECT_EQ(constructed().size(), libraries);
}

} // namespace
} // namespace interlink
