// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/module_reader.hh"

#include "tests/support/wasm_builder.hh"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace interlink {
namespace {

using support::wasm_builder;
using support::wasm_code;

using support::none_to_none;
const function_type i32_to_i32{{wasm::i32}, {wasm::i32}};

module_info read(const wasm_builder& module)
{
  result<module_info> info = read_module(module.build());
  EXPECT_TRUE(info) << info.error().message();
  return info ? *std::move(info) : module_info{};
}

error failure_of(const std::vector<std::byte>& bytes)
{
  const result<module_info> info = read_module(bytes);
  EXPECT_FALSE(info);
  return info ? error(errc{}) : info.error();
}

error failure_of(const wasm_builder& module)
{
  return failure_of(module.build());
}

/// A module with something in every section.
wasm_builder rich_module()
{
  wasm_builder module;
  module.dylink({64, 4, 3, 0, {"libm.so", "libz.so"}, {"$ORIGIN"}});
  module.dylink_export_flags("value", symbol_flag::tls);
  module.dylink_import_flags("env", "weak", symbol_flag::binding_weak | symbol_flag::undefined);
  module.raw_type({0x4e, 0x02, 0x50, 0x00, 0x5f, 0x02, 0x78, 0x01, 0x63, 0x01, 0x00, 0x5e, 0x7f, 0x01}, 2);
  const auto weak = module.import_function("env", "weak", none_to_none);
  module.side_module_imports();
  module.import_global("GOT.mem", "weak", {wasm::i32, true});
  module.import_tag("env", "__cpp_exception", {{wasm::i32}, {}});
  const auto call = module.function(none_to_none, wasm_code().call(weak), "call");
  const auto same = module.function(i32_to_i32, wasm_code().local_get(0), "same");
  const auto quiet = module.function(none_to_none, wasm_code().i32_const(1).drop());
  module.global({wasm::i32, false}, wasm_code().i32_const(12), "value");
  module.global({wasm::i32, false}, wasm_code().i32_const(40).i32_const(2).i32_add(), "sum");
  module.global({wasm::i32, true}, wasm_code().i32_const(5), "counter");
  module.global({wasm::i32, false}, wasm_code().i32_const(96), "__tls_size");
  module.global({wasm::i32, false}, wasm_code().i32_const(16), "__tls_align");
  module.start(quiet);
  module.elements(wasm_code().global_get(1), {same, quiet});
  module.elements(wasm_code().global_get(1).i32_const(2).i32_add(), {call});
  module.raw_elements({0x03, 0x00, 0x01, 0x01});
  module.passive_data("hello");
  wasm_writer name;
  name.u8(0);
  name.u32(5);
  name.name("rich");
  module.custom("name", name.written());
  return module;
}

TEST(ModuleReader, ReadsTheEmptyModule)
{
  const module_info info = read(wasm_builder());
  EXPECT_FALSE(info.dylink);
  EXPECT_TRUE(info.imports.empty() && info.exports.empty());
}

TEST(ModuleReader, ReadsDylinkNumbersAndNames)
{
  const module_info info = read(rich_module());
  ASSERT_TRUE(info.dylink);
  EXPECT_EQ(info.dylink->memory_size, 64U);
  EXPECT_EQ(info.dylink->memory_alignment_log2, 4U);
  EXPECT_EQ(info.dylink->table_size, 3U);
  EXPECT_EQ(info.dylink->needed, (std::vector<std::string>{"libm.so", "libz.so"}));
  EXPECT_EQ(info.dylink->runtime_path, std::vector<std::string>{"$ORIGIN"});
}

TEST(ModuleReader, KeepsImportsInOrderWithTheirTypes)
{
  const module_info info = read(rich_module());
  ASSERT_EQ(info.imports.size(), 7U);
  EXPECT_EQ(info.imports[0].type, extern_type(none_to_none));
  EXPECT_EQ(info.imports[1].type, extern_type(memory_type{{1, 65536}, true, false, 16}));
  EXPECT_EQ(info.imports[2].type, extern_type(table_type{}));
  EXPECT_EQ(info.imports[5].type, extern_type(global_type{wasm::i32, true}));
  EXPECT_EQ(info.imports[6].type, extern_type(tag_type{{{wasm::i32}, {}}}));
}

TEST(ModuleReader, FindsTheFlagsOfGotImportsUnderEnv)
{
  const module_info info = read(rich_module());
  EXPECT_EQ(info.imports[5].module_name, "GOT.mem");
  EXPECT_TRUE(info.imports[5].is_weak());
}

TEST(ModuleReader, PrefersFlagsOfTheImportsOwnModule)
{
  wasm_builder module;
  module.dylink();
  module.dylink_import_flags("env", "x", symbol_flag::undefined);
  module.dylink_import_flags("GOT.mem", "x", symbol_flag::binding_weak);
  module.import_global("GOT.mem", "x", {wasm::i32, true});
  EXPECT_EQ(read(module).imports[0].flags, symbol_flag::binding_weak);
}

TEST(ModuleReader, EvaluatesExportedConstants)
{
  const module_info info = read(rich_module());
  EXPECT_EQ(info.find_export("value")->value, 12U);
  EXPECT_EQ(info.find_export("sum")->value, 42U);
}

TEST(ModuleReader, GivesNoValueToMutableGlobals)
{
  EXPECT_FALSE(read(rich_module()).find_export("counter")->value);
}

TEST(ModuleReader, GivesNoValueToGlobalsThatDependOnAnImport)
{
  wasm_builder module;
  module.side_module_imports();
  module.global({wasm::i32, false}, wasm_code().global_get(0).i32_const(4).i32_add(), "moved");
  EXPECT_FALSE(read(module).find_export("moved")->value);
}

TEST(ModuleReader, EvaluatesGlobalsByEarlierGlobals)
{
  wasm_builder module;
  const auto first = module.global({wasm::i64, false}, wasm_code().i64_const(-3));
  module.global({wasm::i64, false}, wasm_code().global_get(first).i64_const(7).raw({0x7e}), "product");
  EXPECT_EQ(read(module).find_export("product")->value, static_cast<std::uint64_t>(-21));
}

TEST(ModuleReader, WrapsThirtyTwoBitConstants)
{
  wasm_builder module;
  module.global({wasm::i32, false}, wasm_code().i32_const(-1).i32_const(2).raw({0x6b}), "difference");
  EXPECT_EQ(read(module).find_export("difference")->value, 0xffff'fffdU);
}

TEST(ModuleReader, MarksTlsExports)
{
  EXPECT_TRUE(read(rich_module()).find_export("value")->is_tls());
}

TEST(ModuleReader, ReadsTlsSizeAndAlignment)
{
  const module_info info = read(rich_module());
  EXPECT_EQ(info.tls_size, 96U);
  EXPECT_EQ(info.tls_alignment, 16U);
}

TEST(ModuleReader, TakesOneAsAlignmentWithoutTls)
{
  EXPECT_EQ(read(wasm_builder()).tls_alignment, 1U);
}

TEST(ModuleReader, TakesATlsAlignmentOfZeroForOne)
{
  wasm_builder module;
  module.global({wasm::i32, false}, wasm_code().i32_const(0), "__tls_align");
  EXPECT_EQ(read(module).tls_alignment, 1U);
}

TEST(ModuleReader, RefusesATlsAlignmentThatIsNoPowerOfTwo)
{
  wasm_builder module;
  module.global({wasm::i32, false}, wasm_code().i32_const(12), "__tls_align");
  EXPECT_EQ(failure_of(module).code(), errc::malformed_module);
}

TEST(ModuleReader, FindsTheSlotsOfFunctionsRelativeToTheTableBase)
{
  const module_info info = read(rich_module());
  ASSERT_EQ(info.element_functions.size(), 3U);
  const std::uint32_t call = info.find_export("call")->index;
  const element_function& placed = info.element_functions[info.element_of_function.at(call)];
  EXPECT_EQ(placed.offset, 2U);
  EXPECT_TRUE(placed.is_relative);
}

TEST(ModuleReader, FindsAbsoluteSlots)
{
  wasm_builder module;
  module.side_module_imports();
  const auto function = module.function(none_to_none, {});
  module.elements(wasm_code().i32_const(1), {function});
  const module_info info = read(module);
  ASSERT_EQ(info.element_functions.size(), 1U);
  EXPECT_EQ(info.element_functions[0].offset, 1U);
  EXPECT_FALSE(info.element_functions[0].is_relative);
}

TEST(ModuleReader, ReadsElementsGivenAsExpressions)
{
  wasm_builder module;
  module.side_module_imports();
  module.function(none_to_none, {});
  module.raw_elements({0x06, 0x00, 0x23, 0x01, 0x0b, 0x70, 0x03, 0xd0, 0x70, 0x0b, 0xd2, 0x00, 0x0b, 0xd0, 0x70, 0x0b});
  const module_info info = read(module);
  ASSERT_EQ(info.element_functions.size(), 1U);
  EXPECT_EQ(info.element_functions[0].offset, 1U);
}

TEST(ModuleReader, ReadsAllEightFormsOfElementSegments)
{
  wasm_builder module;
  module.side_module_imports();
  module.function(none_to_none, {});
  module.raw_elements({0x00, 0x41, 0x00, 0x0b, 0x01, 0x00});
  module.raw_elements({0x01, 0x00, 0x01, 0x00});
  module.raw_elements({0x02, 0x00, 0x41, 0x01, 0x0b, 0x00, 0x01, 0x00});
  module.raw_elements({0x03, 0x00, 0x01, 0x00});
  module.raw_elements({0x04, 0x41, 0x02, 0x0b, 0x01, 0xd2, 0x00, 0x0b});
  module.raw_elements({0x05, 0x70, 0x01, 0xd2, 0x00, 0x0b});
  module.raw_elements({0x06, 0x00, 0x41, 0x03, 0x0b, 0x70, 0x01, 0xd2, 0x00, 0x0b});
  module.raw_elements({0x07, 0x70, 0x01, 0xd2, 0x00, 0x0b});
  EXPECT_EQ(read(module).element_functions.size(), 4U);
}

TEST(ModuleReader, RefusesElementsBeyondTheTableLimit)
{
  wasm_builder module;
  module.side_module_imports();
  const auto function = module.function(none_to_none, {});
  module.elements(wasm_code().i32_const(-1), {function});
  EXPECT_EQ(failure_of(module).code(), errc::limit_exceeded);
}

TEST(ModuleReader, ReadsTheModuleName)
{
  EXPECT_EQ(read(rich_module()).name, "rich");
}

TEST(ModuleReader, IgnoresADamagedNameSection)
{
  wasm_builder module;
  const std::vector<std::byte> damaged{std::byte{0}, std::byte{200}, std::byte{100}};
  module.custom("name", damaged);
  EXPECT_EQ(read(module).name, "");
}

TEST(ModuleReader, CountsDataSegments)
{
  wasm_builder module;
  module.memory({{1, std::nullopt}, false, false, 16});
  module.active_data(wasm_code().i32_const(8), "abc");
  module.passive_data("def");
  const module_info info = read(module);
  EXPECT_EQ(info.active_data_segment_count, 1U);
  EXPECT_EQ(info.passive_data_segment_count, 1U);
}

TEST(ModuleReader, SeparatesImportedFromDefined)
{
  wasm_builder module;
  module.import_memory("env", "a", {{1, 2}, true, false, 16});
  module.memory({{3, std::nullopt}, false, true, 16});
  module.table({wasm::externref, {4, 5}, false});
  const module_info info = read(module);
  ASSERT_EQ(info.defined_memories.size(), 1U);
  EXPECT_EQ(info.defined_memories[0].size.minimum, 3U);
  EXPECT_TRUE(info.defined_memories[0].is_64);
  ASSERT_EQ(info.defined_tables.size(), 1U);
  EXPECT_EQ(info.defined_tables[0].element, wasm::externref);
}

TEST(ModuleReader, SkipsUnknownDylinkSubsections)
{
  wasm_builder module;
  module.dylink({8, 0, 0, 0, {}, {}});
  module.dylink_subsection(6, std::as_bytes(std::span("wasm32", 6)));
  EXPECT_EQ(read(module).dylink->memory_size, 8U);
}

TEST(ModuleReader, AcceptsDylinkWithoutMemoryInfo)
{
  wasm_builder module;
  module.custom("dylink.0", {});
  EXPECT_EQ(read(module).dylink->memory_size, 0U);
}

TEST(ModuleReader, RefusesAMemoryAlignmentAboveTheLimit)
{
  wasm_builder module;
  module.dylink({8, 17, 0, 0, {}, {}});
  EXPECT_EQ(failure_of(module).code(), errc::limit_exceeded);
}

TEST(ModuleReader, RefusesATableAlignmentAboveTheLimit)
{
  wasm_builder module;
  module.dylink({8, 0, 0, 31, {}, {}});
  EXPECT_EQ(failure_of(module).code(), errc::limit_exceeded);
}

TEST(ModuleReader, RefusesTheOldDylinkSectionWithARemedy)
{
  wasm_builder module;
  module.custom("dylink", {});
  const error failure = failure_of(module);
  EXPECT_EQ(failure.code(), errc::unsupported_module);
  EXPECT_NE(failure.detail().remedy.find("dylink.0"), std::string::npos);
}

TEST(ModuleReader, RefusesTwoDylinkSections)
{
  wasm_builder module;
  module.dylink();
  module.custom("dylink.0", {});
  EXPECT_EQ(failure_of(module).code(), errc::malformed_module);
}

TEST(ModuleReader, RefusesADylinkSectionThatIsNotFirst)
{
  wasm_builder module;
  module.function(none_to_none, {});
  module.custom("dylink.0", {});
  EXPECT_EQ(failure_of(module).code(), errc::malformed_module);
}

TEST(ModuleReader, RefusesAnEmptyNeededName)
{
  wasm_builder module;
  module.dylink({0, 0, 0, 0, {""}, {}});
  EXPECT_EQ(failure_of(module).code(), errc::malformed_module);
}

TEST(ModuleReader, RefusesNamesThatAreNotUtf8)
{
  wasm_builder module;
  module.function(none_to_none, {}, "\xff");
  const error failure = failure_of(module);
  EXPECT_EQ(failure.code(), errc::malformed_module);
  EXPECT_TRUE(failure.detail().offset);
}

TEST(ModuleReader, RefusesExportsOfTheSameName)
{
  wasm_builder module;
  module.function(none_to_none, {}, "twice");
  module.function(none_to_none, {}, "twice");
  EXPECT_EQ(failure_of(module).code(), errc::malformed_module);
}

TEST(ModuleReader, RefusesCompactImports)
{
  std::vector<std::byte> bytes = wasm_builder().build();
  for (const unsigned byte : {0x02U, 0x08U, 0x01U, 0x01U, unsigned{'m'}, 0x00U, 0x7fU, 0x01U, 0x00U, 0x00U}) {
    bytes.push_back(std::byte{static_cast<std::uint8_t>(byte)});
  }
  EXPECT_EQ(failure_of(bytes).code(), errc::unsupported_module);
}

TEST(ModuleReader, RefusesAComponent)
{
  std::vector<std::byte> bytes = wasm_builder().build();
  bytes[4] = std::byte{0x0d};
  bytes[6] = std::byte{0x01};
  EXPECT_EQ(failure_of(bytes).code(), errc::unsupported_module);
}

TEST(ModuleReader, RefusesSectionsOutOfOrder)
{
  std::vector<std::byte> bytes = wasm_builder().build();
  for (const unsigned byte : {0x03U, 0x01U, 0x00U, 0x01U, 0x01U, 0x00U}) {
    bytes.push_back(std::byte{static_cast<std::uint8_t>(byte)});
  }
  const error failure = failure_of(bytes);
  EXPECT_EQ(failure.code(), errc::malformed_module);
  EXPECT_EQ(failure.detail().offset, 11U);
}

TEST(ModuleReader, NamesTheFunctionOfAnUnknownInstruction)
{
  wasm_builder module;
  module.import_function("env", "f", none_to_none);
  module.function(none_to_none, wasm_code().raw({0xc7}));
  const error failure = failure_of(module);
  EXPECT_EQ(failure.code(), errc::unsupported_module);
  EXPECT_NE(failure.message().find("function 1"), std::string::npos) << failure.message();
}

TEST(ModuleReader, MarksLegacyExceptions)
{
  wasm_builder module;
  module.function(none_to_none, wasm_code().raw({0x06, 0x40, 0x19, 0x0b}));
  EXPECT_TRUE(read(module).uses_legacy_exceptions);
}

TEST(ModuleReader, DoesNotTakeTryTableForLegacy)
{
  wasm_builder module;
  module.function(none_to_none, wasm_code().raw({0x1f, 0x40, 0x01, 0x02, 0x00, 0x0b}));
  EXPECT_FALSE(read(module).uses_legacy_exceptions);
}

TEST(ModuleReader, SurvivesTruncationAtEachByte)
{
  const std::vector<std::byte> bytes = rich_module().build();
  ASSERT_TRUE(read_module(bytes));
  std::size_t refused = 0;
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    // A fresh copy of exactly that size, so that a sanitizer sees any read beyond it.
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const result<module_info> info = read_module(cut);
    if (!info) {
      ++refused;
      EXPECT_TRUE(info.error().detail().offset) << "at size " << size << ": " << info.error().message();
    }
  }
  // What is left are the cuts between two sections.
  EXPECT_GT(refused, bytes.size() - 16);
}

TEST(ModuleReader, SurvivesFlippedBits)
{
  const std::vector<std::byte> bytes = rich_module().build();
  std::size_t refused = 0;
  for (std::size_t place = 0; place < bytes.size(); ++place) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::vector<std::byte> damaged = bytes;
      damaged[place] ^= std::byte{static_cast<std::uint8_t>(1U << bit)};
      const result<module_info> info = read_module(damaged);
      refused += info ? 0U : 1U;
    }
  }
  EXPECT_GT(refused, bytes.size());
}

TEST(ModuleReader, SurvivesRandomDamage)
{
  const std::vector<std::byte> bytes = rich_module().build();
  std::mt19937 random(20250731);
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> damaged = bytes;
    for (unsigned k = 1 + random() % 4; k > 0; --k) {
      damaged[random() % damaged.size()] = std::byte{static_cast<std::uint8_t>(random())};
    }
    refused += read_module(damaged) ? 0U : 1U;
  }
  EXPECT_GT(refused, 10'000U);
}

TEST(ModuleReader, ReadsTheSonameUnlessNobodyCouldAskForIt)
{
  const auto soname_of = [](std::string_view name) {
    wasm_builder module;
    wasm_writer content;
    content.name(name);
    module.custom("interlink.soname", content.written());
    return read(module).soname;
  };
  EXPECT_EQ(soname_of("libx.so.1"), "libx.so.1");
  EXPECT_EQ(soname_of("lib/x"), "");
  EXPECT_EQ(soname_of(std::string_view("lib\0x", 5)), "");
  EXPECT_EQ(soname_of(std::string(100'000, 'x')), "");
  EXPECT_EQ(read(wasm_builder()).soname, "");
}

TEST(ModuleReader, SeesThatTheCodeGrowsTheMemory)
{
  wasm_builder module;
  module.side_module_imports();
  module.function(none_to_none, wasm_code().i32_const(1).raw({0x40, 0x00}).drop(), "grow");
  EXPECT_TRUE(read(module).grows_memory);
  EXPECT_FALSE(read(rich_module()).grows_memory);
}

} // namespace
} // namespace interlink
