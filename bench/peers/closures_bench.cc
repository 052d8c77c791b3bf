// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A closure made while other groups wait: ours, and as a library of its own that two barriers bring to all groups.
#include "bench/peers/agreement.hh"
#include "bench/peers/steps.hh"
#include "bench/support/guest_process.hh"
#include "bench/support/samples.hh"
#include "bench/support/scratch_copies.hh"
#include "bench/support/stopwatch.hh"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace interlink::bench {
namespace {

constexpr std::uint32_t in_futex_wait = 2;

/// Starts groups that wait in the host, and ends their wait at the end of the scope.
class waiting_groups {
public:
  waiting_groups(guest_process& guest, int groups) : guest_(guest)
  {
    guest_.in_first_group([&](instance_group& group) {
      for (int i = 1; i < groups; ++i) {
        call_checked(group, "bench_stand_by", in_futex_wait);
      }
    });
  }

  waiting_groups(const waiting_groups&) = delete;
  waiting_groups& operator=(const waiting_groups&) = delete;

  ~waiting_groups()
  {
    guest_.in_first_group([](instance_group& group) { call_checked(group, "bench_release"); });
  }

private:
  guest_process& guest_;
};

void report(benchmark::State& state, const std::vector<double>& wall)
{
  state.counters["p50"] = 1e9 * quantile(wall, 0.5);
  state.counters["p99"] = 1e9 * quantile(wall, 0.99);
  state.SetIterationTime(quantile(wall, 0.5));
}

void ours(benchmark::State& state)
{
  const int wanted = samples_wanted(1000);
  for (auto _ : state) {
    guest_process guest("bench_stand_by");
    const waiting_groups others(guest, static_cast<int>(state.range(0)));
    std::vector<double> wall;
    guest.in_first_group([&](instance_group& group) {
      call_checked(group, "bench_make_closure"); // compiles the type
      for (int i = 0; i < wanted; ++i) {
        wall.push_back(timed([&] { call_checked(group, "bench_make_closure"); }).wall);
      }
    });
    report(state, wall);
  }
}

void a_library_each(benchmark::State& state)
{
  const int wanted = samples_wanted(100);
  const scratch_copies copies(std::string(INTERLINK_GUEST_DIR) + "/libbench_closure.so", wanted,
                              copy_content::different);
  for (auto _ : state) {
    const auto protocol = make_two_barriers();
    guest_options options;
    options.has_checks = protocol->has_checks();
    options.has_compile_cache = false;
    options.copies = copies.directory();
    options.host_functions = protocol->host_calls();
    guest_process guest("bench_stand_by", options);
    const waiting_groups others(guest, static_cast<int>(state.range(0)));
    std::vector<double> wall;
    guest.in_first_group([&](instance_group& group) {
      protocol->attach(process_of(group), {});
      for (int i = 0; i < wanted; ++i) {
        double own_work = 0;
        wall.push_back(timed([&] {
                         const load_request closure = read_library(group, "/copies/" + scratch_copies::name(i));
                         protocol->open(group, closure, own_work);
                       }).wall);
      }
    });
    report(state, wall);
  }
}

void add_row(const char* name, void (*row)(benchmark::State&))
{
  benchmark::RegisterBenchmark(name, row)
      ->ArgName("groups")
      ->Arg(1)
      ->Arg(4)
      ->Arg(16)
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

const bool rows_added = [] {
  add_row("closure/prepare/published", ours);
  add_row("closure/prepare/two_barriers", a_library_each);
  return true;
}();

} // namespace
} // namespace interlink::bench
