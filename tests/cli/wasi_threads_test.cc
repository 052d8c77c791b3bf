// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests of the public suite of wasi-threads in our own words, under its names: who ends a program, and what the
// other thread is at then. Standard input is a pipe that stays open and silent.
#include "tests/cli/made_module.hh"

#include <map>
#include <tuple>

namespace interlink {
namespace {

using namespace test;

/// The memory's import may have any name.
constexpr std::string_view imports = R"(
  (import "foo" "bar" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (export "memory" (memory 0))
)";

/// Waits until the other thread is at its work, and a little longer.
constexpr std::string_view await_other = R"(
  (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
  (if (i32.ne (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 50_000_000)) (i32.const 2))
    (then unreachable)))";

constexpr std::string_view tell_other = R"(
  (i32.atomic.store (i32.const 8) (i32.const 1))
  (drop (memory.atomic.notify (i32.const 8) (i32.const 1))))";

const std::map<std::string, std::string> works{
    {"block", "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"},
    {"busy", "(loop (br 0))"},
    {"wasi", "(i64.store (i32.const 124) (i64.const 30_000_000_000)) "
             "(drop (call $poll (i32.const 100) (i32.const 200) (i32.const 1) (i32.const 300)))"},
    {"wasi_read", "(i32.store (i32.const 100) (i32.const 200)) (i32.store (i32.const 104) (i32.const 1)) "
                  "(drop (call $read (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 300)))"},
};

std::string with(std::string_view main, std::string_view thread)
{
  return "(module " + std::string(imports) +
         "(func (export \"wasi_thread_start\") (param $id i32) (param $argument i32) " + std::string(thread) + ")" +
         "(func (export \"_start\") (local $id i32) (local $i i32) (local $at i32) " + std::string(main) + "))";
}

std::string spawn_and(std::string_view then)
{
  return "(if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then unreachable)) " + std::string(then);
}

command_result run_program(const std::string& text)
{
  scratch_directory scratch;
  write_module(scratch, "program.wasm", text);
  return run_command({"run", "--wasm-cache", "off", "program.wasm"}, {.directory = scratch.path(), .script = {}});
}

/// wasi_threads_exit_main_*, wasi_threads_exit_nonmain_* and wasi_threads_return_main_*.
class WasiThreads : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(WasiThreads, TheEndOfOneEndsTheOther)
{
  const auto& [who, work] = GetParam();
  const std::string at_work = std::string(tell_other) + works.at(work) + " unreachable";
  const std::string ends = std::string(await_other) + (who == "return_main" ? "" : "(call $exit (i32.const 99))");
  const command_result ended =
      run_program(who == "exit_nonmain" ? with(spawn_and(at_work), ends) : with(spawn_and(ends), at_work));
  EXPECT_TRUE(ends_with(ended, who == "return_main" ? 0 : 99));
  EXPECT_EQ(ended.err, "");
}

INSTANTIATE_TEST_SUITE_P(All, WasiThreads,
                         testing::Combine(testing::Values("exit_main", "exit_nonmain", "return_main"),
                                          testing::Values("block", "busy", "wasi", "wasi_read")),
                         [](const auto& suite) { return std::get<0>(suite.param) + "_" + std::get<1>(suite.param); });

/// wasi_threads_noop
TEST(WasiThreadsSuite, TheLeastProgramRuns)
{
  EXPECT_TRUE(ends_with(run_program(R"((module
    (import "foo" "bar" (memory 0 0 shared)) (export "memory" (memory 0)) (func (export "_start"))))"),
                        0));
}

/// wasi_threads_spawn
TEST(WasiThreadsSuite, AThreadGetsItsNumberAndArgument)
{
  EXPECT_TRUE(ends_with(run_program(with(R"(
      (local.set $id (call $spawn (i32.const 12345)))
      (if (i32.le_s (local.get $id) (i32.const 0)) (then unreachable))
      (if (i32.eq (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)) (i32.const 2)) (then unreachable))
      (if (i32.ne (i32.load (i32.const 4)) (local.get $id)) (then unreachable))
      (if (i32.ne (i32.load (i32.const 8)) (i32.const 12345)) (then unreachable))
      (call $exit (i32.const 22)))",
                                         R"(
      (i32.store (i32.const 4) (local.get $id))
      (i32.store (i32.const 8) (local.get $argument))
      (i32.atomic.store (i32.const 0) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))")),
                        22));
}

/// thread_spawn-simple: three at once, each with a block of memory: ready, go on, done, its number, a value.
TEST(WasiThreadsSuite, ThreeThreadsLiveAtOnceWithDifferentNumbers)
{
  EXPECT_TRUE(ends_with(run_program(with(R"(
      (loop $next
        (local.set $at (i32.mul (i32.add (local.get $i) (i32.const 1)) (i32.const 64)))
        (i32.store offset=16 (local.get $at) (i32.const 52))
        (i32.store offset=20 (local.get $at) (call $spawn (local.get $at)))
        (if (i32.le_s (i32.load offset=20 (local.get $at)) (i32.const 0)) (then unreachable))
        (drop (memory.atomic.wait32 (local.get $at) (i32.const 0) (i64.const -1)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 3))))
      (loop $next
        (local.set $at (i32.mul (local.get $i) (i32.const 64)))
        (i32.atomic.store offset=4 (local.get $at) (i32.const 1))
        (drop (memory.atomic.notify offset=4 (local.get $at) (i32.const 1)))
        (drop (memory.atomic.wait32 offset=8 (local.get $at) (i32.const 0) (i64.const -1)))
        (if (i32.ne (i32.load offset=12 (local.get $at)) (i32.load offset=20 (local.get $at))) (then unreachable))
        (if (i32.ne (i32.load offset=16 (local.get $at)) (i32.const 60)) (then unreachable))
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (br_if $next (local.get $i)))
      (if (i32.eq (i32.load (i32.const 84)) (i32.load (i32.const 148))) (then unreachable))
      (if (i32.eq (i32.load (i32.const 84)) (i32.load (i32.const 212))) (then unreachable))
      (if (i32.eq (i32.load (i32.const 148)) (i32.load (i32.const 212))) (then unreachable)))",
                                         R"(
      (i32.atomic.store (local.get $argument) (i32.const 1))
      (drop (memory.atomic.notify (local.get $argument) (i32.const 1)))
      (drop (memory.atomic.wait32 offset=4 (local.get $argument) (i32.const 0) (i64.const -1)))
      (i32.store offset=16 (local.get $argument)
        (i32.add (i32.load offset=16 (local.get $argument)) (i32.const 8)))
      (i32.store offset=12 (local.get $argument) (local.get $id))
      (i32.atomic.store offset=8 (local.get $argument) (i32.const 1))
      (drop (memory.atomic.notify offset=8 (local.get $argument) (i32.const 1))))")),
                        0));
}

} // namespace
} // namespace interlink
