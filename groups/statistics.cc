// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/statistics.hh"

#include <fmt/format.h>

#include <string_view>

namespace interlink {

namespace {

/// By alternative of `operation_body`.
constexpr std::array<std::string_view, std::variant_size_v<operation_body>> operation_names{
    "load_modules", "resolve_function", "allocate_function_table", "unload_modules", "set_closures", "stop"};

constexpr std::array<std::string_view, load_phase_count> phase_names{"read", "prepare", "rehearse", "commit",
                                                                     "construct"};

std::uint64_t value_of(const statistics::counter& counter)
{
  return counter.load(std::memory_order_relaxed);
}

void count_parts(statistics& into, const load_modules& load)
{
  count(&into, &statistics::modules, load.plan->modules.size());
  count(&into, &statistics::slots, load.plan->slots.size());
}

void count_parts(statistics& into, const resolve_function& resolve)
{
  count(&into, &statistics::slots, resolve.slots.size());
}

void count_parts(statistics&, const allocate_function_table&) {}

void count_parts(statistics&, const unload_modules&) {}

void count_parts(statistics& into, const set_closures& set)
{
  count(&into, &statistics::slots, set.closures.size());
}

void count_parts(statistics&, const stop_process&) {}

} // namespace

void count_operation(statistics& into, const operation_body& operation)
{
  into.operations[operation.index()].fetch_add(1, std::memory_order_relaxed);
  std::visit([&](const auto& kind) { count_parts(into, kind); }, operation);
}

std::vector<std::string> to_lines(const statistics& counted)
{
  std::vector<std::string> lines{
      "runtime linker statistics:",
      fmt::format("  modules loaded: {}", value_of(counted.modules)),
      fmt::format("  instance groups made: {}", value_of(counted.groups)),
      fmt::format("  turns of the coordinator: {}", value_of(counted.turns)),
  };
  std::string operations;
  for (std::size_t i = 0; i < operation_names.size(); ++i) {
    operations += fmt::format("{}{} {}", i == 0 ? "" : ", ", operation_names[i], value_of(counted.operations[i]));
  }
  lines.push_back("  operations published: " + operations);
  lines.push_back(fmt::format("  operations settled: {}", value_of(counted.settled)));
  lines.push_back(fmt::format("  function slots filled: {}", value_of(counted.slots)));
  lines.push_back(fmt::format("  dead instances, kept until their thread ends: {}", value_of(counted.dead_instances)));
  lines.push_back(fmt::format("  dead instances that a later load took again: {}", value_of(counted.second_lives)));
  lines.push_back(fmt::format("  catch ups: {}", value_of(counted.catch_ups)));
  lines.push_back(fmt::format("  bytes compiled: {}", value_of(counted.bytes_compiled)));
  for (std::size_t i = 0; i < phase_names.size(); ++i) {
    lines.push_back(fmt::format("  time of {}: {} us in {} runs", phase_names[i],
                                value_of(counted.phase_nanoseconds[i]) / 1000, value_of(counted.phase_runs[i])));
  }
  return lines;
}

} // namespace interlink
