// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/instrumenter.hh"

#include "tests/support/place_check.hh"
#include "tests/support/wasm_builder.hh"
#include "tests/support/wasm_listing.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "wasm/instrumentation.hh"
#include "wasm/layout_reader.hh"
#include "wasm/module_reader.hh"
#include "wasm/reserved_names.hh"

namespace interlink {
namespace {

using support::line_of;
using support::list_function;
using support::wasm_builder;
using support::wasm_code;
using lines = std::vector<std::string>;

using support::none_to_none;

/// An instrumented module beside its bytes, decoded again.
struct instrumented {
  instrumented_module module;
  module_layout layout;
};

instrumented instrument_module(const wasm_builder& source, const instrument_options& options = {})
{
  const std::vector<std::byte> bytes = source.build();
  const result<module_info> info = read_module(bytes);
  EXPECT_TRUE(info) << info.error().message();
  instrumented made;
  if (!info) {
    return made;
  }
  result<instrumented_module> module = instrument(bytes, *info, options);
  EXPECT_TRUE(module) << module.error().message();
  if (!module) {
    return made;
  }
  EXPECT_EQ(support::difference_of_places(bytes, *module), "");
  made.module = *std::move(module);
  result<module_layout> layout = read_layout(made.module.bytes);
  EXPECT_TRUE(layout) << layout.error().message();
  if (layout) {
    made.layout = *std::move(layout);
  }
  return made;
}

/// A side module with what every side module has: type 0, memory 0, table 0, globals 0 and 1.
wasm_builder side_module()
{
  wasm_builder module;
  module.dylink();
  module.type(none_to_none);
  module.side_module_imports();
  return module;
}

/// The check of a side module that has one type of its own, one memory, one table and two globals.
lines check_lines()
{
  return {line_of(0x41),          // i32.const 0
          line_of(0xfe0010, {1}), // i32.atomic.load of memory 1
          line_of(0x23, {2}),     // global.get 2
          line_of(0x47),          // i32.ne
          line_of(0x04),          // if
          line_of(0x41),          // i32.const 0: catch up
          line_of(0x11, {1, 1}),  // call_indirect of type 1 in table 1
          line_of(0x0b)};
}

lines with_check(const lines& before, const lines& after)
{
  lines all = before;
  const lines check = check_lines();
  all.insert(all.end(), check.begin(), check.end());
  all.insert(all.end(), after.begin(), after.end());
  return all;
}

TEST(Instrumenter, ChecksInFrontOfAnIndirectCall)
{
  wasm_builder source = side_module();
  source.function(none_to_none, wasm_code().i32_const(7).call_indirect(0));
  const instrumented made = instrument_module(source);
  EXPECT_EQ(list_function(made.layout, 0), with_check({line_of(0x41, {7})}, {line_of(0x11), line_of(0x0b)}));
}

TEST(Instrumenter, ChecksInFrontOfAnIndirectTailCall)
{
  wasm_builder source = side_module();
  source.function(none_to_none, wasm_code().i32_const(7).return_call_indirect(0));
  const instrumented made = instrument_module(source);
  EXPECT_EQ(list_function(made.layout, 0), with_check({line_of(0x41, {7})}, {line_of(0x13), line_of(0x0b)}));
}

TEST(Instrumenter, ChecksInFrontOfReadsOfTheFunctionTable)
{
  wasm_builder source = side_module();
  source.function(none_to_none, wasm_code().i32_const(7).table_get(0).drop().prefixed(0xfc, 16, {0}).drop());
  const instrumented made = instrument_module(source);
  lines expected = with_check({line_of(0x41, {7})}, {line_of(0x25), line_of(0x1a)});
  expected = with_check(expected, {line_of(0xfc0010), line_of(0x1a), line_of(0x0b)});
  EXPECT_EQ(list_function(made.layout, 0), expected);
}

/// What the body becomes in a module that imports the stack pointer as global 2; the stack's end is global 4.
lines with_stack_checks(const wasm_code& body)
{
  wasm_builder source = side_module();
  source.import_global("env", "__stack_pointer", {wasm::i32, true});
  source.function(none_to_none, body, {}, {wasm::i32});
  const instrumented made = instrument_module(source);
  EXPECT_EQ(made.module.exports_stack_low, made.module.facts.stack_checks > 0);
  if (made.module.exports_stack_low) {
    EXPECT_EQ(made.layout.exports.back().name, reserved::stack_low_global);
    EXPECT_EQ(made.layout.exports.back().index, 4U);
  }
  return list_function(made.layout, 0);
}

const std::string get_pointer = line_of(0x23, {2});
const std::string set_pointer = line_of(0x24, {2});
const std::string get_low = line_of(0x23, {4});

TEST(Instrumenter, ComparesTheStackPointerWhereASmallFrameBegins)
{
  const lines trap{line_of(0x49), line_of(0x04), line_of(0x00), line_of(0x0b)}; // lt_u if unreachable end
  lines expected{get_pointer, line_of(0x41, {16}), line_of(0x6b), set_pointer, get_pointer, get_low};
  expected.insert(expected.end(), trap.begin(), trap.end());
  expected.push_back(line_of(0x0b));
  EXPECT_EQ(with_stack_checks(wasm_code().global_get(2).i32_const(16).raw({0x6b}).global_set(2)), expected);

  expected = {get_pointer, line_of(0x41, {16}), line_of(0x6b), line_of(0x22, {0}),
              set_pointer, line_of(0x20, {0}),  get_low};
  expected.insert(expected.end(), trap.begin(), trap.end());
  expected.push_back(line_of(0x0b));
  EXPECT_EQ(with_stack_checks(wasm_code().global_get(2).i32_const(16).raw({0x6b, 0x22, 0}).global_set(2)), expected);
}

TEST(Instrumenter, ComparesAsSignedNumbersWhereTheStackPointerMayGoThroughZero)
{
  const std::vector<wasm_code> bodies{
      wasm_code().global_get(2).i32_const(reserved::small_frame_bytes + 1).raw({0x6b}).global_set(2),
      wasm_code().global_get(2).i32_const(-16).raw({0x6b}).global_set(2),
      wasm_code().global_get(2).i32_const(-16).i32_add().global_set(2),
      wasm_code().global_get(2).local_get(0).raw({0x6b}).global_set(2),
      wasm_code().global_get(2).i32_const(16).raw({0x6b}).i32_const(-16).raw({0x71}).global_set(2),
      wasm_code().local_get(0).global_set(2),
  };
  for (const wasm_code& body : bodies) {
    const lines made = with_stack_checks(body);
    const lines tail{set_pointer,   get_pointer,   get_low,       line_of(0x6b), line_of(0x41),
                     line_of(0x48), line_of(0x04), line_of(0x00), line_of(0x0b), line_of(0x0b)};
    ASSERT_GT(made.size(), tail.size());
    EXPECT_EQ(lines(made.end() - static_cast<std::ptrdiff_t>(tail.size()), made.end()), tail);
  }
}

TEST(Instrumenter, LeavesTheEndOfAFrameAlone)
{
  EXPECT_EQ(with_stack_checks(wasm_code().global_get(2).i32_const(32).i32_add().global_set(2)),
            (lines{get_pointer, line_of(0x41, {32}), line_of(0x6a), set_pointer, line_of(0x0b)}));
  EXPECT_EQ(
      with_stack_checks(wasm_code().local_get(0).i32_const(32).i32_add().raw({0x22, 0}).global_set(2)),
      (lines{line_of(0x20, {0}), line_of(0x41, {32}), line_of(0x6a), line_of(0x22, {0}), set_pointer, line_of(0x0b)}));
}

TEST(Instrumenter, ComparesNoStackPointerThatIsNone)
{
  wasm_builder source = side_module();
  const auto pointer = source.import_global("env", "__stack_pointer", {wasm::i64, true});
  source.function(none_to_none, wasm_code().i64_const(16).global_set(pointer));
  EXPECT_FALSE(instrument_module(source).module.exports_stack_low);
}

TEST(Instrumenter, DoesNotCheckOtherTables)
{
  wasm_builder source = side_module();
  source.import_table("env", "other", {wasm::funcref, {1, std::nullopt}, false});
  source.function(none_to_none, wasm_code().i32_const(7).call_indirect(0, 1));
  EXPECT_EQ(instrument_module(source).module.facts.checks, 0U);
}

TEST(Instrumenter, CountsItsChecks)
{
  wasm_builder source = side_module();
  source.function(none_to_none, wasm_code().i32_const(7).call_indirect(0).i32_const(8).call_indirect(0));
  source.function(none_to_none, {});
  const instrumented made = instrument_module(source);
  EXPECT_EQ(made.module.facts.checks, 2U);
  EXPECT_EQ(made.module.facts.functions, 1U);
}

TEST(Instrumenter, CopiesUntouchedFunctionsBetweenTouchedOnes)
{
  wasm_builder source = side_module();
  const wasm_code touched = wasm_code().i32_const(7).call_indirect(0);
  source.function(none_to_none, wasm_code().i32_const(1).drop());
  source.function(none_to_none, touched, {}, {wasm::i64, wasm::f32});
  source.function(none_to_none, wasm_code().i32_const(2).drop());
  source.function(none_to_none, wasm_code().i32_const(3).drop());
  source.function(none_to_none, touched);
  const instrumented made = instrument_module(source);
  ASSERT_EQ(made.layout.bodies.size(), 5U);
  EXPECT_EQ(list_function(made.layout, 0), (lines{line_of(0x41, {1}), line_of(0x1a), line_of(0x0b)}));
  EXPECT_EQ(list_function(made.layout, 2), (lines{line_of(0x41, {2}), line_of(0x1a), line_of(0x0b)}));
  EXPECT_EQ(list_function(made.layout, 3), (lines{line_of(0x41, {3}), line_of(0x1a), line_of(0x0b)}));
  EXPECT_EQ(list_function(made.layout, 1), list_function(made.layout, 4));
}

TEST(Instrumenter, AppendsItsImportsAfterTheModulesOwn)
{
  wasm_builder source = side_module();
  source.import_function("env", "host", none_to_none);
  const instrumented made = instrument_module(source);
  ASSERT_EQ(made.layout.imports.size(), 7U);
  EXPECT_EQ(made.layout.imports[4].name, "host");
  EXPECT_EQ(made.layout.imports[5].module_name, reserved::module_name);
  EXPECT_EQ(made.layout.imports[5].name, reserved::control_memory);
  EXPECT_EQ(made.layout.imports[6].name, reserved::runtime_table);
  EXPECT_TRUE(made.module.imports_control_memory && made.module.imports_runtime_table);
}

TEST(Instrumenter, ImportsTheControlMemoryAndATableOfSixteen)
{
  const instrumented made = instrument_module(side_module());
  EXPECT_EQ(made.layout.memories.back(), (memory_type{{1, reserved::control_memory_pages}, true, false, 16}));
  EXPECT_EQ(made.layout.tables.back(), (table_type{wasm::funcref, {16, std::nullopt}, false}));
}

TEST(Instrumenter, MovesNoFunctionIndex)
{
  wasm_builder source = side_module();
  source.import_function("env", "host", none_to_none);
  const auto index = source.function(none_to_none, {}, "run");
  const instrumented made = instrument_module(source);
  ASSERT_FALSE(made.layout.exports.empty());
  EXPECT_EQ(made.layout.exports[0].name, "run");
  EXPECT_EQ(made.layout.exports[0].index, index);
}

TEST(Instrumenter, ExportsTheAppliedVersionAsItsLastGlobal)
{
  wasm_builder source = side_module();
  source.global({wasm::i64, true}, wasm_code().i64_const(9));
  const instrumented made = instrument_module(source);
  const export_entry& exported = made.layout.exports.back();
  EXPECT_EQ(exported.name, reserved::applied_global);
  EXPECT_EQ(exported.index, 3U);
  EXPECT_EQ(made.layout.globals.back().type, (global_type{wasm::i32, true}));
}

TEST(Instrumenter, TurnsTheStartSectionIntoAnExport)
{
  wasm_builder source = side_module();
  const auto start = source.function(none_to_none, {});
  source.start(start);
  const instrumented made = instrument_module(source);
  EXPECT_FALSE(made.layout.start_function);
  EXPECT_TRUE(made.module.exports_start);
  EXPECT_EQ(made.layout.exports.back().name, reserved::start_function);
  EXPECT_EQ(made.layout.exports.back().index, start);
}

TEST(Instrumenter, ReplacesWaitsByCallsWithTheOffset)
{
  const std::vector<std::pair<std::uint32_t, lines>> replaced{
      {0, {line_of(0x42, {4096}), line_of(0x41, {3}), line_of(0x11, {4, 1})}},
      {1, {line_of(0x42, {4096}), line_of(0x41, {1}), line_of(0x11, {2, 1})}},
      {2, {line_of(0x42, {4096}), line_of(0x41, {2}), line_of(0x11, {3, 1})}}};
  for (const auto& [number, expected] : replaced) {
    wasm_builder source = side_module();
    source.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, number, {2, 4096}).drop());
    const instrumented made = instrument_module(source);
    lines all{line_of(0x00)};
    all.insert(all.end(), expected.begin(), expected.end());
    all.push_back(line_of(0x1a));
    all.push_back(line_of(0x0b));
    EXPECT_EQ(list_function(made.layout, 0), all);
    EXPECT_EQ(made.module.facts.waits, 1U);
  }
}

TEST(Instrumenter, KeepsOffsetsOfTwoGigabytesAndMorePositive)
{
  wasm_builder source = side_module();
  source.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 0, {2, 0xffff'ffffU}).drop());
  EXPECT_EQ(list_function(instrument_module(source).layout, 0)[1], line_of(0x42, {0xffff'ffffU}));
}

TEST(Instrumenter, GivesTheRuntimeCallsTheirTypes)
{
  const instrumented made = instrument_module(side_module());
  ASSERT_EQ(made.layout.types.size(), 5U);
  EXPECT_EQ(made.layout.types[1].signature, none_to_none);
  EXPECT_EQ(made.layout.types[2].signature, (function_type{{wasm::i32, wasm::i32, wasm::i64, wasm::i64}, {wasm::i32}}));
  EXPECT_EQ(made.layout.types[3].signature, (function_type{{wasm::i32, wasm::i64, wasm::i64, wasm::i64}, {wasm::i32}}));
  EXPECT_EQ(made.layout.types[4].signature, (function_type{{wasm::i32, wasm::i32, wasm::i64}, {wasm::i32}}));
}

TEST(Instrumenter, NumbersItsTypesAfterWholeRecursionGroups)
{
  wasm_builder source;
  source.dylink();
  source.type(none_to_none);
  source.raw_type({0x4e, 0x02, 0x5f, 0x00, 0x5f, 0x00}, 2);
  source.side_module_imports();
  source.function(none_to_none, wasm_code().i32_const(7).call_indirect(0));
  const lines listed = list_function(instrument_module(source).layout, 0);
  EXPECT_TRUE(std::ranges::find(listed, line_of(0x11, {3, 1})) != listed.end());
}

TEST(Instrumenter, ReplacesTheWaitsOfClosedInitialisersToo)
{
  wasm_builder source = side_module();
  source.passive_data("hello");
  wasm_code code;
  code.i32_const(64).i32_const(0).i32_const(1).prefixed(0xfe, 0x48, {2, 0}).drop();
  code.i32_const(0).i32_const(0).i32_const(5).prefixed(0xfc, 8, {0, 0});
  code.i32_const(64).i32_const(-1).prefixed(0xfe, 0, {2, 0}).drop();
  code.i32_const(64).i32_const(1).i64_const(-1).prefixed(0xfe, 1, {2, 0}).drop();
  source.start(source.function(none_to_none, code));
  EXPECT_EQ(instrument_module(source).module.facts.waits, 2U); // the notify, too
}

TEST(Instrumenter, LeavesWaitsOnAnUnsharedMemoryToTheEngine)
{
  wasm_builder source;
  source.dylink();
  source.import_memory("env", "memory", {{1, std::nullopt}, false, false, 16});
  source.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 1, {2, 0}).drop());
  EXPECT_EQ(instrument_module(source).module.facts.waits, 0U);
}

TEST(Instrumenter, LeavesWaitsAloneWhenToldTo)
{
  wasm_builder source = side_module();
  source.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 1, {2, 0}).drop());
  EXPECT_EQ(instrument_module(source, {true, false}).module.facts.waits, 0U);
}

TEST(Instrumenter, InsertsNoCheckWhenToldNotTo)
{
  wasm_builder source = side_module();
  source.start(source.function(none_to_none, wasm_code().i32_const(7).call_indirect(0)));
  const instrumented made = instrument_module(source, {false, true});
  EXPECT_EQ(list_function(made.layout, 0), (lines{line_of(0x41, {7}), line_of(0x11), line_of(0x0b)}));
  EXPECT_FALSE(made.module.imports_control_memory || made.module.exports_applied);
  EXPECT_TRUE(made.module.exports_start);
}

TEST(Instrumenter, AddsTheSectionsThatAModuleLacks)
{
  wasm_builder source;
  source.dylink();
  const instrumented made = instrument_module(source);
  EXPECT_EQ(made.layout.imports.size(), 2U);
  EXPECT_EQ(made.layout.exports.size(), 1U);
  EXPECT_EQ(made.layout.sections.front().name, "dylink.0");
}

TEST(Instrumenter, DropsCustomSectionsThatCarryCodeOffsets)
{
  wasm_builder source = side_module();
  for (const std::string_view name :
       {".debug_info", ".debug_line", "linking", "reloc.CODE", "sourceMappingURL", "external_debug_info",
        "metadata.code.branch_hint", "name", "producers", "target_features"}) {
    source.custom(name, {});
  }
  const instrumented made = instrument_module(source);
  lines kept;
  for (const section_place& place : made.layout.sections) {
    if (place.id == section_id::custom) {
      kept.emplace_back(place.name);
    }
  }
  EXPECT_EQ(kept, (lines{"dylink.0", "name", "producers", "target_features"}));
  EXPECT_EQ(made.module.facts.dropped_sections, 7U);
}

TEST(Instrumenter, ReturnsAStaticProgramWithoutWaitsAsItIs)
{
  wasm_builder source;
  source.import_memory("env", "memory", {{1, 2}, true, false, 16});
  source.table({wasm::funcref, {1, std::nullopt}, false});
  source.start(source.function(none_to_none, wasm_code().i32_const(0).call_indirect(0)));
  EXPECT_EQ(instrument_module(source).module.bytes, source.build());
}

TEST(Instrumenter, ReturnsAStaticProgramThatOnlyNotifiesAsItIs)
{
  wasm_builder source;
  source.memory({{1, 2}, true, false, 16});
  source.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 0, {2, 0}).drop());
  EXPECT_EQ(instrument_module(source).module.bytes, source.build());
}

TEST(Instrumenter, ReplacesWaitsButNoNotifyOnTheMemoryThatAStaticProgramExports)
{
  wasm_builder source;
  source.memory({{1, 2}, true, false, 16}, "memory");
  source.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 1, {2, 0}).drop());
  source.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 0, {2, 0}).drop());
  EXPECT_EQ(instrument_module(source).module.facts.waits, 1U);
}

/// A static program with a wait and two tables, of which it imports the first.
wasm_builder static_program(const wasm_code& code)
{
  wasm_builder source;
  source.type(none_to_none);
  source.import_memory("any", "name", {{1, 2}, true, false, 16});
  source.import_table("env", "imported", {wasm::funcref, {1, std::nullopt}, false});
  source.table({wasm::funcref, {4, std::nullopt}, false}, "own");
  source.function(none_to_none, wasm_code(code).unreachable().prefixed(0xfe, 0, {2, 0}).drop());
  return source;
}

TEST(Instrumenter, ReplacesWaitsOfAStaticProgramUnderAnyMemoryName)
{
  const instrumented made = instrument_module(static_program({}));
  EXPECT_EQ(made.module.facts.waits, 1U);
  EXPECT_TRUE(made.module.imports_runtime_table);
  EXPECT_FALSE(made.module.imports_control_memory || made.module.exports_applied || made.module.exports_start);
}

TEST(Instrumenter, ShiftsTheDefinedTablesOfAStaticProgramInItsCode)
{
  wasm_code code;
  code.unreachable().call_indirect(0, 0).call_indirect(0, 1).return_call_indirect(0, 1);
  code.table_get(0).table_get(1).raw({0x26, 0x01});
  code.prefixed(0xfc, 12, {0, 1}).prefixed(0xfc, 14, {1, 0}).prefixed(0xfc, 15, {1}).prefixed(0xfc, 16, {1});
  wasm_builder source = static_program(code);
  source.raw_elements({0x01, 0x00, 0x00});
  lines listed = list_function(instrument_module(source).layout, 0);
  listed.resize(11);
  EXPECT_EQ(listed, (lines{line_of(0x00), line_of(0x11), line_of(0x11, {0, 2}), line_of(0x13, {0, 2}), line_of(0x25),
                           line_of(0x25, {2}), line_of(0x26, {2}), line_of(0xfc000c, {0, 2}), line_of(0xfc000e, {2}),
                           line_of(0xfc000f, {2}), line_of(0xfc0010, {2})}));
}

TEST(Instrumenter, ShiftsTheDefinedTablesOfAStaticProgramInItsExports)
{
  const instrumented made = instrument_module(static_program({}));
  ASSERT_EQ(made.layout.exports.size(), 1U);
  EXPECT_EQ(made.layout.exports[0].index, 2U);
}

TEST(Instrumenter, ShiftsTheDefinedTablesOfAStaticProgramInItsElements)
{
  wasm_builder source;
  source.import_memory("any", "name", {{1, 2}, true, false, 16});
  source.table({wasm::funcref, {8, std::nullopt}, false});
  source.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 0, {2, 0}).drop());
  source.raw_elements({0x00, 0x41, 0x00, 0x0b, 0x01, 0x00});
  source.raw_elements({0x01, 0x00, 0x01, 0x00});
  source.raw_elements({0x02, 0x00, 0x41, 0x01, 0x0b, 0x00, 0x01, 0x00});
  source.raw_elements({0x03, 0x00, 0x01, 0x00});
  source.raw_elements({0x04, 0x41, 0x02, 0x0b, 0x01, 0xd2, 0x00, 0x0b});
  source.raw_elements({0x05, 0x70, 0x01, 0xd2, 0x00, 0x0b});
  source.raw_elements({0x06, 0x00, 0x41, 0x03, 0x0b, 0x70, 0x01, 0xd2, 0x00, 0x0b});
  source.raw_elements({0x07, 0x70, 0x01, 0xd2, 0x00, 0x0b});
  const instrumented made = instrument_module(source);
  ASSERT_EQ(made.layout.elements.size(), 8U);
  for (const segment_function& item : made.layout.element_functions) {
    const element_segment& segment = made.layout.elements[item.segment];
    EXPECT_EQ(segment.table, 1U);
    EXPECT_EQ(segment.offset_value->constant, item.segment / 2);
  }
  EXPECT_EQ(made.layout.element_functions.size(), 4U);
}

TEST(Instrumenter, KeepsTheStartSectionOfAStaticProgram)
{
  wasm_builder source = static_program({});
  source.start(source.function(none_to_none, {}));
  EXPECT_TRUE(instrument_module(source).layout.start_function);
}

TEST(Instrumenter, StatesSizesBeforeAndAfter)
{
  const wasm_builder source = side_module();
  const instrumented made = instrument_module(source);
  EXPECT_EQ(made.module.facts.bytes_in, source.build().size());
  EXPECT_EQ(made.module.facts.bytes_out, made.module.bytes.size());
}

std::string module_name_of(const std::vector<std::byte>& bytes)
{
  const result<module_info> info = read_module(bytes);
  return info ? info->name : info.error().message();
}

TEST(Instrumenter, GivesTheModuleTheNameThatFramesWillHave)
{
  const std::string given = "0123456789abcdef";
  wasm_builder source = side_module();
  source.function(none_to_none, wasm_code().i32_const(7).call_indirect(0));
  EXPECT_EQ(module_name_of(instrument_module(source, {.module_name = given}).module.bytes), given);
  // The sections' order is not the format's business, nor whether a name is there already.
  wasm_writer names;
  for (const unsigned byte : {0x00, 0x04, 0x03, 0x6f, 0x6c, 0x64, 0x01, 0x04, 0x01, 0x00, 0x01, 0x66}) {
    names.u8(static_cast<std::uint8_t>(byte)); // module "old", function 0 "f"
  }
  source.custom("name", names.written());
  const instrumented made = instrument_module(source, {.module_name = given});
  EXPECT_EQ(module_name_of(made.module.bytes), given);
  EXPECT_EQ(function_name(made.layout, 0), "f");
  EXPECT_EQ(module_name_of(instrument_module(source).module.bytes), "old");
}

TEST(Instrumenter, MakesReadableModulesOfWhateverItAccepts)
{
  wasm_builder source = side_module();
  source.function(none_to_none, wasm_code().i32_const(7).call_indirect(0).prefixed(0xfc, 16, {0}).drop(), "run");
  source.function(none_to_none, wasm_code().unreachable().prefixed(0xfe, 1, {2, 4}).drop());
  source.elements(wasm_code().global_get(1), {0, 1});
  source.start(1);
  const std::vector<std::byte> bytes = source.build();
  std::mt19937 random(20250801);
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> damaged = bytes;
    damaged[random() % damaged.size()] = std::byte{static_cast<std::uint8_t>(random())};
    const result<module_info> info = read_module(damaged);
    const result<instrumented_module> made = info ? instrument(damaged, *info) : fail(info.error());
    if (made) {
      ++accepted;
      const result<module_info> again = read_module(made->bytes);
      ASSERT_TRUE(again) << again.error().message();
      ASSERT_EQ(support::difference_of_places(damaged, *made), "");
    }
  }
  EXPECT_GT(accepted, 100U);
}

} // namespace
} // namespace interlink
