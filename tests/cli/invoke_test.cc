// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink run --invoke`: functions of reactors and libraries, called with numbers of the command line.
#include "tests/cli/made_module.hh"

namespace interlink {
namespace {

using namespace test;

class Invoke : public testing::Test {
protected:
  Invoke()
  {
    const std::string functions = R"(
      (global $ready (mut i32) (i32.const 0))
      (func $init (global.set $ready (i32.const 1)))
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "scale") (param i64 f32 f64) (result f64 i64 f32)
        (f64.mul (local.get 2) (f64.const 2)) (local.get 0) (local.get 1))
      (func (export "ready") (result i32) (global.get $ready))
      (func (export "nothing"))
      (func (export "vector") (result v128) (v128.const i32x4 1 0 0 0x10000000))
      (func (export "takes_reference") (param externref))
      (func (export "trap") unreachable)
      (func (export "exit") (param i32) (call $exit (local.get 0))))";
    const std::string import = R"((import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))))";
    write_module(scratch_, "reactor.wasm", "(module " + import + functions + R"((export "_initialize" (func $init))))");
    write_module(scratch_, "plain.wasm", "(module " + import + functions + ")");
    write_module(scratch_, "command.wasm",
                 "(module " + import + functions + R"((func (export "_start") (call $exit (i32.const 9)))))");
    write_module(scratch_, "library.so",
                 "(module " + dylink_section() + import + R"((import "env" "memory" (memory 0)))" + functions +
                     R"((export "__wasm_call_ctors" (func $init))))");
  }

  command_result call(const std::string& file, const std::string& function, std::vector<std::string> words = {})
  {
    words.insert(words.begin(), {"--invoke", function, file});
    return run_made(scratch_, std::move(words));
  }

  scratch_directory scratch_;
};

TEST_F(Invoke, CallsAFunctionOfEveryKindOfModule)
{
  for (const std::string file : {"reactor.wasm", "plain.wasm", "command.wasm", "library.so"}) {
    const command_result run = call(file, "add", {"40", "-0x2"});
    EXPECT_TRUE(ends_with(run, 0)) << file;
    EXPECT_EQ(run.out, "38\n") << file;
    EXPECT_EQ(run.err, "") << file;
  }
}

TEST_F(Invoke, InitialisesReactorsAndLibrariesBefore)
{
  EXPECT_EQ(call("reactor.wasm", "ready").out, "1\n");
  EXPECT_EQ(call("library.so", "ready").out, "1\n");
  EXPECT_EQ(call("plain.wasm", "ready").out, "0\n");
}

TEST_F(Invoke, TakesAndPrintsNumbersOfEveryType)
{
  const command_result run = call("plain.wasm", "scale", {"-9223372036854775808", "0.1", "1e300"});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_EQ(run.out, "2e+300\n-9223372036854775808\n0.1\n");
  EXPECT_EQ(call("plain.wasm", "add", {"4294967295", "+2"}).out, "1\n");
  EXPECT_EQ(call("plain.wasm", "scale", {"0xffffffffffffffff", "inf", "-nan"}).out, "-nan\n-1\ninf\n");
  EXPECT_EQ(call("plain.wasm", "vector").out, "10000000000000000000000000000001\n");
  EXPECT_EQ(call("plain.wasm", "nothing").out, "");
}

TEST_F(Invoke, PassesExitCodesAndTrapsOn)
{
  EXPECT_TRUE(ends_with(call("plain.wasm", "exit", {"7"}), 7));
  EXPECT_TRUE(ends_with(call("library.so", "exit", {"7"}), 7));
  const command_result trapped = call("plain.wasm", "trap");
  EXPECT_TRUE(ends_with(trapped, 134));
  EXPECT_TRUE(trapped.err.contains("unreachable")) << trapped.err;
}

TEST_F(Invoke, RefusesWordsThatDoNotFit)
{
  struct wrong_use {
    std::string function;
    std::vector<std::string> words;
    std::string says;
  };

  for (const wrong_use& each : {
           wrong_use{"add", {"1"}, "add is (func (param i32 i32) (result i32)): it takes 2 arguments, and 1 was given"},
           wrong_use{"exit", {}, "exit is (func (param i32)): it takes 1 argument, and 0 were given"},
           wrong_use{"add", {"1", "x"}, "argument 2, x, is no number of type i32"},
           wrong_use{"add", {"1", "4294967296"}, "argument 2, 4294967296, is no number of type i32"},
           wrong_use{"add", {"-2147483649", "1"}, "argument 1, -2147483649, is no number of type i32"},
           wrong_use{"add", {"", "1"}, "argument 1, , is no number of type i32"},
           wrong_use{"add", {"1", "1.5"}, "argument 2, 1.5, is no number of type i32"},
           wrong_use{"takes_reference", {"1"}, "only numbers can be given"},
       }) {
    const command_result run = call("plain.wasm", each.function, each.words);
    EXPECT_TRUE(ends_with(run, 2)) << each.function;
    EXPECT_TRUE(run.err.contains(each.says)) << run.err;
    EXPECT_EQ(run.out, "");
  }
}

TEST_F(Invoke, ListsTheFunctionsThatThereAre)
{
  const command_result run = call("library.so", "sub");
  EXPECT_TRUE(ends_with(run, 2));
  EXPECT_TRUE(run.err.contains("the program exports no function sub; interlink nm shows what a module defines\n"
                               "  exports add (func (param i32 i32) (result i32))"))
      << run.err;
}

TEST_F(Invoke, IsNamedWhereThereIsNothingToRun)
{
  for (const std::string file : {"plain.wasm", "library.so"}) {
    const command_result run = run_made(scratch_, {file});
    EXPECT_TRUE(ends_with(run, 127));
    EXPECT_TRUE(run.err.contains("there is nothing to run: it exports neither _start nor _initialize")) << run.err;
    EXPECT_TRUE(run.err.contains("--invoke NAME")) << run.err;
  }
}

} // namespace
} // namespace interlink
