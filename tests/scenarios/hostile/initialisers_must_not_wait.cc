// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code that looks like wasm-ld's memory initialiser, which may wait for another instance's, but waits for ever: as a
// start function, for thread-local storage, for relocations. It runs while its opener holds claims, so the load fails
// in place of waiting, and other libraries open afterwards.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;
using support::wasm_builder;
using support::wasm_code;

using support::none_to_none;
const function_type takes_block{{wasm::i32}, {}};

/// A library with a zero word of its own at its memory base.
wasm_builder library_with_a_word()
{
  dylink_info info;
  info.memory_size = 16;
  return make_library(info);
}

/// Nobody ever changes the word or notifies.
wasm_code waits_for_ever(std::uint32_t wait = 1)
{
  constexpr std::int32_t some_other_value = 5;
  wasm_code code;
  code.global_get(0).i32_const(some_other_value).i32_const(1).prefixed(0xfe, 0x48, {2, 4}).drop(); // compare, exchange
  code.global_get(0).i32_const(0).i32_const(0).prefixed(0xfc, 11, {0});                            // fill
  code.global_get(0).i32_const(0).prefixed(0xfe, 0, {2, 8}).drop();                                // notify
  code.global_get(0).i32_const(0).i64_const(-1).prefixed(0xfe, wait, {2, 0}).drop();
  return code;
}

TEST(WaitingInitialiser, FailsTheLoadThatItIsIn)
{
  wasm_builder start = library_with_a_word();
  start.start(start.function(none_to_none, waits_for_ever()));
  wasm_builder relocations = library_with_a_word();
  relocations.function(none_to_none, waits_for_ever(), "__wasm_apply_data_relocs");
  wasm_builder storage = library_with_a_word();
  storage.function(takes_block, waits_for_ever(), "__wasm_init_tls");
  storage.global({wasm::i32, true}, wasm_code().i32_const(0), "__tls_base");
  storage.global({wasm::i32, false}, wasm_code().i32_const(8), "__tls_size");
  storage.global({wasm::i32, false}, wasm_code().i32_const(8), "__tls_align");
  const std::string says = "an initialiser would wait for another thread";
  EXPECT_TRUE(all_are_refused({
      {"start.so", content_of(start), {says, "start function of /start.so"}},
      {"relocations.so", content_of(relocations), {says, "__wasm_apply_data_relocs of /relocations.so"}},
      {"storage.so", content_of(storage), {says, "__wasm_init_tls of /storage.so"}},
  }));
}

TEST(WaitingInitialiser, MayWaitWhenTheAnswerNeedsNoWaiting)
{
  wasm_builder differs = library_with_a_word();
  // As above, but for a value that the word does not have; then once for no time at all.
  wasm_code code;
  code.global_get(0).i32_const(5).i32_const(1).prefixed(0xfe, 0x48, {2, 4}).drop();
  code.global_get(0).i32_const(0).i32_const(0).prefixed(0xfc, 11, {0});
  code.global_get(0).i32_const(0).prefixed(0xfe, 0, {2, 8}).drop();
  code.global_get(0).i32_const(1).i64_const(-1).prefixed(0xfe, 1, {2, 0}).drop();
  differs.start(differs.function(none_to_none, code));
  differs.function({{}, {wasm::i32}}, wasm_code().i32_const(7), "which");
  const scratch_directory scratch;
  scratch.write("differs.so", content_of(differs));
  command_options options;
  options.options = {"--dir", scratch.path() + "::."};
  options.script = {{.write = "open ./differs.so\ncall which\nend\n"}};
  EXPECT_TRUE(succeeds_saying(run_guest("obeys", options), {"1: opened", "2: result 7"}));
}

/// The other way of getting thread-local storage, which wasm-ld does not make and calls an import: whatever it imports
/// besides, it cannot get at it.
TEST(WaitingInitialiser, OfWasixCannotCallTheHost)
{
  const function_type sleeps{{wasm::i64}, {wasm::i32}};
  const function_type gives_block{{}, {wasm::i32}};
  const function_type allocates{{wasm::i32, wasm::i32}, {wasm::i32}};
  const auto library = [&](const wasm_code& code) {
    wasm_builder module = library_with_a_word();
    module.import_function("wasix_32v1", "thread_sleep", sleeps);
    module.import_function("env", "aligned_alloc", allocates);
    module.function(gives_block, code, "__wasix_init_tls");
    module.global({wasm::i32, true}, wasm_code().i32_const(0), "__tls_base");
    module.global({wasm::i32, false}, wasm_code().i32_const(8), "__tls_size");
    module.global({wasm::i32, false}, wasm_code().i32_const(8), "__tls_align");
    return content_of(module);
  };
  const auto allocate = [](wasm_code code = {}) {
    return code.i32_const(8).i32_const(8).call(1);
  };
  EXPECT_TRUE(all_are_refused({
      {"sleeps.so", library(allocate(wasm_code().i64_const(1).call(0).drop())), {"calls wasix_32v1.thread_sleep"}},
      {"waits.so", library(allocate(waits_for_ever())), {"an initialiser would wait"}},
      {"allocates_twice.so", library(allocate(allocate().drop())), {"calls aligned_alloc, a second time"}},
  }));
}

} // namespace
} // namespace interlink
