// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.hh"

#include "tests/wasi/fixture.hh"

#include <algorithm>

namespace interlink::wasi::testing {
namespace {

std::string signature(const host_call& call)
{
  std::string text;
  for (auto parameter : call.type.parameters) {
    text += parameter == wasm::i32 ? 'i' : 'I';
  }
  return text + ":" + (call.type.results.empty() ? "" : "i");
}

TEST(Preview1, HasEveryFunctionOfTheSpecification)
{
  EXPECT_EQ(preview1_calls().size(), 46U);
}

TEST(Preview1, UnstableLacksOnlyAccept)
{
  EXPECT_EQ(unstable_calls().size(), 45U);
  EXPECT_EQ(find_call(unstable_calls(), "sock_accept"), nullptr);
  for (const auto& call : unstable_calls()) {
    EXPECT_NE(find_call(preview1_calls(), call.name), nullptr) << call.name;
  }
}

TEST(Preview1, NamesAscendSoThatEachIsFound)
{
  for (auto calls : {preview1_calls(), unstable_calls()}) {
    EXPECT_TRUE(std::ranges::is_sorted(calls, {}, &host_call::name));
    for (const auto& call : calls) {
      EXPECT_EQ(find_call(calls, call.name), &call);
    }
  }
}

TEST(Preview1, AnUnknownNameIsNotFound)
{
  EXPECT_EQ(find_call(preview1_calls(), "fd_reads"), nullptr);
  EXPECT_EQ(find_call(preview1_calls(), ""), nullptr);
  EXPECT_EQ(find_call(preview1_calls(), "zzz"), nullptr);
}

TEST(Preview1, SignaturesAreThoseThatGuestsImport)
{
  auto of = [](std::string_view name) {
    return signature(*find_call(preview1_calls(), name));
  };
  EXPECT_EQ(of("fd_write"), "iiii:i");
  EXPECT_EQ(of("fd_seek"), "iIii:i");
  EXPECT_EQ(of("fd_pread"), "iiiIi:i");
  EXPECT_EQ(of("fd_readdir"), "iiiIi:i");
  EXPECT_EQ(of("path_open"), "iiiiiIIii:i");
  EXPECT_EQ(of("path_filestat_set_times"), "iiiiIIi:i");
  EXPECT_EQ(of("clock_time_get"), "iIi:i");
  EXPECT_EQ(of("sock_recv"), "iiiiii:i");
  EXPECT_EQ(of("sched_yield"), ":i");
}

TEST(Preview1, ExitHasNoResult)
{
  EXPECT_EQ(signature(*find_call(preview1_calls(), "proc_exit")), "i:");
}

TEST(Preview1, CallsThatCanWaitSaySo)
{
  for (auto name : {"fd_read", "fd_write", "poll_oneoff", "path_open", "sock_accept", "sock_recv", "sock_send"}) {
    EXPECT_TRUE(find_call(preview1_calls(), name)->may_wait) << name;
  }
  EXPECT_FALSE(find_call(preview1_calls(), "fd_close")->may_wait);
  EXPECT_FALSE(find_call(preview1_calls(), "clock_time_get")->may_wait);
}

TEST(Preview1, RawValuesAreCutToTheirWidth)
{
  guest g;
  g.root.write("file", "abc");
  auto fd = g.open("file");
  const std::array<std::uint64_t, 4> arguments{0xdead'0000'0000'0000 | fd, 2, 0xffff'ffff'0000'0000, 64};
  EXPECT_EQ(find_call(preview1_calls(), "fd_seek")->invoke(g.system(), g.context(), arguments), errno_code::success);
  EXPECT_EQ(g.memory.load<std::uint64_t>(64), 2U);
}

} // namespace
} // namespace interlink::wasi::testing
