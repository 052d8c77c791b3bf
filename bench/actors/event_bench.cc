// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an actor pays for one event of its flight recorder, and for one that is switched off. The row without is the
// loop itself.
#include "actors/event_recorder.hh"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace interlink::bench {
namespace {

/// As an actor's own: neither the ring nor its size is known to the loop.
void write_events(benchmark::State& state, std::size_t capacity)
{
  event_recorder recorder(capacity);
  const std::shared_ptr<actor_events> events = recorder.add(group_id{1});
  std::uint32_t message = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(message += 1);
    events->write({.message = message, .kind = event_kind::send, .request = request_kind::assign_slot});
    benchmark::ClobberMemory();
  }
  if (events->ring().written() != (capacity == 0 ? 0 : static_cast<std::uint64_t>(state.iterations()))) {
    state.SkipWithError("an event was lost");
  }
}

void on(benchmark::State& state)
{
  write_events(state, 63);
}

void off(benchmark::State& state)
{
  // Of a size that only running tells, so that the branch stays.
  std::size_t none = 0;
  benchmark::DoNotOptimize(none);
  write_events(state, none);
}

void without(benchmark::State& state)
{
  std::uint32_t message = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(message += 1);
    benchmark::ClobberMemory();
  }
}

BENCHMARK(on)->Name("event/on");
BENCHMARK(off)->Name("event/off");
BENCHMARK(without)->Name("event/without");

} // namespace
} // namespace interlink::bench
