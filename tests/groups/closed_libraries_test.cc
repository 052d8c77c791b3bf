// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/closed_libraries.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

const function_type nullary{{}, {wasm::i32}};
const function_type unary{{wasm::i32}, {wasm::i32}};

TEST(ClosedLibraries, AreToldByTheTypesOfTheirFunctions)
{
  closed_libraries closed;
  closed.add("liba.so", {nullary});
  closed.add("libb.so", {unary, nullary});
  const std::vector<std::string> all{"liba.so", "libb.so", "liba.so"};
  EXPECT_EQ(closed.with_function_of(unary, all), std::vector<std::string>{"libb.so"});
  EXPECT_EQ(closed.with_function_of(nullary, all), (std::vector<std::string>{"liba.so", "libb.so"}));
}

// One whose close was cut short, or lies far back, may have been meant.
TEST(ClosedLibraries, AreAllMeantOfWhichNothingIsKnown)
{
  closed_libraries closed;
  closed.add("liba.so", {nullary});
  EXPECT_EQ(closed.with_function_of(unary, {"liba.so", "libc.so"}), std::vector<std::string>{"libc.so"});
  for (int i = 0; i < 100; ++i) {
    closed.add("lib" + std::to_string(i) + ".so", {nullary});
  }
  EXPECT_EQ(closed.with_function_of(unary, {"liba.so"}), std::vector<std::string>{"liba.so"});
}

// A file may have been replaced between two closes.
TEST(ClosedLibraries, HaveTheTypesOfEachOfTheirFiles)
{
  closed_libraries closed;
  closed.add("liba.so", {nullary});
  closed.add("liba.so", {unary});
  EXPECT_EQ(closed.with_function_of(nullary, {"liba.so"}), std::vector<std::string>{"liba.so"});
  EXPECT_EQ(closed.with_function_of(unary, {"liba.so"}), std::vector<std::string>{"liba.so"});
}

} // namespace
} // namespace interlink
