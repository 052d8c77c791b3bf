// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the instrumenter refuses, and that it says where and what to do.
#include "messages/limits.hh"
#include "tests/support/wasm_builder.hh"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "wasm/instrumenter.hh"
#include "wasm/module_reader.hh"

namespace interlink {
namespace {

using support::wasm_builder;
using support::wasm_code;

using support::none_to_none;

/// The refusal, or nothing when the module is accepted.
std::optional<error> refusal_of(const wasm_builder& source)
{
  const std::vector<std::byte> bytes = source.build();
  const result<module_info> info = read_module(bytes);
  EXPECT_TRUE(info) << info.error().message();
  if (!info) {
    return std::nullopt;
  }
  const result<instrumented_module> module = instrument(bytes, *info);
  return module ? std::nullopt : std::optional(module.error());
}

wasm_builder bare_side_module()
{
  wasm_builder module;
  module.dylink();
  module.side_module_imports();
  return module;
}

struct table_write {
  std::string name;
  wasm_code code;
};

class TableWrite : public testing::TestWithParam<table_write> {};

TEST_P(TableWrite, IsRefusedByInstructionFunctionAndOffset)
{
  wasm_builder source = bare_side_module();
  source.import_table("env", "other", {wasm::funcref, {1, std::nullopt}, false});
  source.raw_elements({0x01, 0x00, 0x00});
  source.function(none_to_none, wasm_code().unreachable().append(GetParam().code), "writes");
  const std::optional<error> refusal = refusal_of(source);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), errc::unsupported_module);
  EXPECT_NE(refusal->message().find(GetParam().name), std::string::npos) << refusal->message();
  EXPECT_EQ(refusal->detail().symbol_name, "writes");
  ASSERT_TRUE(refusal->detail().offset);
  EXPECT_EQ(source.build().at(*refusal->detail().offset), GetParam().code.bytes()[0]);
  EXPECT_FALSE(refusal->detail().remedy.empty());
}

INSTANTIATE_TEST_SUITE_P(Instrumenter, TableWrite,
                         testing::Values(table_write{"table.set", wasm_code().raw({0x26, 0x00})},
                                         table_write{"table.grow", wasm_code().prefixed(0xfc, 15, {0})},
                                         table_write{"table.fill", wasm_code().prefixed(0xfc, 17, {0})},
                                         table_write{"table.init", wasm_code().prefixed(0xfc, 12, {0, 0})},
                                         table_write{"table.copy", wasm_code().prefixed(0xfc, 14, {0, 1})},
                                         table_write{"table.copy", wasm_code().prefixed(0xfc, 14, {1, 0})}));

TEST(Instrumenter, AcceptsWritesToOtherTables)
{
  wasm_builder source = bare_side_module();
  source.import_table("env", "other", {wasm::funcref, {1, std::nullopt}, false});
  source.function(none_to_none, wasm_code().unreachable().raw({0x26, 0x01}).prefixed(0xfc, 14, {1, 1}));
  EXPECT_FALSE(refusal_of(source));
}

TEST(Instrumenter, NamesAWritingFunctionByItsNameSection)
{
  wasm_builder source = bare_side_module();
  source.function(none_to_none, wasm_code().unreachable().raw({0x26, 0x00}));
  wasm_writer names;
  names.u8(1);
  names.u32(9);
  names.u32(1);
  names.u32(0);
  names.name("private");
  names.u8(0);
  source.custom("name", names.written());
  EXPECT_EQ(refusal_of(source)->detail().symbol_name, "private");
}

TEST(Instrumenter, RefusesImportsFromTheReservedModule)
{
  wasm_builder source;
  source.import_function("interlink", "anything", none_to_none);
  const std::optional<error> refusal = refusal_of(source);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->detail().symbol_name, "anything");
}

TEST(Instrumenter, RefusesExportsInTheReservedNamespace)
{
  wasm_builder source = bare_side_module();
  source.function(none_to_none, {}, "interlink.applied");
  const std::optional<error> refusal = refusal_of(source);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->detail().symbol_name, "interlink.applied");
}

TEST(Instrumenter, RefusesAMemoryOfALibrarysOwn)
{
  wasm_builder source;
  source.dylink();
  source.memory({{1, std::nullopt}, false, false, 16});
  const std::optional<error> refusal = refusal_of(source);
  ASSERT_TRUE(refusal);
  EXPECT_NE(refusal->detail().remedy.find("--import-memory"), std::string::npos);
}

TEST(Instrumenter, RefusesATableOfALibrarysOwn)
{
  wasm_builder source;
  source.dylink();
  source.table({});
  const std::optional<error> refusal = refusal_of(source);
  ASSERT_TRUE(refusal);
  EXPECT_NE(refusal->detail().remedy.find("--import-table"), std::string::npos);
}

TEST(Instrumenter, RefusesActiveDataInSharedMemory)
{
  wasm_builder source = bare_side_module();
  source.active_data(wasm_code().global_get(0), "abc");
  const std::optional<error> refusal = refusal_of(source);
  ASSERT_TRUE(refusal);
  EXPECT_NE(refusal->detail().remedy.find("--shared-memory"), std::string::npos);
}

TEST(Instrumenter, AcceptsActiveDataInUnsharedMemory)
{
  wasm_builder source;
  source.dylink();
  source.import_memory("env", "memory", {{1, std::nullopt}, false, false, 16});
  source.active_data(wasm_code().i32_const(0), "abc");
  EXPECT_FALSE(refusal_of(source));
}

TEST(Instrumenter, RefusesLegacyExceptionsWithTheFlagToUse)
{
  wasm_builder source = bare_side_module();
  source.function(none_to_none, wasm_code().raw({0x06, 0x40, 0x19, 0x0b}));
  const std::optional<error> refusal = refusal_of(source);
  ASSERT_TRUE(refusal);
  EXPECT_NE(refusal->detail().remedy.find("-wasm-use-legacy-eh=false"), std::string::npos);
}

TEST(Instrumenter, RefusesABodyThatGrowsBeyondTheLimit)
{
  wasm_builder source = bare_side_module();
  source.type(none_to_none);
  wasm_code code;
  for (int i = 0; i < 400'000; ++i) {
    code.i32_const(1).call_indirect(0);
  }
  source.function(none_to_none, code);
  const std::optional<error> refusal = refusal_of(source);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), errc::limit_exceeded);
}

TEST(InstrumenterRefusal, NamesAWaitThatNothingCouldEnd)
{
  wasm_builder long_addresses;
  long_addresses.dylink();
  long_addresses.import_memory("env", "memory", {{1, 2}, true, true, 16});
  long_addresses.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 1, {2, 0}).drop(), "waits");
  wasm_builder second = bare_side_module();
  second.import_memory("other", "memory", {{1, 2}, true, false, 16});
  second.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 1, {0x42, 1, 0}).drop(), "waits");
  wasm_builder hidden; // no dylink.0; nobody else, the host neither, has that memory
  hidden.memory({{1, 2}, true, false, 16});
  hidden.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 1, {2, 0}).drop(), "waits");
  for (const wasm_builder* source : {&long_addresses, &second, &hidden}) {
    const std::optional<error> refusal = refusal_of(*source);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code(), errc::unsupported_module);
    EXPECT_TRUE(refusal->message().contains("waits on another memory than the program's, with memory.atomic.wait32"))
        << refusal->message();
    EXPECT_EQ(refusal->detail().symbol_name, "waits");
    EXPECT_FALSE(refusal->detail().remedy.empty());
  }
}

TEST(InstrumenterRefusal, LetsASecondMemoryBeNotified)
{
  wasm_builder second = bare_side_module();
  second.import_memory("other", "memory", {{1, 2}, true, false, 16});
  second.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 0, {0x42, 1, 0}).drop());
  EXPECT_FALSE(refusal_of(second));
}

TEST(Instrumenter, RefusesAModuleWithoutRoomForTheControlMemory)
{
  wasm_builder source = bare_side_module(); // has one memory
  for (std::size_t i = 1; i < limit::memories; ++i) {
    source.import_memory("env", "memory" + std::to_string(i), {{0, 1}});
  }
  const std::optional<error> refusal = refusal_of(source);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), errc::limit_exceeded);
  EXPECT_TRUE(refusal->message().contains("has 100 memories of at most 100")) << refusal->message();
}

} // namespace
} // namespace interlink
