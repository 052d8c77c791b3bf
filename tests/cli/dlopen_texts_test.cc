// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a guest is told of a dlopen that fails, by the host call itself: a C library of any kind may make it.
#include "tests/cli/made_module.hh"

#include <algorithm>

namespace interlink {
namespace {

using namespace test;

class DlopenText : public testing::Test {
protected:
  DlopenText()
  {
    std::string imports;
    for (int i = 10; i < 50; ++i) {
      imports += "(import \"GOT.mem\" \"datum_" + std::to_string(i) + "\" (global (mut i32)))";
    }
    write_module(scratch_, "lib.so", "(module " + dylink_section() + imports + ")");
    write_module(scratch_, "good.so", "(module " + dylink_section() + ")");
  }

  /// Prints the text that comes into a buffer of `length` bytes, and ends with the call's errno.
  command_result open(const std::string& path, unsigned mode, unsigned length)
  {
    write_module(scratch_, "main.wasm",
                 "(module " + dylink_section() + R"(
      (import "wasix_32v1" "dlopen" (func $open (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (import "env" "memory" (memory 1))
      (import "env" "__memory_base" (global i32))
      (data (i32.const 64) ")" +
                     path + R"(")
      (func (export "_start") (local $errno i32) (local $end i32)
        (local.set $errno (call $open (i32.const )" +
                     path_and_length(path) + ") (i32.const " + std::to_string(mode) +
                     ") (i32.const 16384) (i32.const " + std::to_string(length) + R"()
                                      (i32.const 0) (i32.const 0) (i32.const 32)))
        (local.set $end (i32.const 16384))
        (block $done (loop $next
          (br_if $done (i32.eqz (i32.load8_u (local.get $end))))
          (local.set $end (i32.add (local.get $end) (i32.const 1)))
          (br $next)))
        (i32.store (i32.const 0) (i32.const 16384))
        (i32.store (i32.const 4) (i32.sub (local.get $end) (i32.const 16384)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $exit (local.get $errno)))))");
    return run_made(scratch_, {"--dir", ".", "main.wasm"});
  }

  static std::string path_and_length(const std::string& path)
  {
    return (path.empty() ? "0" : "64") + std::string(") (i32.const ") + std::to_string(path.size());
  }

  scratch_directory scratch_;
};

TEST_F(DlopenText, IsCutBetweenLinesAndCountsTheRest)
{
  const std::string whole = open("./lib.so", 2, 16'384).out;
  EXPECT_TRUE(whole.contains("40 symbols that no module defines; interlink nm shows what a module defines\n  datum_10 "
                             "(global (mut i32)) (GOT.mem), needed by "
                             "/lib.so\n"))
      << whole;
  for (const unsigned length : {300U, 512U, 1000U, 1024U, 2000U}) {
    const command_result run = open("./lib.so", 2, length);
    EXPECT_TRUE(ends_with(run, 79));
    EXPECT_LT(run.out.size(), length);
    const std::size_t last = run.out.rfind("\n");
    ASSERT_NE(last, std::string::npos);
    EXPECT_TRUE(whole.starts_with(run.out.substr(0, last) + "\n")) << run.out;
    const auto listed = std::count(run.out.begin(), run.out.end(), '\n') - 1;
    EXPECT_EQ(run.out.substr(last), "\n  and " + std::to_string(40 - listed) + " more");
  }
}

TEST_F(DlopenText, OfOneLineIsCutWhereTheBufferEnds)
{
  EXPECT_EQ(open("./nowhere.so", 2, 10).out, "failed to");
}

TEST_F(DlopenText, NamesUnknownBitsOfTheMode)
{
  for (const std::string path : {"", "./good.so", "./nowhere.so"}) {
    const command_result run = open(path, 0x1002, 1024);
    EXPECT_TRUE(ends_with(run, 79)) << path;
    EXPECT_TRUE(run.out.contains("unknown bits 0x1000 in the mode 0x1002 of dlopen; expected RTLD_LAZY 1, RTLD_NOW 2"))
        << run.out;
  }
}

// WASIX's libc passes 0 for RTLD_LOCAL alone.
TEST_F(DlopenText, IsNoneForAModeOfNothingOrOfKnownBits)
{
  for (const unsigned mode : {0U, 1U, 2U, 4U, 6U, 16U, 34U}) {
    const command_result run = open("./good.so", mode, 1024);
    EXPECT_TRUE(ends_with(run, 0)) << mode;
    EXPECT_EQ(run.out, "");
  }
}

} // namespace
} // namespace interlink
