// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Real programs with the check and without.
#include "bench/support/guest_process.hh"

#include <benchmark/benchmark.h>

namespace interlink::bench {
namespace {

constexpr std::uint32_t sqlite_rows = 20'000;
constexpr std::uint32_t lua_numbers = 10'000;

void run_program(benchmark::State& state, const char* work, std::uint32_t size, bool has_checks)
{
  guest_options options;
  options.has_checks = has_checks;
  guest_process guest("bench_programs", options);
  guest.in_first_group([&](instance_group& group) {
    call_checked(group, "bench_open_programs");
    call_checked(group, work, 10);
    for (auto _ : state) {
      call_checked(group, work, size);
    }
  });
}

BENCHMARK_CAPTURE(run_program, sqlite_with, "bench_sqlite", sqlite_rows, true)
    ->Name("program/sqlite/with_check")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_program, sqlite_without, "bench_sqlite", sqlite_rows, false)
    ->Name("program/sqlite/without_check")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_program, lua_with, "bench_lua", lua_numbers, true)
    ->Name("program/lua/with_check")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_program, lua_without, "bench_lua", lua_numbers, false)
    ->Name("program/lua/without_check")
    ->Unit(benchmark::kMillisecond);

} // namespace
} // namespace interlink::bench
