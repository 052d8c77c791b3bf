// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/ids.hh"

#include <gtest/gtest.h>

#include <concepts>
#include <type_traits>
#include <unordered_set>

namespace interlink {
namespace {

/// True when a value of one kind can be put where the other is expected, in any spelling.
template <class From, class To>
constexpr bool fits =
    std::is_convertible_v<From, To> || std::is_constructible_v<To, From> || std::is_assignable_v<To&, From>;

TEST(Ids, DoNotTurnIntoEachOther)
{
  // The same representation, so that only the kind keeps them apart.
  static_assert(std::is_same_v<module_id::representation, group_id::representation>);
  EXPECT_FALSE((fits<module_id, group_id>));
  EXPECT_FALSE((fits<library_handle, module_id>));
  EXPECT_FALSE((fits<table_index, library_handle>));
  EXPECT_FALSE((fits<topology_version, load_id>));
  EXPECT_FALSE((fits<memory_address, topology_version>));
}

TEST(Ids, DoNotCompareWithAnotherKind)
{
  EXPECT_FALSE((std::equality_comparable_with<module_id, group_id>));
  EXPECT_FALSE((std::equality_comparable_with<load_id, topology_version>));
  EXPECT_TRUE((std::equality_comparable<module_id>));
}

TEST(Ids, DoNotTurnIntoNumbersUnasked)
{
  EXPECT_FALSE((std::is_convertible_v<table_index, std::uint32_t>));
  EXPECT_FALSE((std::is_convertible_v<std::uint32_t, table_index>));
}

TEST(Ids, AreOrderedByTheirValue)
{
  EXPECT_LT(topology_version{1}, topology_version{2});
  EXPECT_EQ(memory_address{7}, memory_address{7});
}

TEST(Ids, AreKeysOfHashedContainers)
{
  const std::unordered_set<module_id> modules{main_module, module_id{2}, main_module};
  EXPECT_EQ(modules.size(), 2U);
}

TEST(FileIdentity, TellsFilesOfOneDeviceAndOfTwoApart)
{
  const std::unordered_set<file_identity> files{{1, 2}, {1, 3}, {2, 2}, {1, 2}};
  EXPECT_EQ(files.size(), 3U);
}

} // namespace
} // namespace interlink
