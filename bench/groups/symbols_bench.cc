// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dlsym: of a function that has a slot, and of one that nobody has looked up before, beside the host's own.
#include "bench/support/clocks.hh"
#include "bench/support/guest_process.hh"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <dlfcn.h>
#include <string_view>

#include "loader/symbol_lookup.hh"

namespace interlink::bench {
namespace {

constexpr int batch = 1000;

void hit_from_guest(benchmark::State& state)
{
  guest_process guest("bench_symbols");
  guest.in_first_group([&](instance_group& group) {
    call_export(group, "bench_open");
    const engine::function find = find_callable(group, "bench_find");
    call_function(group, find, 1);
    while (state.KeepRunningBatch(batch)) {
      benchmark::DoNotOptimize(call_function(group, find, batch));
    }
  });
}

void hit_from_host(benchmark::State& state)
{
  guest_process guest("bench_symbols");
  guest.in_first_group([&](instance_group& group) {
    const library_handle small{call_export(group, "bench_open")};
    need(find_address(process_of(group).loader, group, small, "bench_small_add"));
    for (auto _ : state) {
      benchmark::DoNotOptimize(find_address(process_of(group).loader, group, small, "bench_small_add"));
    }
  });
}

void native_hit(benchmark::State& state)
{
  void* small = dlopen(INTERLINK_BENCH_NATIVE_SMALL, RTLD_NOW);
  for (auto _ : state) {
    benchmark::DoNotOptimize(dlsym(small, "bench_small_add"));
  }
  dlclose(small);
}

using symbol_name = std::array<char, 24>;

/// Name of the next function of the library of 4,096 that was not looked up yet.
const char* name_of(symbol_name& name, unsigned number)
{
  std::snprintf(name.data(), name.size(), "bench_many_%03x", number % 4096);
  return name.data();
}

constexpr int first_look_ups = 1000;

void measure_first_look_ups(benchmark::State& state, guest_process& guest)
{
  guest.in_first_group([&](instance_group& group) {
    const library_handle many =
        need(open_library(process_of(group).loader, group, "./libbench_many.so", open_flag::now, {}));
    unsigned number = 0;
    symbol_name name{};
    for (auto _ : state) {
      if (auto found = find_address(process_of(group).loader, group, many, name_of(name, number++)); !found) {
        state.SkipWithError("not found");
        return;
      }
    }
  });
}

void first_with_parked_groups(benchmark::State& state)
{
  guest_process guest("bench_symbols");
  const auto parked = static_cast<std::uint32_t>(state.range(0));
  guest.in_first_group([&](instance_group& group) { call_checked(group, "bench_park", parked); });
  measure_first_look_ups(state, guest);
  guest.in_first_group([](instance_group& group) { call_checked(group, "bench_release"); });
}

void first_with_computing_group(benchmark::State& state)
{
  guest_process guest("bench_symbols");
  guest.in_first_group([](instance_group& group) { call_checked(group, "bench_spin"); });
  measure_first_look_ups(state, guest);
  guest.in_first_group([](instance_group& group) { call_checked(group, "bench_stop_spinning"); });
}

void native_first(benchmark::State& state)
{
  void* many = dlopen(INTERLINK_BENCH_NATIVE_MANY, RTLD_NOW);
  unsigned number = 0;
  symbol_name name{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(dlsym(many, name_of(name, number++)));
  }
  dlclose(many);
}

BENCHMARK(hit_from_guest)->Name("dlsym/hit/guest");
BENCHMARK(hit_from_host)->Name("dlsym/hit/host");
BENCHMARK(native_hit)->Name("dlsym/hit/native");
BENCHMARK(first_with_parked_groups)
    ->Name("dlsym/first")
    ->ArgName("parked")
    ->Arg(0)
    ->Arg(1)
    ->Arg(16)
    ->Arg(256)
    ->Iterations(first_look_ups);
BENCHMARK(first_with_computing_group)->Name("dlsym/first/computing:1")->Iterations(first_look_ups);
BENCHMARK(native_first)->Name("dlsym/first/native")->Iterations(first_look_ups);

} // namespace
} // namespace interlink::bench
