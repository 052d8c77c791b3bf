// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/module_cache.hh"

#include "tests/support/fake_engine.hh"
#include "tests/support/fake_guests.hh"

#include <gtest/gtest.h>

#include <utility>

namespace interlink {
namespace {

using support::fake_engine;
using support::make_library;

class ModuleCache : public testing::Test {
protected:
  std::shared_ptr<fake_engine> engine = std::make_shared<fake_engine>();
  module_cache cache{engine, true};

  /// All steps, as a load takes them.
  result<prepared_module> prepare(const std::vector<std::byte>& bytes, const std::string& name)
  {
    auto content = cache.read(bytes, name);
    if (!content) {
      return fail(std::move(content.error()));
    }
    if (auto done = cache.instrument(*content, name); !done) {
      return fail(std::move(done.error()));
    }
    return cache.compile(*content, name);
  }
};

TEST_F(ModuleCache, CompilesEqualBytesOnce)
{
  const auto bytes = make_library({.number = 1});
  ASSERT_TRUE(prepare(bytes, "one"));
  ASSERT_TRUE(prepare(bytes, "other"));
  EXPECT_EQ(engine->compiled_count(), 1U);
}

TEST_F(ModuleCache, CompilesOtherBytesAgain)
{
  ASSERT_TRUE(prepare(make_library({.number = 1}), "one"));
  ASSERT_TRUE(prepare(make_library({.number = 2}), "two"));
  EXPECT_EQ(engine->compiled_count(), 2U);
}

TEST_F(ModuleCache, NamesTheModuleInItsErrors)
{
  const std::vector<std::byte> garbage(16);
  const auto prepared = prepare(garbage, "libgarbage.so");
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code(), errc::malformed_module);
  EXPECT_NE(prepared.error().message().find("libgarbage.so"), std::string::npos);
}

TEST_F(ModuleCache, RemembersNoFailure)
{
  const auto bytes = make_library({.number = 1});
  engine->refuses = [](support::fake_call) {
    return true;
  };
  EXPECT_FALSE(prepare(bytes, "one"));
  engine->refuses = nullptr;
  EXPECT_TRUE(prepare(bytes, "one"));
}

TEST_F(ModuleCache, ForgetsWhatNobodyUsesInTime)
{
  const auto used = prepare(make_library({.number = 1}), "used");
  const auto idle = make_library({.number = 2});
  ASSERT_TRUE(prepare(idle, "idle"));
  for (std::uint32_t number = 3; number < 300; ++number) {
    ASSERT_TRUE(prepare(make_library({.number = number}), "another"));
  }
  const std::uint64_t compiled = engine->compiled_count();
  ASSERT_TRUE(prepare(make_library({.number = 1}), "used"));
  EXPECT_EQ(engine->compiled_count(), compiled);
  ASSERT_TRUE(prepare(idle, "idle"));
  EXPECT_EQ(engine->compiled_count(), compiled + 1);
}

TEST_F(ModuleCache, SharesThunksOfEqualTypes)
{
  const std::vector<thunk_plan> thunks{{{{}, {wasm::i32}}, 0, {}}, {{{wasm::i32}, {}}, 1, {}}};
  const auto one = cache.prepare_thunks(thunks);
  const auto other = cache.prepare_thunks(thunks);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(*one, *other);
}

TEST_F(ModuleCache, NeedsNoCodeForNoThunks)
{
  EXPECT_EQ(cache.prepare_thunks({}).value(), nullptr);
}

} // namespace
} // namespace interlink
