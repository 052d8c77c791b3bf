// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A load that fails, at each of its steps: nothing that a guest or a later load can observe is left
// (docs/architecture.md, "What fails, and how"; T5).
#include "linker/value_hash.hh"
#include "tests/support/fake_process.hh"

#include <gtest/gtest.h>

#include <atomic>

#include "loader/closure_reader.hh"

namespace interlink {
namespace {

using support::event_open_start;
using support::fake_call;
using support::fake_process;
using support::library_shape;
using support::start_shape;

/// All that the opener's table and the memory beyond main's data and stack hold.
std::uint64_t contents_of(instance_group& group)
{
  value_hash hash;
  for (std::uint32_t slot = 0; slot < group.applied().table_size + 64; ++slot) {
    for (const std::uint64_t bits : group.store().slot(table_index{slot}).bits) {
      hash.add(bits); // which function it is
    }
  }
  const auto memory = group.store().memory();
  const memory_range arena = process_of(group).program().layout.arena;
  for (std::uint64_t at = arena.address; at < std::min<std::uint64_t>(arena.end(), memory.size()); ++at) {
    hash.add(std::to_integer<std::uint64_t>(memory[at]));
  }
  return hash.value();
}

struct failing_load {
  std::string name;
  library_shape shape;              ///< of `lib1.so`
  std::optional<fake_call> refused; ///< from the first on, or
  int let_through = 0;              ///< after so many
  std::uint32_t flags = open_flag::lazy;
  errc expected{};
  std::string bytes{}; ///< of `lib1.so`, when it is no module at all
};

void PrintTo(const failing_load& load, std::ostream* out)
{
  *out << load.name;
}

class FailedLoad : public testing::TestWithParam<failing_load> {
protected:
  void SetUp() override
  {
    process.add({.number = 2, .functions_in_table = 1, .start = start_shape::open, .has_tls = true});
    process.add({.number = 3, .functions_in_table = 1, .has_tls = true, .has_constructor = true});
    if (GetParam().shape.number != 0) {
      process.add(GetParam().shape);
    }
    if (!GetParam().bytes.empty()) {
      const auto bytes = std::as_bytes(std::span(GetParam().bytes));
      process.add("lib1.so", {bytes.begin(), bytes.end()});
    }
    group = process.start();
  }

  result<library_handle> open_failing()
  {
    std::atomic<int> seen{0};
    process.engine().refuses = [&](fake_call which) {
      return which == GetParam().refused && ++seen > GetParam().let_through;
    };
    auto opened = process.open(group, "lib1.so", GetParam().flags);
    process.engine().refuses = nullptr;
    return opened;
  }

  fake_process process;
  group_id group;
};

TEST_P(FailedLoad, SaysWhy)
{
  const auto opened = open_failing();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), GetParam().expected) << opened.error().message();
}

TEST_P(FailedLoad, LeavesTheTopologyAsItWas)
{
  const std::uint64_t before = hash_of(process.coordination().state());
  static_cast<void>(open_failing());
  EXPECT_EQ(hash_of(process.coordination().state()), before);
}

TEST_P(FailedLoad, LeavesTableAndMemoryAsTheyWere)
{
  const std::uint64_t before = process.in(group, contents_of);
  static_cast<void>(open_failing());
  EXPECT_EQ(process.in(group, contents_of), before);
}

TEST_P(FailedLoad, RunsNoStartFunctionOfWhatFailed)
{
  static_cast<void>(open_failing());
  EXPECT_TRUE(process.in(group, [](instance_group& at) { return at.catch_up(); }));
  EXPECT_TRUE(process.events().empty());
}

TEST_P(FailedLoad, LetsAGoodLibraryBeLoadedNext)
{
  static_cast<void>(open_failing());
  const auto opened = process.open(group, "lib3.so");
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(process.call(group, module_id{opened->value}, "tls3"), support::tls_word_of(3));
}

INSTANTIATE_TEST_SUITE_P(
    AtEachStep, FailedLoad,
    testing::Values(
        failing_load{"NoFile", {}, {}, 0, open_flag::lazy, errc::library_not_found},
        failing_load{"NeededFileMissing",
                     {.number = 1, .needed = {"lib2.so", "gone.so"}},
                     {},
                     0,
                     open_flag::lazy,
                     errc::library_not_found},
        failing_load{"BadBytes", {}, {}, 0, open_flag::lazy, errc::malformed_module, "this is no module at all"},
        failing_load{"BytesCutShort",
                     {},
                     {},
                     0,
                     open_flag::lazy,
                     errc::malformed_module,
                     std::string("\0asm\1\0\0\0\0\x10\x08"
                                 "dylink.0",
                                 19)},
        failing_load{"CompileRefused", {.number = 1}, fake_call::compile, 0, open_flag::lazy, errc::engine_refused},
        failing_load{"ThunksRefused",
                     {.number = 1, .needed = {"lib2.so"}, .calls = {{9, 0}}},
                     fake_call::compile,
                     2,
                     open_flag::lazy,
                     errc::engine_refused},
        failing_load{"SymbolMissing",
                     {.number = 1, .needed = {"lib2.so"}, .addresses = {{9, 0}}},
                     {},
                     0,
                     open_flag::lazy,
                     errc::symbol_not_found},
        failing_load{"FunctionMissing",
                     {.number = 1, .needed = {"lib2.so"}, .calls = {{9, 0}}},
                     {},
                     0,
                     open_flag::now,
                     errc::symbol_not_found},
        failing_load{"FirstInstanceRefused",
                     {.number = 1, .functions_in_table = 1, .needed = {"lib2.so"}, .has_tls = true},
                     fake_call::instantiate,
                     0,
                     open_flag::lazy,
                     errc::engine_refused},
        failing_load{"LastInstanceRefused",
                     {.number = 1, .functions_in_table = 1, .needed = {"lib2.so"}, .has_tls = true},
                     fake_call::instantiate,
                     1,
                     open_flag::lazy,
                     errc::engine_refused},
        failing_load{"TableGrowthRefused",
                     {.number = 1, .functions_in_table = 2, .needed = {"lib2.so"}},
                     fake_call::table_grow,
                     0,
                     open_flag::lazy,
                     errc::table_exhausted},
        failing_load{
            "StartFunctionTraps",
            {.number = 1, .functions_in_table = 2, .needed = {"lib2.so"}, .start = start_shape::traps, .has_tls = true},
            {},
            0,
            open_flag::lazy,
            errc::initialiser_failed},
        failing_load{
            "RelocationsTrap",
            {.number = 1, .functions_in_table = 2, .needed = {"lib2.so"}, .has_tls = true, .relocations_trap = true},
            {},
            0,
            open_flag::lazy,
            errc::initialiser_failed}),
    [](const auto& instance) { return instance.param.name; });

TEST(ManyFailedLoads, LeaveRoomForAGoodOne)
{
  fake_process process;
  process.add({.number = 1, .functions_in_table = 4, .has_tls = true, .relocations_trap = true});
  process.add({.number = 2, .functions_in_table = 4, .has_tls = true});
  const group_id group = process.start();
  const std::uint64_t before = hash_of(process.coordination().state());
  for (int round = 0; round < 2'000; ++round) {
    ASSERT_FALSE(process.open(group, "lib1.so"));
  }
  EXPECT_EQ(hash_of(process.coordination().state()), before);
  EXPECT_TRUE(process.open(group, "lib2.so"));
}

TEST(AbandonedLoad, GivesWayToThoseThatWaitedForIt)
{
  fake_process process;
  process.add({.number = 1, .has_constructor = true});
  const group_id one = process.start();
  const group_id other = process.add_group();
  // The first to instantiate is refused; whoever waited for its claim loads the library itself.
  std::atomic<bool> refused{false};
  process.engine().refuses = [&](fake_call which) {
    return which == fake_call::instantiate && !refused.exchange(true);
  };
  const auto open = [](instance_group& at) {
    return open_library(process_of(at).loader, at, "lib1.so", open_flag::lazy, {});
  };
  auto first = process.begin(one, open);
  auto second = process.begin(other, open);
  const int opened = (first.get() ? 1 : 0) + (second.get() ? 1 : 0);
  EXPECT_EQ(opened, 1);
}

TEST(DyingOpener, LeavesNothingOfItsLoad)
{
  fake_process process;
  process.add({.number = 1, .functions_in_table = 2, .has_tls = true});
  process.start();
  const group_id opener = process.add_group();
  process.in(opener, [](instance_group& at) { EXPECT_TRUE(at.catch_up()); });
  const group_id observer = process.add_group();
  auto planned = std::make_shared<std::optional<planned_load>>();
  // Between prepare and commit the thread ends: its guard empties and abandons.
  process.in(opener, [&](instance_group& at) {
    auto closure = read_closure(process_of(at).loader, process_of(at), at.applied(),
                                *process_of(at).loader.files.find("lib1.so", {}, {}, ""), {});
    auto request = make_ready(process_of(at).loader, at.events(), std::move(*closure));
    coordinator_reply reply = at.ask(prepare_load_request{std::move(*request)});
    planned->emplace(std::get<planned_load>(std::get<prepare_outcome>(reply)));
    at.set_load_in_flight(&**planned);
    EXPECT_TRUE(at.catch_up_without_initialisers());
    EXPECT_TRUE(at.rehearse((*planned)->plan, {}, (*planned)->requester_blocks));
    at.leave();
  });
  EXPECT_TRUE(process.coordination().state().loads.empty());
  EXPECT_TRUE(process.open(observer, "lib1.so"));
}

} // namespace
} // namespace interlink
