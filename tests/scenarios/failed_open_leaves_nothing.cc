// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a load that fails leaves unchanged (docs/architecture.md): snapshot, published version, the coordinator's state,
// the function table's slots, the memory that it had reserved. Looked at from a host function, before and after, while
// no other guest thread runs. A good library opens afterwards.
#include "groups/instance_group.hh"
#include "linker/value_hash.hh"
#include "tests/scenarios/support/guest_process.hh"

#include <gtest/gtest.h>

#include <algorithm>

namespace interlink {
namespace {

using namespace test;

/// All that a guest or a later load can observe.
struct observed {
  std::uint64_t snapshot{};
  std::uint64_t head{};
  std::uint64_t topology{};
  std::uint64_t slots{};        ///< a hash of which function each slot has
  std::vector<std::byte> arena; ///< up to its last byte that is not zero
  bool clean_ranges_are_zero = true;

  friend bool operator==(const observed&, const observed&) = default;
};

std::uint64_t hash_of_slots(instance_group& group)
{
  constexpr std::uint32_t beyond_any = 4096;
  value_hash hash;
  for (std::uint32_t i = 0; i < beyond_any; ++i) {
    for (const std::uint64_t bits : group.store().slot(table_index{i}).bits) {
      hash.add(bits);
    }
  }
  return hash.value();
}

observed observe(instance_group& group)
{
  coordinator& coordination = process_of(group).coordination();
  const topology& state = coordination.state();
  observed seen;
  seen.snapshot = hash_of(*coordination.current());
  seen.head = coordination.head().value;
  seen.topology = hash_of(state);
  seen.slots = hash_of_slots(group);
  const std::span<const std::byte> memory = group.store().memory();
  const auto inside = [&](const memory_range& range) {
    const std::uint64_t begin = std::min<std::uint64_t>(range.address, memory.size());
    return memory.subspan(begin, std::min<std::uint64_t>(range.end(), memory.size()) - begin);
  };
  const std::span<const std::byte> arena = inside(process_of(group).program().layout.arena);
  const auto used = std::find_if(arena.rbegin(), arena.rend(), [](std::byte b) { return b != std::byte{}; });
  seen.arena.assign(arena.begin(), used.base());
  for (const memory_arena::free_range& free : state.arena.free_ranges()) {
    const auto bytes = inside(free.range);
    seen.clean_ranges_are_zero &=
        free.is_dirty || std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{}; });
  }
  return seen;
}

struct failing_load {
  const char* name;
  const char* library;
  const char* program = "fails_between_checkpoints";
};

void PrintTo(const failing_load& load, std::ostream* stream)
{
  *stream << load.name;
}

class FailedOpen : public testing::TestWithParam<failing_load> {};

TEST_P(FailedOpen, LeavesNothingThatCanBeObserved)
{
  std::vector<observed> places;
  guest_options options;
  options.arguments = {GetParam().library};
  options.functions.add("test", "checkpoint", {{wasm::i32}, {}},
                        [&](instance_group& group, std::span<engine::value_slot>) -> result<void> {
                          places.push_back(observe(group));
                          return {};
                        });
  guest_process guest(GetParam().program, std::move(options));
  ASSERT_FALSE(guest.refusal()) << guest.refusal()->message();
  const auto ended = guest.run();
  ASSERT_TRUE(ended) << ended.error().message();
  ASSERT_EQ(ended->exit_code, 0U) << guest.output();
  ASSERT_EQ(places.size(), 2U);
  EXPECT_EQ(places[0].snapshot, places[1].snapshot);
  EXPECT_EQ(places[0].head, places[1].head);
  EXPECT_EQ(places[0].topology, places[1].topology);
  EXPECT_EQ(places[0].slots, places[1].slots);
  EXPECT_TRUE(places[0].arena == places[1].arena);
  EXPECT_TRUE(places[1].clean_ranges_are_zero);
}

INSTANTIATE_TEST_SUITE_P(, FailedOpen,
                         testing::Values(failing_load{"MissingFile", "./libnowhere.so"},
                                         failing_load{"MissingNeededFile", "./libneeds_absent.so"},
                                         failing_load{"NoDylinkSection", "./libno_dylink.so"},
                                         failing_load{"LegacyExceptions", "./liblegacy_exceptions.so"},
                                         failing_load{"MissingSymbols", "./libmissing.so"},
                                         failing_load{"TypeMismatch", "./libmismatch.so"},
                                         failing_load{"TrappingStartFunction", "./libtrapping_start.so"},
                                         failing_load{"NoMemory", "./libhuge.so"},
                                         failing_load{"BadBytes", "./libbad_bytes.so"},
                                         failing_load{"TableAtItsMaximum", "./libmany_slots.so",
                                                      "fails_between_checkpoints_with_a_full_table"}),
                         [](const auto& one) { return std::string(one.param.name); });

} // namespace
} // namespace interlink
