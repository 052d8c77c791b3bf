// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a group pays for each operation that others published while it did something else.
#include "bench/support/clocks.hh"
#include "bench/support/guest_process.hh"
#include "bench/support/samples.hh"
#include "bench/support/scratch_copies.hh"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "loader/symbol_lookup.hh"
#include "wasm/reserved_names.hh"

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

/// What the engine alone does of applying a load, which no linker can save: instantiates the module that was loaded
/// last, `times` times, with imports that are made beforehand.
class bare_instantiation {
public:
  explicit bare_instantiation(instance_group& group) : store_(group.store().store())
  {
    const module_plan& plan = group.applied().modules->back()->plan();
    load_ = group.applied().modules->back()->load;
    code_ = dynamic_cast<const compiled_code*>(plan.artifact.get());
    for (const import_info& import : plan.info->imports) {
      if (const auto* type = std::get_if<global_type>(&import.type)) {
        imports_.emplace_back(need(store_.make_global(*type, engine::value_slot::of_i32(1024))));
      } else if (const auto* elements = std::get_if<table_type>(&import.type)) {
        table_type sized = *elements;
        sized.size.minimum += 2048;
        imports_.emplace_back(need(store_.make_table(sized)));
      } else if (std::holds_alternative<memory_type>(import.type)) {
        imports_.emplace_back(process_of(group).environment.linked_memory);
      } else {
        give_up("the small library imports " + import.name);
      }
    }
    if (code_->imports_control_memory) {
      imports_.emplace_back(process_of(group).environment.control_memory);
    }
    if (code_->imports_runtime_table) {
      imports_.emplace_back(need(
          store_.make_table({wasm::funcref, {reserved::runtime_table_size, reserved::runtime_table_size}, false})));
    }
  }

  void run(int times)
  {
    for (int i = 0; i < times; ++i) {
      need(store_.instantiate(*code_->compiled, imports_));
    }
  }

private:
  engine::store& store_;
  load_plan_ptr load_; ///< keeps the code
  const compiled_code* code_;
  std::vector<engine::extern_value> imports_;
};

/// CPU time of `work`, in nanoseconds for each of its operations.
template <class Work>
double spent_on(int operations, Work&& work)
{
  const double began = thread_seconds();
  work();
  return 1e9 * (thread_seconds() - began) / operations;
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
  guest.in_first_group([&](instance_group& group) {
    many = need(open_library(process_of(group).loader, group, "./libbench_many.so", open_flag::now, {}));
  });
  guest.in_group(follower, [](instance_group& group) { need(group.catch_up()); });
  unsigned number = 0;
  measure_catch_up(state, guest, follower, operations, [&](instance_group& group) {
    std::array<char, 24> name{};
    for (int i = 0; i < operations; ++i) {
      std::snprintf(name.data(), name.size(), "bench_many_%03x", number++);
      need(find_address(process_of(group).loader, group, many, name.data()));
    }
  });
}

/// The engine's part is measured in the same thread and store, right before the catch up or right after it by turns,
/// and as often as the catch up instantiates: so both find the machine as the other does.
void loads(benchmark::State& state)
{
  constexpr int operations = 10;
  const int rounds = static_cast<int>(state.max_iterations);
  const scratch_copies copies(std::string(INTERLINK_GUEST_DIR) + "/libbench_small.so", operations * (rounds + 1),
                              copy_content::same);
  guest_options options;
  options.copies = copies.directory();
  guest_process guest("bench_symbols", options);
  const group_id follower = guest.spawn_group();
  int number = 0;
  const auto publish = [&](instance_group& group) {
    for (int i = 0; i < operations; ++i) {
      need(open_library(process_of(group).loader, group, "/copies/" + scratch_copies::name(number++), open_flag::now,
                        {}));
    }
  };
  guest.in_first_group(publish);
  std::optional<bare_instantiation> bare;
  guest.in_group(follower, [&](instance_group& group) {
    need(group.catch_up());
    bare.emplace(group);
  });
  std::vector<double> all;
  std::vector<double> of_engine;
  std::vector<double> differences;
  for (auto _ : state) {
    guest.in_first_group(publish);
    guest.in_group(follower, [&](instance_group& group) {
      const auto measure_engine = [&] {
        of_engine.push_back(spent_on(operations, [&] { bare->run(operations); }));
      };
      const bool is_engine_first = all.size() % 2 == 0;
      if (is_engine_first) {
        measure_engine();
      }
      all.push_back(spent_on(operations, [&] { need(group.catch_up()); }));
      if (!is_engine_first) {
        measure_engine();
      }
    });
    differences.push_back(all.back() - of_engine.back());
    state.SetIterationTime(1e-9 * all.back() * operations);
  }
  state.counters["per_operation_ns"] = quantile(all, 0.5);
  state.counters["engine_ns"] = quantile(of_engine, 0.5);
  state.counters["linker_ns"] = quantile(differences, 0.5);
}

/// Rounds of one repetition: an even number, for both orders; few, for what is loaded stays loaded.
int rounds_wanted()
{
  return samples_wanted(10);
}

BENCHMARK(nothing_to_do)->Name("catch_up/nothing");
BENCHMARK(resolved_functions)
    ->Name("catch_up/resolved_functions")
    ->Iterations(30)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(loads)->Name("catch_up/loads")->Iterations(rounds_wanted())->UseManualTime()->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace interlink::bench
