// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Hundreds of libraries that need each other: in a chain, in a cycle, each all others, and in layers with more ways
// through them than could be walked.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;
using support::wasm_builder;
using support::wasm_code;

std::string file_of(int number)
{
  return "lib" + std::to_string(number) + ".so";
}

std::string function_of(int number)
{
  return "value" + std::to_string(number);
}

/// Library `number` needs these; its function is one more than that of the first of them, 0 when `calls` is false.
void write_library(const scratch_directory& scratch, int number, const std::vector<int>& needed, bool calls)
{
  dylink_info info;
  info.runtime_path = {"$ORIGIN"};
  for (const int other : needed) {
    info.needed.push_back(file_of(other));
  }
  wasm_builder module = make_library(info);
  const function_type type{{}, {wasm::i32}};
  wasm_code code;
  code.i32_const(0);
  if (!needed.empty()) {
    const auto other = module.import_function("env", function_of(needed.front()), type);
    if (calls) {
      code.call(other).i32_const(1).i32_add().i32_add();
    }
  }
  module.function(type, code, function_of(number));
  scratch.write(file_of(number), content_of(module));
}

command_result open_first(const scratch_directory& scratch)
{
  command_options options;
  options.options = {"--dir", scratch.path() + "::."};
  options.script = {{.write = "open ./lib0.so\ncall value0\nthread open ./lib0.so\ncall value0\nend\n"}};
  return run_guest("obeys", options);
}

constexpr int many = 500;

TEST(HundredsOfLibraries, InAChainAreLoaded)
{
  const scratch_directory scratch;
  for (int i = 0; i < many; ++i) {
    write_library(scratch, i, i + 1 < many ? std::vector{i + 1} : std::vector<int>{}, i + 1 < many);
  }
  EXPECT_TRUE(
      succeeds_saying(open_first(scratch), {"1: opened\n", "2: result 499\n", "3: opened\n", "4: result 499\n"}));
}

TEST(HundredsOfLibraries, InACycleAreLoaded)
{
  const scratch_directory scratch;
  for (int i = 0; i < many; ++i) {
    write_library(scratch, i, {(i + 1) % many}, i + 1 < many);
  }
  EXPECT_TRUE(
      succeeds_saying(open_first(scratch), {"1: opened\n", "2: result 499\n", "3: opened\n", "4: result 499\n"}));
}

TEST(HundredsOfLibraries, ThatAllNeedEachOtherAreLoaded)
{
  constexpr int some = 100;
  const scratch_directory scratch;
  for (int i = 0; i < some; ++i) {
    std::vector<int> others;
    for (int k = 1; k < some; ++k) {
      others.push_back((i + k) % some);
    }
    write_library(scratch, i, others, i + 1 < some);
  }
  EXPECT_TRUE(succeeds_saying(open_first(scratch), {"1: opened\n", "2: result 99\n", "4: result 99\n"}));
}

TEST(HundredsOfLibraries, InLayersAreWalkedOnce)
{
  // 2 in each of 100 layers, each needs both of the next layer: 2^100 ways.
  constexpr int layers = 100;
  const scratch_directory scratch;
  for (int i = 0; i < 2 * layers; ++i) {
    const int next = (i / 2 + 1) * 2;
    const bool is_last = next == 2 * layers;
    write_library(scratch, i, is_last ? std::vector<int>{} : std::vector{next, next + 1}, !is_last);
  }
  EXPECT_TRUE(succeeds_saying(open_first(scratch), {"1: opened\n", "2: result 99\n", "4: result 99\n"}));
}

TEST(HundredsOfLibraries, AreAllRefusedWhenTheLastIsMissing)
{
  const scratch_directory scratch;
  for (int i = 0; i < many; ++i) {
    write_library(scratch, i, {i + 1}, true);
  }
  command_options options;
  options.options = {"--dir", scratch.path() + "::."};
  options.script = {{.write = "open ./lib0.so\nopen ./lib499.so\nend\n"}};
  EXPECT_TRUE(succeeds_saying(run_guest("obeys", options), {"1: refused ", "2: refused ", "lib500.so not found"}));
}

} // namespace
} // namespace interlink
