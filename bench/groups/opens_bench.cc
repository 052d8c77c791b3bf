// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dlopen: of a library that is open, of a small one that is not, and the part of it that concerns others: the
// coordinator's turns with their publication.
#include "bench/support/clocks.hh"
#include "bench/support/guest_process.hh"
#include "bench/support/scratch_copies.hh"
#include "groups/closure_reader.hh"

#include <benchmark/benchmark.h>

#include <dlfcn.h>
#include <utility>
#include <variant>
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
      need(open_library(group, "/copies/" + scratch_copies::name(number++), open_flag::now, {}));
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

/// Measures the turns of one open, and carries out what lies between them.
class measured_load {
public:
  explicit measured_load(instance_group& group) : group_(group)
  {
    const auto found = need(group.process().files.find("./libbench_small.so", {}, {}, ""));
    request_ = need(read_closure(group.process(), group.applied(), found, {}));
    request_.bind_now = true;
  }

  /// Thread CPU time of prepare and commit, in seconds. Each load is of a file of its own, as far as the linker knows.
  double run()
  {
    request_.modules.front().identity.inode += 1'000'000;
    coordinator_request_body prepare = prepare_load_request{request_};
    double began = thread_seconds();
    coordinator_reply reply = group_.ask(std::move(prepare));
    double spent = thread_seconds() - began;
    auto* outcome = std::get_if<prepare_outcome>(&reply);
    auto* planned = outcome == nullptr ? nullptr : std::get_if<planned_load>(outcome);
    if (planned == nullptr) {
      give_up("the load is not planned");
    }
    coordinator_request_body commit = commit_load_request{planned->id, rehearse(*planned)};
    began = thread_seconds();
    reply = group_.ask(std::move(commit));
    spent += thread_seconds() - began;
    if (!std::holds_alternative<done_reply>(reply)) {
      give_up("the load is not committed");
    }
    construct(*planned);
    return spent;
  }

private:
  std::vector<module_artifact_ptr> rehearse(const planned_load& planned)
  {
    need(group_.catch_up_without_initialisers());
    std::vector<module_artifact_ptr> thunks;
    for (const module_plan& module : planned.plan->modules) {
      thunks.push_back(need(group_.process().modules->prepare_thunks(module.thunks)));
    }
    need(group_.process().grow_memory(group_, planned.plan->memory_pages));
    need(group_.rehearse(planned.plan, thunks, planned.requester_blocks));
    return thunks;
  }

  void construct(const planned_load& planned)
  {
    need(group_.catch_up());
    std::optional<module_id> finished;
    coordinator_reply reply;
    do {
      reply = group_.ask(next_constructor_request{planned.id, planned.root, std::exchange(finished, std::nullopt)});
      if (const auto* run = std::get_if<run_constructor>(&reply)) {
        finished = run->module;
      }
    } while (!std::holds_alternative<constructors_done>(reply));
  }

  instance_group& group_;
  load_request request_;
};

void coordinate(benchmark::State& state, guest_process& guest)
{
  guest.in_first_group([&](instance_group& group) {
    measured_load load(group);
    for (auto _ : state) {
      state.SetIterationTime(load.run());
    }
  });
}

void coordination_with_parked_groups(benchmark::State& state)
{
  guest_process guest("bench_symbols");
  const auto parked = static_cast<std::uint32_t>(state.range(0));
  guest.in_first_group([&](instance_group& group) { call_checked(group, "bench_park", parked); });
  coordinate(state, guest);
  guest.in_first_group([](instance_group& group) { call_checked(group, "bench_release"); });
}

void coordination_with_computing_group(benchmark::State& state)
{
  guest_process guest("bench_symbols");
  guest.in_first_group([](instance_group& group) { call_checked(group, "bench_spin"); });
  coordinate(state, guest);
  guest.in_first_group([](instance_group& group) { call_checked(group, "bench_stop_spinning"); });
}

BENCHMARK(reopen_from_guest)->Name("dlopen/reopen/guest");
BENCHMARK(native_reopen)->Name("dlopen/reopen/native");
BENCHMARK_CAPTURE(open_small, same, copy_content::same)
    ->Name("dlopen/small/known_content")
    ->Iterations(opens)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(open_small, different, copy_content::different)
    ->Name("dlopen/small/new_content")
    ->Iterations(opens)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(native_open_small)->Name("dlopen/small/native")->Iterations(opens)->Unit(benchmark::kMicrosecond);
BENCHMARK(coordination_with_parked_groups)
    ->Name("dlopen/coordination")
    ->ArgName("parked")
    ->Arg(0)
    ->Arg(1)
    ->Arg(16)
    ->Arg(64)
    ->Iterations(opens)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(coordination_with_computing_group)
    ->Name("dlopen/coordination/computing:1")
    ->Iterations(opens)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace interlink::bench
