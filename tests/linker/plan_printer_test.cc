// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/plan_printer.hh"

#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

TEST(PlanPrinter, PrintsEveryNumberOfAPlan)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add("libx", side()
                        .data_size(64)
                        .import_function("malloc", int_function)
                        .import_function("later")
                        .import_address("f")
                        .function("f")
                        .build());
  EXPECT_EQ(to_text(*world.plan("libx").plan),
            "plan 2: table size 2, memory 1153 pages\n"
            "module 2 libx\n"
            "  memory base 0x810000, size 64\n"
            "  table base 0\n"
            "  import env.memory (memory 1 65536 shared): memory\n"
            "  import env.__memory_base (global i32): constant 0x810000\n"
            "  import env.__table_base (global i32): constant 0x0\n"
            "  import env.__indirect_function_table (table 0 (ref null func)): function table\n"
            "  import env.malloc (func (param i32) (result i32)): direct, export 0 of module 1\n"
            "  import env.later (func): thunk 0, lazy\n"
            "  import GOT.func.f (global (mut i32)): constant 0x1\n"
            "slot 1: export 0 of module 2 (f)\n");
}

TEST(PlanPrinter, PrintsEveryKindOfBinding)
{
  EXPECT_EQ(to_text(import_binding(binding::host{})), "host");
  EXPECT_EQ(to_text(import_binding(binding::stack_pointer{})), "stack pointer");
  EXPECT_EQ(to_text(import_binding(binding::stack_bound{true})), "stack high");
  EXPECT_EQ(to_text(import_binding(binding::tls_address{module_id{3}, 8})), "tls of module 3 + 0x8");
  EXPECT_EQ(to_text(import_binding(binding::shared_tag{})), "shared tag");
}

} // namespace
} // namespace interlink
