// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Closures of one group: made and freed, prepared anew, called; and dynamic calls. Beside them a library that is one
// closure, opened once.
#include "bench/support/guest_process.hh"

#include <benchmark/benchmark.h>

namespace interlink::bench {
namespace {

void closure_loop(benchmark::State& state, const char* loop, int batch)
{
  guest_process guest("bench_closures");
  guest.in_first_group([&](instance_group& group) {
    call_checked(group, "bench_make_closures");
    const engine::function callee = find_callable(group, loop);
    call_function(group, callee, 1);
    while (state.KeepRunningBatch(batch)) {
      benchmark::DoNotOptimize(call_function(group, callee, static_cast<std::uint32_t>(batch)));
    }
  });
}

BENCHMARK_CAPTURE(closure_loop, cycle, "bench_closure_cycle", 1000)->Name("closure/cycle");
BENCHMARK_CAPTURE(closure_loop, again, "bench_closure_prepare_again", 1000)->Name("closure/prepare_again");
BENCHMARK_CAPTURE(closure_loop, call, "bench_call_closure", 100'000)->Name("closure/call");
BENCHMARK_CAPTURE(closure_loop, library, "bench_call_closure_library", 100'000)->Name("closure/call_of_library");
BENCHMARK_CAPTURE(closure_loop, dynamic, "bench_call_dynamically", 10'000)->Name("closure/call_dynamic");

} // namespace
} // namespace interlink::bench
