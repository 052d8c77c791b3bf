// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dlopen: of a library that is open, and of a small one that is not. The part of it that concerns other groups is
// measured in bench/peers/.
#include "bench/support/guest_process.hh"
#include "bench/support/scratch_copies.hh"

#include <benchmark/benchmark.h>

#include <dlfcn.h>
#include <vector>

namespace interlink::bench {
namespace {

constexpr int batch = 1000;

void reopen_from_guest(benchmark::State& state)
{
  guest_process guest("bench_symbols");
  guest.in_first_group([&](instance_group& group) {
    call_export(group, "bench_open");
    const engine::function reopen = find_callable(group, "bench_reopen");
    while (state.KeepRunningBatch(batch)) {
      benchmark::DoNotOptimize(call_function(group, reopen, batch));
    }
  });
}

/// One host call of the guest's, again and again, with so many other libraries open.
void host_call(benchmark::State& state, const char* function)
{
  const auto others = static_cast<int>(state.range(0));
  const scratch_copies copies(std::string(INTERLINK_GUEST_DIR) + "/libbench_small.so", others, copy_content::same);
  guest_options options;
  options.copies = copies.directory();
  guest_process guest("bench_symbols", options);
  guest.in_first_group([&](instance_group& group) {
    call_export(group, "bench_open");
    for (int other = 0; other < others; ++other) {
      need(open_library(process_of(group).loader, group, "/copies/" + scratch_copies::name(other), open_flag::now, {}));
    }
    const engine::function call = find_callable(group, function);
    call_function(group, call, 1);
    while (state.KeepRunningBatch(batch)) {
      benchmark::DoNotOptimize(call_function(group, call, batch));
    }
  });
}

void native_reopen(benchmark::State& state)
{
  void* small = dlopen(INTERLINK_BENCH_NATIVE_SMALL, RTLD_NOW);
  for (auto _ : state) {
    benchmark::DoNotOptimize(dlopen(INTERLINK_BENCH_NATIVE_SMALL, RTLD_NOW));
  }
  dlclose(small);
}

/// Opens this many different files in one process: what an open costs grows with what is loaded already.
constexpr int opens = 50;

void open_small(benchmark::State& state, copy_content content)
{
  const scratch_copies copies(std::string(INTERLINK_GUEST_DIR) + "/libbench_small.so", opens, content);
  guest_options options;
  options.has_compile_cache = false;
  options.copies = copies.directory();
  guest_process guest("bench_symbols", options);
  guest.in_first_group([&](instance_group& group) {
    call_export(group, "bench_open");
    int number = 0;
    for (auto _ : state) {
      need(open_library(process_of(group).loader, group, "/copies/" + scratch_copies::name(number++), open_flag::now,
                        {}));
    }
  });
}

void native_open_small(benchmark::State& state)
{
  const scratch_copies copies(INTERLINK_BENCH_NATIVE_SMALL, opens, copy_content::same);
  std::vector<void*> handles;
  for (auto _ : state) {
    const std::string path = copies.directory() + "/" + scratch_copies::name(static_cast<int>(handles.size()));
    handles.push_back(dlopen(path.c_str(), RTLD_NOW));
  }
  for (void* handle : handles) {
    if (handle == nullptr || dlclose(handle) != 0) {
      state.SkipWithError("a copy does not open");
    }
  }
}

BENCHMARK(reopen_from_guest)->Name("dlopen/reopen/guest");
BENCHMARK(native_reopen)->Name("dlopen/reopen/native");
BENCHMARK_CAPTURE(host_call, reopen, "bench_reopen_raw")->Name("dlopen/reopen/raw")->Arg(0)->Arg(200);
BENCHMARK_CAPTURE(host_call, close_of_main, "bench_host_call")->Name("dlopen/host_call")->Arg(0)->Arg(200);
BENCHMARK_CAPTURE(open_small, same, copy_content::same)
    ->Name("dlopen/small/known_content")
    ->Iterations(opens)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(open_small, different, copy_content::different)
    ->Name("dlopen/small/new_content")
    ->Iterations(opens)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(native_open_small)->Name("dlopen/small/native")->Iterations(opens)->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace interlink::bench
