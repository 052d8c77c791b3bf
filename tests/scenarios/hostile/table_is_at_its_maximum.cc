// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function table at the maximum that the program declares: what needs another slot is refused and says so; everything
// else goes on.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;
using support::wasm_builder;
using support::wasm_code;

const function_type returns_number{{}, {wasm::i32}};

command_result fill(const std::vector<std::string>& arguments)
{
  const scratch_directory scratch;
  dylink_info with_data;
  with_data.memory_size = 16;
  wasm_builder many = make_library(with_data);
  for (std::int32_t i = 0; i < 1'000; ++i) {
    many.function({{wasm::i32}, {wasm::i32}}, wasm_code().local_get(0).i32_const(i).i32_add(),
                  "adds_" + std::to_string(i));
  }
  scratch.write("slotless.so", library_number(1));
  wasm_builder lazy = make_library();
  const auto late = lazy.import_function("env", "late", returns_number);
  lazy.function(returns_number, wasm_code().call(late), "calls_late");
  scratch.write("lazy.so", content_of(lazy));
  wasm_builder provider = make_library();
  provider.function(returns_number, wasm_code().i32_const(7), "late");
  scratch.write("late.so", content_of(provider));
  many.global({wasm::i32, false}, wasm_code().i32_const(0), "number");
  scratch.write("many.so", content_of(many));
  scratch.copy_guest("libmany_slots.so", "libmany_slots.so");
  return run_guest("fills_its_table", {.arguments = arguments, .options = {"--dir", scratch.path() + "::."}});
}

TEST(FullTable, RefusesWhatNeedsAnotherSlotAndServesTheRest)
{
  EXPECT_TRUE(succeeds_saying(
      fill({}), {"failed to resolve symbol: ", "failed to load module: ", "libmany_slots.so", "table", "256"}));
}

TEST(FullTable, IsATrapForALazyCallThatNamesTheFunction)
{
  EXPECT_TRUE(traps_saying(fill({"lazy"}), {"table", "256", "late"}));
}

} // namespace
} // namespace interlink
