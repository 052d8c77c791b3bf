// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest threads: made and joined, beside the host's own; and what an idle one keeps in memory.
#include "bench/support/guest_process.hh"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

namespace interlink::bench {
namespace {

constexpr int spawn_batch = 20;

void create_and_join(benchmark::State& state, const char* program)
{
  guest_process guest(program);
  guest.in_first_group([&](instance_group& group) {
    const engine::function create = find_callable(group, "bench_create_and_join");
    call_function(group, create, 1);
    while (state.KeepRunningBatch(spawn_batch)) {
      if (call_function(group, create, spawn_batch) != 0) {
        state.SkipWithError("no thread");
        return;
      }
    }
  });
}

void* do_nothing(void* unused)
{
  return unused;
}

void native_create_and_join(benchmark::State& state)
{
  for (auto _ : state) {
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, do_nothing, nullptr) != 0) {
      state.SkipWithError("no thread");
      return;
    }
    pthread_join(thread, nullptr);
  }
}

/// Resident memory of this process, in KiB.
double resident_kib()
{
  long total = 0;
  long resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%ld %ld", &total, &resident) != 2) {
    give_up("cannot read the size of this process");
  }
  std::fclose(file);
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1024.0;
}

double heap_kib()
{
  const struct mallinfo2 now = mallinfo2();
  return static_cast<double>(now.uordblks + now.hblkhd) / 1024.0;
}

/// All that a parked thread keeps: store, instances, tables, mailbox, pages touched of both stacks.
void idle_group_memory(benchmark::State& state)
{
  constexpr std::uint32_t count = 128;
  for (auto _ : state) {
    guest_process guest("bench_threads");
    guest.in_first_group([&](instance_group& group) {
      const double resident = resident_kib();
      const double heap = heap_kib();
      call_checked(group, "bench_park", count);
      state.counters["resident_kib"] = (resident_kib() - resident) / count;
      state.counters["heap_kib"] = (heap_kib() - heap) / count;
      call_checked(group, "bench_release");
    });
  }
}

BENCHMARK_CAPTURE(create_and_join, three, "bench_threads")->Name("spawn/three_sides")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(create_and_join, one, "bench_symbols")->Name("spawn/one_side")->Unit(benchmark::kMicrosecond);
BENCHMARK(native_create_and_join)->Name("spawn/native")->Unit(benchmark::kMicrosecond);
BENCHMARK(idle_group_memory)->Name("memory/idle_group")->Iterations(1)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace interlink::bench
