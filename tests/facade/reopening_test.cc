// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library that is opened, called and closed again and again: each incarnation is fresh, and costs nothing that stays.
#include "tests/facade/embedding.hh"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <span>

#include "loader/library_loader.hh"

namespace interlink {
namespace {

using namespace test;

using values = std::vector<guest_value>;

/// Pages of this process that are in memory.
double resident_pages()
{
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident;
}

double mean(std::span<const double> of)
{
  return std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size());
}

/// What the library's function returns in a new incarnation.
values opens_calls_and_closes(group in)
{
  const auto opened = await(in.async_open("./libopened_again.so", open_flag::now, asio::use_future));
  EXPECT_TRUE(opened) << opened.error().message();
  if (!opened) {
    return {};
  }
  const auto found = await(in.async_find_symbol(*opened, "opened_again", asio::use_future));
  const auto called = found ? await(in.async_call(*found, {}, asio::use_future)) : fail(found.error());
  EXPECT_TRUE(called) << called.error().message();
  const auto closed = await(in.async_close(*opened, asio::use_future));
  EXPECT_TRUE(closed) << closed.error().message();
  return called.value_or(values{});
}

// Resident memory is flat: the last tenth of the cycles against the first, within 5 %.
TEST(ReopenedLibrary, IsFreshEachTimeAndTakesNoMoreMemory)
{
#ifdef __SANITIZE_ADDRESS__
  constexpr std::size_t cycles = 100; // memory that was freed is kept for the report
#else
  constexpr std::size_t cycles = 10'000;
#endif
  embedding guest("computes");
  const auto first = guest.start();
  ASSERT_TRUE(first) << first.error().message();
  std::vector<double> pages(cycles, 1.0); // in memory from the beginning
  for (std::size_t cycle = 0; cycle < cycles; ++cycle) {
    ASSERT_EQ(opens_calls_and_closes(*first), values{42}) << "cycle " << cycle;
    pages[cycle] = resident_pages();
  }
  const double begin = mean(std::span(pages).first(cycles / 10));
  const double end = mean(std::span(pages).last(cycles / 10));
  RecordProperty("resident_pages_begin", std::to_string(begin));
  RecordProperty("resident_pages_end", std::to_string(end));
  std::printf("resident pages: %.0f in the first %zu cycles, %.0f in the last\n", begin, cycles / 10, end);
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(end, begin * 1.05);
#endif
}

} // namespace
} // namespace interlink
