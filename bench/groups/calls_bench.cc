// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls: indirect with and without the check, between modules, and from the host.
#include "bench/support/guest_process.hh"

#include <benchmark/benchmark.h>

namespace interlink::bench {
namespace {

constexpr int batch = 100'000;

void guest_loop(benchmark::State& state, const char* loop, bool has_checks)
{
  guest_options options;
  options.has_checks = has_checks;
  guest_process guest("bench_symbols", options);
  guest.in_first_group([&](instance_group& group) {
    const engine::function callee = find_callable(group, loop);
    while (state.KeepRunningBatch(batch)) {
      benchmark::DoNotOptimize(call_function(group, callee, batch));
    }
  });
}

void host_to_guest(benchmark::State& state)
{
  guest_process guest("bench_symbols");
  guest.in_first_group([&](instance_group& group) {
    const engine::function answer = find_callable(group, "bench_answer");
    for (auto _ : state) {
      benchmark::DoNotOptimize(call_function(group, answer, 41));
    }
  });
}

BENCHMARK_CAPTURE(guest_loop, with, "bench_call_indirectly", true)->Name("call/indirect/with_check");
BENCHMARK_CAPTURE(guest_loop, without, "bench_call_indirectly", false)->Name("call/indirect/without_check");
BENCHMARK_CAPTURE(guest_loop, inside, "bench_call_inside", true)->Name("call/inside_module");
BENCHMARK_CAPTURE(guest_loop, direct, "bench_call_directly", true)->Name("call/between_modules/direct");
BENCHMARK_CAPTURE(guest_loop, thunk, "bench_call_by_thunk", true)->Name("call/between_modules/thunk");
BENCHMARK(host_to_guest)->Name("call/host_to_guest");

} // namespace
} // namespace interlink::bench
