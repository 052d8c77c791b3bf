// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Real programs with the check and without. The two run by turns in one row, so that whatever else the machine does
// disturbs both alike; the ratio is the median over the pairs.
#include "bench/support/guest_process.hh"
#include "bench/support/samples.hh"
#include "bench/support/stopwatch.hh"

#include <benchmark/benchmark.h>

#include <vector>

namespace interlink::bench {
namespace {

constexpr std::uint32_t sqlite_rows = 20'000;
constexpr std::uint32_t lua_numbers = 10'000;

class program {
public:
  program(const char* work, std::uint32_t size, bool has_checks)
      : guest_("bench_programs", {.has_checks = has_checks}), work_(work), size_(size)
  {
    guest_.in_first_group([&](instance_group& group) {
      call_checked(group, "bench_open_programs");
      call_checked(group, work_, size_);
    });
  }

  /// CPU time of one run, in seconds.
  double run()
  {
    double spent = 0;
    guest_.in_first_group(
        [&](instance_group& group) { spent = timed([&] { call_checked(group, work_, size_); }).cpu; });
    return spent;
  }

private:
  guest_process guest_;
  const char* work_;
  std::uint32_t size_;
};

void run_by_turns(benchmark::State& state, const char* work, std::uint32_t size)
{
  program with(work, size, true);
  program without(work, size, false);
  std::vector<double> times;
  std::vector<double> times_without;
  std::vector<double> ratios;
  for (auto _ : state) {
    const bool is_first = ratios.size() % 2 == 0;
    const double before = is_first ? with.run() : without.run();
    const double after = is_first ? without.run() : with.run();
    times.push_back(is_first ? before : after);
    times_without.push_back(is_first ? after : before);
    ratios.push_back(times.back() / times_without.back());
    state.SetIterationTime(times.back());
  }
  state.counters["with_ns"] = 1e9 * quantile(times, 0.5);
  state.counters["without_ns"] = 1e9 * quantile(times_without, 0.5);
  state.counters["ratio"] = quantile(ratios, 0.5);
}

/// Pairs in one repetition: enough for a median within one percent; few where nobody looks at the figures.
int run_count()
{
  return samples_wanted(20);
}

BENCHMARK_CAPTURE(run_by_turns, sqlite, "bench_sqlite", sqlite_rows)
    ->Name("program/sqlite")
    ->UseManualTime()
    ->Iterations(run_count())
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_by_turns, lua, "bench_lua", lua_numbers)
    ->Name("program/lua")
    ->UseManualTime()
    ->Iterations(run_count())
    ->Unit(benchmark::kMillisecond);

} // namespace
} // namespace interlink::bench
