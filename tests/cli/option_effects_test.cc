// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options against kinds of program: in each cell the option does what it says, or the command says that it does
// nothing.
#include "tests/cli/made_module.hh"

#include <ostream>

namespace interlink {
namespace {

using namespace test;

/// A program grows its memory by 1,000 pages. It ends with 0 when that failed and 1 when it did not; 2 more when its
/// stack ends below 2 MiB.
struct program_kind {
  std::string name;
  std::string declarations;
  std::string grown = "(memory.grow (i32.const 1000))";
  std::string stack_end = "(i32.const -1)";
  bool is_static = true;
  bool is_limited = true; ///< `--max-memory` has an effect
  bool has_our_stack = false;
};

std::ostream& operator<<(std::ostream& out, const program_kind& kind)
{
  return out << kind.name;
}

const std::vector<program_kind>& kinds()
{
  static const std::string import_env = "(import \"env\" ";
  static const std::string pie_globals =
      import_env + "\"__memory_base\" (global i32))" + import_env + "\"__stack_pointer\" (global $stack (mut i32)))";
  static const std::vector<program_kind> all{
      {.name = "own_memory", .declarations = "(memory (export \"memory\") 1)"},
      {.name = "own_memory_with_a_maximum", .declarations = "(memory (export \"memory\") 1 2000)"},
      {.name = "own_shared_memory", .declarations = "(memory (export \"memory\") 1 2000 shared)"},
      {.name = "own_hidden_memory", .declarations = "(memory 1) (table 2 funcref) (elem (i32.const 0) $run)"},
      {.name = "own_64_bit_memory",
       .declarations = "(memory (export \"memory\") i64 1)",
       .grown = "(i32.wrap_i64 (memory.grow (i64.const 1000)))"},
      {.name = "imported_memory", .declarations = import_env + "\"memory\" (memory 1))"},
      {.name = "imported_shared_memory", .declarations = import_env + "\"memory\" (memory 1 2000 shared))"},
      {.name = "no_memory", .declarations = "", .grown = "(i32.const 0)", .is_limited = false},
      {.name = "pie",
       .declarations = import_env + "\"memory\" (memory 1 65536 shared))" + pie_globals,
       .stack_end = "(global.get $stack)",
       .is_static = false,
       .has_our_stack = true},
      {.name = "unshared_pie",
       .declarations = import_env + "\"memory\" (memory 1))" + pie_globals,
       .stack_end = "(global.get $stack)",
       .is_static = false,
       .has_our_stack = true},
      {.name = "fixed_addresses",
       .declarations = import_env + "\"memory\" (memory 1 65536 shared))" +
                       "(global (export \"__heap_base\") i32 (i32.const 65536))",
       .is_static = false},
      {.name = "unshared_at_fixed_addresses",
       .declarations =
           import_env + "\"memory\" (memory 1))" + "(global (export \"__heap_base\") i32 (i32.const 65536))",
       .is_static = false},
  };
  return all;
}

class Option : public testing::TestWithParam<program_kind> {
protected:
  Option()
  {
    const program_kind& kind = GetParam();
    write_module(scratch_, "program.wasm",
                 "(module " + (kind.is_static ? std::string() : dylink_section()) +
                     R"((import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))))" + kind.declarations +
                     R"((func $run (export "_start") (call $exit (i32.add (i32.ne )" + kind.grown +
                     "(i32.const -1)) (i32.mul (i32.const 2) (i32.lt_u " + kind.stack_end +
                     " (i32.const 0x200000)))))))");
  }

  command_result run(std::vector<std::string> options)
  {
    options.emplace_back("program.wasm");
    return run_made(scratch_, std::move(options));
  }

  /// The option does what it says, or the command says that it does nothing.
  void expect(const std::vector<std::string>& option, bool has_effect, int code_with_effect)
  {
    const command_result ended = run(option);
    EXPECT_TRUE(ends_with(ended, has_effect ? code_with_effect : 1));
    const std::string says = "interlink: " + option.front() + " has no effect: ";
    EXPECT_EQ(ended.err.contains(says), !has_effect) << ended.err;
    EXPECT_EQ(ended.err.empty(), has_effect) << ended.err;
  }

  scratch_directory scratch_;
};

TEST_P(Option, NoneLeavesTheProgramWhatItDeclares)
{
  const command_result ended = run({});
  EXPECT_TRUE(ends_with(ended, 1));
  EXPECT_EQ(ended.err, "");
}

TEST_P(Option, MaxMemoryBoundsEveryMemory)
{
  expect({"--max-memory", "32MiB"}, GetParam().is_limited, 0);
}

TEST_P(Option, MaxMemoryBelowWhatTheProgramHasFromTheStartIsRefused)
{
  const command_result ended = run({"--max-memory", "1KiB"});
  EXPECT_TRUE(ends_with(ended, GetParam().is_limited ? 127 : 1));
  EXPECT_TRUE(!GetParam().is_limited || ended.err.contains("bytes")) << ended.err;
}

TEST_P(Option, StackSizeSetsTheStackOfAPie)
{
  expect({"--stack-size", "1MiB"}, GetParam().has_our_stack, 3);
}

TEST_P(Option, LibPathIsForWhatOpensLibraries)
{
  expect({"--lib-path", "."}, !GetParam().is_static, 1);
}

// The C library of a program with libraries may be among these, and may ask.
TEST_P(Option, CwdIsForWhatAsksTheHostForIt)
{
  expect({"--cwd", "/", "--dir", ".::/"}, !GetParam().is_static, 1);
}

TEST_P(Option, WatchdogIsForWhatWaitsInTheLinker)
{
  expect({"--watchdog", "5"}, !GetParam().is_static, 1);
}

TEST_P(Option, CheckIsRightAboutEveryKind)
{
  const command_result checked = run({"--check"});
  EXPECT_TRUE(ends_with(checked, 0));
  EXPECT_EQ(checked.out, "program.wasm: can be linked\n");
  EXPECT_EQ(checked.err, "");
}

INSTANTIATE_TEST_SUITE_P(Kind, Option, testing::ValuesIn(kinds()), [](const auto& each) { return each.param.name; });

} // namespace
} // namespace interlink
