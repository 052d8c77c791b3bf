// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Limits of the host: the command runs within them, or names the one that is in the way. It never crashes or hangs.
#include "tests/cli/made_module.hh"

#include <algorithm>
#include <thread>

namespace interlink {
namespace {

using namespace test;

class HostLimit : public testing::Test {
protected:
  HostLimit()
  {
    write_module(scratch_, "program.wasm", R"((module
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") (call $exit (i32.const 5)))))");
    write_module(scratch_, "dynamic.wasm", "(module " + dylink_section() + R"(
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (import "env" "memory" (memory 0 65536 shared))
      (func (export "_start") (call $exit (i32.const 5)))))");
    // Starts threads until one is refused or four run, and ends with their number.
    write_module(scratch_, "threads.wasm", R"((module
      (import "env" "memory" (memory 1 1 shared))
      (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (func (export "wasi_thread_start") (param i32 i32)
        (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
      (func (export "_start") (local $count i32)
        (block $end (loop $next
          (br_if $end (i32.eq (local.get $count) (i32.const 4)))
          (br_if $end (i32.lt_s (call $spawn (i32.const 0)) (i32.const 0)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (br $next)))
        (call $exit (local.get $count)))))");
    // Imports thread-spawn and exports no wasi_thread_start.
    write_module(scratch_, "no_thread_start.wasm", R"((module
      (import "env" "memory" (memory 1 1 shared))
      (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (func (export "_start") (call $exit (i32.sub (i32.const 0) (call $spawn (i32.const 0)))))))");
  }

  command_result run(const std::string& program, std::vector<std::string> environment = {})
  {
    return run_made(scratch_, {program}, std::move(environment));
  }

  /// On a host that has no more than `most` of these. See limited_host.c.
  command_result run_with(const std::string& limit, std::size_t most, std::vector<std::string> arguments)
  {
    arguments.insert(arguments.begin(), "run");
    return run_command(std::move(arguments), {.environment = {"LD_PRELOAD=" INTERLINK_LIMITED_HOST,
                                                              "INTERLINK_TEST_" + limit + "=" + std::to_string(most)},
                                              .directory = scratch_.path()});
  }

  scratch_directory scratch_;
};

#ifndef __SANITIZE_ADDRESS__ // its own threads and address space are counted, too

TEST_F(HostLimit, OfThreadsIsNamedAndLeavesTheProgramWhatThereIs)
{
  for (int most = 0; most < 8; ++most) {
    for (const std::string program : {"program.wasm", "dynamic.wasm"}) {
      const command_result ended = run_with("THREADS", most, {"--wasm-cache", "off", program});
      EXPECT_TRUE(ends_with(ended, most == 0 ? 127 : 5)) << program << " with " << most;
      EXPECT_EQ(ended.err, most > 0 ? std::string()
                                    : "interlink: " + program +
                                          ": the system refused a thread: Resource temporarily unavailable; raise the "
                                          "limit of processes and threads (ulimit -u, a cgroup's pids.max)\n");
    }
    if (most > 0) {
      const command_result ended = run_with("THREADS", most, {"--wasm-cache", "off", "threads.wasm"});
      EXPECT_FALSE(ended.timed_out);
      EXPECT_LE(ended.exit_code, std::min(most - 1, 4));
    }
  }
}

// As when another program takes the room between two of ours. The engine's own threads are among them: it would end
// the host.
TEST_F(HostLimit, OfThreadsIsNamedWhicheverOneIsRefused)
{
  const std::size_t most = std::thread::hardware_concurrency() + 12; // more than any of these runs starts
  for (const std::vector<std::string>& words : {std::vector<std::string>{"program.wasm"},
                                                {"dynamic.wasm"},
                                                {"threads.wasm"},
                                                {"--trace", "trace.jsonl", "threads.wasm"},
                                                {"--invoke", "_start", "program.wasm"}}) {
    int refused = 0;
    for (std::size_t number = 1; number <= most; ++number) {
      std::vector<std::string> arguments{"--wasm-cache", "off"};
      arguments.insert(arguments.end(), words.begin(), words.end());
      const command_result ended = run_with("REFUSED_THREAD", number, arguments);
      const std::string shown = testing::PrintToString(words) + ", refused " + std::to_string(number) + ": " +
                                std::to_string(ended.exit_code) + " " + ended.err;
      EXPECT_FALSE(ended.timed_out) << shown;
      const bool is_named = (ended.exit_code == 127 || ended.exit_code == 2) &&
                            ended.err.contains("the system refused") &&
                            ended.err.contains("raise the limit of processes and threads");
      const bool has_run = words.back() == "threads.wasm" ? ended.exit_code <= 4 : ended.exit_code == 5;
      EXPECT_TRUE(is_named || has_run) << shown;
      refused += has_run ? 0 : 1;
      EXPECT_FALSE(number == most && !has_run) << shown;
    }
    EXPECT_GE(refused, 1);
  }
}

TEST_F(HostLimit, OfAddressSpaceIsNamed)
{
  const command_result ended = run_with("ADDRESSES", std::size_t{3} << 30, {"--wasm-cache", "off", "dynamic.wasm"});
  EXPECT_TRUE(ends_with(ended, 127));
  EXPECT_TRUE(ended.err.contains("the host has no room for the (memory")) << ended.err;
  EXPECT_TRUE(ended.err.contains("ulimit -v")) << ended.err;
}

TEST_F(HostLimit, OfDescriptorsIsNamedOrDoesNotMatter)
{
  bool has_run = false;
  for (std::size_t most = 4; most < 32; ++most) {
    for (const std::string program : {"program.wasm", "dynamic.wasm"}) {
      const command_result ended = run_with("FILES", most, {"--wasm-cache", "off", "--dir", ".", program});
      EXPECT_FALSE(ended.timed_out);
      has_run = has_run || ended.exit_code == 5;
      EXPECT_TRUE(ended.exit_code == 5 || ended.err.contains("Too many open files") || ended.err.contains("mfile"))
          << most << ": " << ended.exit_code << ended.err;
      EXPECT_FALSE(ended.err.contains("update Linux")) << ended.err;
    }
  }
  EXPECT_TRUE(has_run);
}

TEST_F(HostLimit, OfFileSizesIsNoEndOfTheCommand)
{
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(ends_with(run_with("FILE_BYTES", 1024, {"--wasm-cache", "cache", "program.wasm"}), 5));
  }
  // Writes 4,096 bytes to a file, which gets 1,024 of them, and then to its end; ends with the errno.
  write_module(scratch_, "writes.wasm", R"((module
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
      (i32.store (i32.const 100) (i32.const 0x656c6966))
      (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 1)
        (i64.const 0x40) (i64.const 0) (i32.const 0) (i32.const 200)))
      (i32.store (i32.const 4) (i32.const 4096))
      (drop (call $write (i32.load (i32.const 200)) (i32.const 0) (i32.const 1) (i32.const 8)))
      (call $exit (call $write (i32.load (i32.const 200)) (i32.const 0) (i32.const 1) (i32.const 8))))))");
  constexpr int errno_fbig = 22; // WASI preview 1
  EXPECT_TRUE(
      ends_with(run_with("FILE_BYTES", 1024, {"--wasm-cache", "off", "--dir", ".", "writes.wasm"}), errno_fbig));
  // The engine keeps data segments in a file without a name.
  write_module(scratch_, "data.wasm", R"((module (memory 1) (data (i32.const 0) "x") (func (export "_start"))))");
  const command_result ended = run_with("FILE_BYTES", 1024, {"--wasm-cache", "off", "data.wasm"});
  EXPECT_TRUE(ends_with(ended, 127));
  EXPECT_TRUE(ended.err.contains("File too large")) << ended.err;
}

#endif

TEST_F(HostLimit, OfTheCacheIsThatItIsLeftAlone)
{
  const std::string home = scratch_ / "home";
  scratch_.write("home/.cache", "in the way");
  const command_result ended = run_command(
      {"run", "program.wasm"}, {.environment = {"HOME=" + home, "XDG_CACHE_HOME="}, .directory = scratch_.path()});
  EXPECT_TRUE(ends_with(ended, 5));
  EXPECT_EQ(ended.err, "");
}

TEST_F(HostLimit, OfAThreadsProgramIsTold)
{
  const command_result ended = run("no_thread_start.wasm", {"INTERLINK_DEBUG=all"});
  EXPECT_TRUE(ends_with(ended, 6));
  EXPECT_TRUE(
      ended.err.contains("no thread for thread 1: the main module exports no wasi_thread_start (func (param i32 i32))"))
      << ended.err;
  EXPECT_EQ(run("no_thread_start.wasm").err, "");
}

} // namespace
} // namespace interlink
