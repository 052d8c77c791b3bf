// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A guest that overwrites its own memory (stacks, heap, thread descriptors, the libraries' data and thread-local
// blocks, the guest library's state) while its threads use all that the host offers, ends: by its own exit, or by a
// trap.
#include "tests/scenarios/hostile/hostile_run.hh"

#include <algorithm>
#include <array>

namespace interlink {
namespace {

using namespace test;

struct overwriting {
  std::string name;
  std::string value; ///< a byte; -1: noise
  std::string first_page;
};

void PrintTo(const overwriting& one, std::ostream* out)
{
  *out << one.name;
}

class OverwrittenMemory : public testing::TestWithParam<overwriting> {};

TEST_P(OverwrittenMemory, EndsTheGuestAndNotTheHost)
{
  for (int round = 0; round < 5; ++round) {
    const command_result run =
        run_guest("overwrites_its_memory", {.arguments = {GetParam().value, GetParam().first_page, "5"}});
    EXPECT_TRUE(is_in_order(run));
    // Its own end, a check of its own, the end of what looks like its last thread, or a trap.
    constexpr std::array<int, 4> ends{7, 1, 0, trap_exit_code};
    // A bit in a thread's pending signals is a signal to it, and its default action ends the program with 128 and more.
    const bool is_by_signal = GetParam().value != "0" && run.exit_code > 128 && run.exit_code <= 128 + 64;
    EXPECT_TRUE(is_by_signal || std::ranges::find(ends, run.exit_code) != ends.end())
        << run.exit_code << run.out << run.err;
  }
}

// The first pages have main's data; its stack follows, 8 MiB long; then the linker's arena, with what libraries have.
INSTANTIATE_TEST_SUITE_P(, OverwrittenMemory,
                         testing::Values(overwriting{"WithZeros", "0", "0"}, overwriting{"WithOnes", "255", "0"},
                                         overwriting{"WithNoise", "-1", "0"},
                                         overwriting{"BeyondTheDataWithNoise", "-1", "8"},
                                         overwriting{"BeyondTheStackWithOnes", "255", "140"},
                                         overwriting{"BeyondTheStackWithNoise", "-1", "140"}),
                         [](const auto& one) { return one.param.name; });

} // namespace
} // namespace interlink
