// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/host_registry.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

const function_type takes_int{{wasm::i32}, {}};
const function_type returns_int{{}, {wasm::i32}};

result<void> nothing(instance_group&, std::span<engine::value_slot>)
{
  return {};
}

TEST(HostRegistry, FindsWhatWasAdded)
{
  host_registry registry;
  registry.add("m", "f", takes_int, nothing);
  const auto* entry = registry.find("m", "f");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(std::get<host_function>(*entry).type, takes_int);
}

TEST(HostRegistry, HasNothingUnderAnotherModule)
{
  host_registry registry;
  registry.add("m", "f", takes_int, nothing);
  EXPECT_EQ(registry.find("n", "f"), nullptr);
}

TEST(HostRegistry, LetsTheEmbedderOverrideTheGuestAbi)
{
  host_registry abi;
  abi.add("m", "f", takes_int, nothing);
  host_registry embedder;
  embedder.add("m", "f", returns_int, nothing);
  abi.override_with(std::move(embedder));
  EXPECT_EQ(std::get<host_function>(*abi.find("m", "f")).type, returns_int);
}

TEST(HostRegistry, TellsThePlannerTheTypes)
{
  host_registry registry;
  registry.add("m", "f", takes_int, nothing);
  const auto catalog = registry.catalog();
  ASSERT_TRUE(catalog->offered.contains({"m", "f"}));
  EXPECT_EQ(std::get<function_type>(catalog->offered.at({"m", "f"})), takes_int);
}

TEST(HostRegistry, TellsThePlannerWhichModulesAreOpen)
{
  host_registry registry;
  registry.open("m");
  EXPECT_TRUE(registry.catalog()->open_modules.contains("m"));
}

} // namespace
} // namespace interlink
