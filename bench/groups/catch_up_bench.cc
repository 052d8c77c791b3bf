// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a group pays for each operation that others published while it did something else.
#include "bench/support/clocks.hh"
#include "bench/support/guest_process.hh"
#include "bench/support/scratch_copies.hh"
#include "groups/symbol_lookup.hh"
#include "linker/reserved_names.hh"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <vector>

namespace interlink::bench {
namespace {

/// Manual time of one iteration is that of `operations` operations; per operation it is in the counter.
void measure_catch_up(benchmark::State& state, guest_process& guest, group_id follower, int operations,
                      const std::function<void(instance_group&)>& publish)
{
  double all = 0;
  for (auto _ : state) {
    guest.in_first_group(publish);
    guest.in_group(follower, [&](instance_group& group) {
      const double began = thread_seconds();
      need(group.catch_up());
      const double spent = thread_seconds() - began;
      state.SetIterationTime(spent);
      all += spent;
    });
  }
  const double operations_in_all = static_cast<double>(operations) * static_cast<double>(state.iterations());
  state.counters["per_operation_ns"] = all * 1e9 / operations_in_all;
}

/// CPU time in which the engine alone instantiates the module that was loaded last: the part of applying a load that no
/// linker can save. In seconds.
double instantiation_seconds(instance_group& group)
{
  const module_plan& plan = group.applied().modules->back()->plan();
  const auto* code = dynamic_cast<const compiled_code*>(plan.artifact.get());
  engine::store& store = group.store().store();
  std::vector<engine::extern_value> imports;
  for (const import_info& import : plan.info->imports) {
    if (const auto* type = std::get_if<global_type>(&import.type)) {
      imports.emplace_back(need(store.make_global(*type, engine::value_slot::of_i32(1024))));
    } else if (const auto* elements = std::get_if<table_type>(&import.type)) {
      table_type sized = *elements;
      sized.size.minimum += 2048;
      imports.emplace_back(need(store.make_table(sized)));
    } else if (std::holds_alternative<memory_type>(import.type)) {
      imports.emplace_back(group.process().environment.linked_memory);
    } else {
      give_up("the small library imports " + import.name);
    }
  }
  if (code->imports_control_memory) {
    imports.emplace_back(group.process().environment.control_memory);
  }
  if (code->imports_runtime_table) {
    imports.emplace_back(
        need(store.make_table({wasm::funcref, {reserved::runtime_table_size, reserved::runtime_table_size}, false})));
  }
  constexpr int times = 100;
  const double began = thread_seconds();
  for (int i = 0; i < times; ++i) {
    need(store.instantiate(*code->compiled, imports));
  }
  return (thread_seconds() - began) / times;
}

void nothing_to_do(benchmark::State& state)
{
  guest_process guest("bench_symbols");
  guest.in_first_group([&](instance_group& group) {
    for (auto _ : state) {
      need(group.catch_up());
    }
  });
}

void resolved_functions(benchmark::State& state)
{
  constexpr int operations = 100;
  guest_process guest("bench_symbols");
  const group_id follower = guest.spawn_group();
  library_handle many;
  guest.in_first_group(
      [&](instance_group& group) { many = need(open_library(group, "./libbench_many.so", open_flag::now, {})); });
  guest.in_group(follower, [](instance_group& group) { need(group.catch_up()); });
  unsigned number = 0;
  measure_catch_up(state, guest, follower, operations, [&](instance_group& group) {
    std::array<char, 24> name{};
    for (int i = 0; i < operations; ++i) {
      std::snprintf(name.data(), name.size(), "bench_many_%03x", number++);
      need(find_address(group, many, name.data()));
    }
  });
}

void loads(benchmark::State& state)
{
  constexpr int operations = 10;
  const scratch_copies copies(std::string(INTERLINK_GUEST_DIR) + "/libbench_small.so", 50, copy_content::same);
  guest_options options;
  options.copies = copies.directory();
  guest_process guest("bench_symbols", options);
  const group_id follower = guest.spawn_group();
  int number = 0;
  measure_catch_up(state, guest, follower, operations, [&](instance_group& group) {
    for (int i = 0; i < operations; ++i) {
      need(open_library(group, "/copies/" + scratch_copies::name(number++), open_flag::now, {}));
    }
  });
  guest.in_group(follower,
                 [&](instance_group& group) { state.counters["engine_ns"] = 1e9 * instantiation_seconds(group); });
  state.counters["linker_ns"] = state.counters["per_operation_ns"] - state.counters["engine_ns"];
}

BENCHMARK(nothing_to_do)->Name("catch_up/nothing");
BENCHMARK(resolved_functions)
    ->Name("catch_up/resolved_functions")
    ->Iterations(30)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(loads)->Name("catch_up/loads")->Iterations(5)->UseManualTime()->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace interlink::bench
