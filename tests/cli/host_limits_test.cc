// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Limits of the host: the command runs within them, or names the one that is in the way. It never crashes or hangs.
#include "tests/cli/made_module.hh"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace interlink {
namespace {

using namespace test;

/// Of this process and what it starts, for a scope. Only the soft limit, so that it can be raised again.
class limited {
public:
  limited(__rlimit_resource what, rlim_t most) : what_(what)
  {
    ::getrlimit(what_, &before_);
    const rlimit now{std::min(most, before_.rlim_max), before_.rlim_max};
    ::setrlimit(what_, &now);
  }

  limited(const limited&) = delete;
  limited& operator=(const limited&) = delete;

  ~limited() { ::setrlimit(what_, &before_); }

private:
  __rlimit_resource what_;
  rlimit before_{};
};

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

  scratch_directory scratch_;
};

#ifndef __SANITIZE_ADDRESS__ // its own threads and address space are counted, too

TEST_F(HostLimit, OfThreadsIsNamedAndLeavesTheProgramWhatThereIs)
{
  for (int most = 0; most < 8; ++most) {
    const std::vector<std::string> environment{"LD_PRELOAD=" INTERLINK_REFUSED_THREADS,
                                               "INTERLINK_TEST_THREADS=" + std::to_string(most)};
    for (const std::string program : {"program.wasm", "dynamic.wasm"}) {
      const command_result ended = run(program, environment);
      if (most == 0) {
        EXPECT_TRUE(ends_with(ended, 127)) << program;
        EXPECT_EQ(ended.err, "interlink: " + program +
                                 ": the system refused a thread: Resource temporarily unavailable; raise the limit of "
                                 "processes and threads (ulimit -u, a cgroup's pids.max)\n");
      } else {
        EXPECT_TRUE(ends_with(ended, 5)) << program << " with " << most;
      }
    }
    if (most > 0) {
      const command_result ended = run("threads.wasm", environment);
      EXPECT_FALSE(ended.timed_out);
      EXPECT_LE(ended.exit_code, std::min(most - 1, 4));
      EXPECT_TRUE(most < 8 || ended.exit_code == 4) << ended.exit_code;
    }
  }
}

TEST_F(HostLimit, OfAddressSpaceIsNamed)
{
  const limited space(RLIMIT_AS, rlim_t{3} << 30);
  const command_result ended = run("dynamic.wasm");
  EXPECT_TRUE(ends_with(ended, 127));
  EXPECT_TRUE(ended.err.contains("Cannot allocate memory")) << ended.err;
  EXPECT_TRUE(ended.err.contains("ulimit -v")) << ended.err;
}

#endif

TEST_F(HostLimit, OfDescriptorsIsNamedOrDoesNotMatter)
{
  bool has_run = false;
  for (rlim_t most = 3; most < 40; ++most) {
    const limited descriptors(RLIMIT_NOFILE, most);
    for (const std::string program : {"program.wasm", "dynamic.wasm"}) {
      const command_result ended =
          run_command({"run", "--wasm-cache", "off", "--dir", ".", program}, {.directory = scratch_.path()});
      EXPECT_FALSE(ended.timed_out);
      has_run = has_run || ended.exit_code == 5;
      // Too few for the dynamic linker of the host itself: it says so.
      const bool names_it = ended.err.contains("Too many open files") || ended.err.contains("shared object file") ||
                            ended.err.contains("mfile");
      EXPECT_TRUE(ended.exit_code == 5 || names_it) << most << ": " << ended.exit_code << ended.err;
      EXPECT_FALSE(ended.err.contains("update Linux")) << ended.err;
    }
  }
  EXPECT_TRUE(has_run);
}

TEST_F(HostLimit, OfFileSizesIsNoEndOfTheCommand)
{
  // Writes 4,096 bytes to standard output and ends with the errno.
  write_module(scratch_, "writes.wasm", R"((module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
      (i32.store (i32.const 0) (i32.const 0))
      (i32.store (i32.const 4) (i32.const 4096))
      (call $exit (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))");
  const limited size(RLIMIT_FSIZE, 1024);
  const command_result cached =
      run_command({"run", "--wasm-cache", scratch_ / "cache", "program.wasm"}, {.directory = scratch_.path()});
  EXPECT_TRUE(ends_with(cached, 5));
  const command_result again =
      run_command({"run", "--wasm-cache", scratch_ / "cache", "program.wasm"}, {.directory = scratch_.path()});
  EXPECT_TRUE(ends_with(again, 5));
}

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
