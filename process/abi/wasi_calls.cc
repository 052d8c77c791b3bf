// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binds the functions of wasi/ to guests: WASI preview 1 under its two module names.
#include "groups/instance_group.hh"
#include "wasi/preview1.hh"

#include <array>

#include "process/abi/blocking.hh"
#include "process/abi/guest_abi.hh"
#include "process/process_core.hh"

namespace interlink::abi {

namespace {

/// path_open has the most: nine.
constexpr std::size_t parameters_max = 9;

result<void> unwind(const wasi::outcome& outcome)
{
  if (outcome.kind == wasi::outcome_kind::cancelled) {
    return fail(errc::stopping, "the process is ending");
  }
  error_detail detail;
  detail.exit_code = outcome.value;
  return fail(error(errc::guest_exited, std::move(detail)));
}

/// One call: values in, errno out. Those that can wait catch up when they return.
host_call bind(const wasi::host_call& function)
{
  return [&function](instance_group& group, std::span<engine::value_slot> values) -> result<void> {
    if (auto checked = group.check_stack(); !checked) {
      return checked;
    }
    std::array<std::uint64_t, parameters_max> arguments{};
    const std::size_t count = function.type.parameters.size();
    for (std::size_t i = 0; i < count; ++i) {
      arguments[i] = function.type.parameters[i] == wasm::i32 ? values[i].i32() : values[i].i64();
    }
    wasi::call_context context{group.memory(), group.canceller()};
    const auto invoke = [&] {
      return function.invoke(*process_of(group).wasi_system, context, std::span(arguments).first(count));
    };
    if (!function.may_wait) {
      const wasi::outcome outcome = invoke();
      if (outcome.kind != wasi::outcome_kind::returned) {
        return unwind(outcome);
      }
      if (!function.type.results.empty()) {
        values[0] = engine::value_slot::of_i32(outcome.value);
      }
      return {};
    }
    const wasi::outcome outcome = [&] {
      const blocking_call blocking(
          group, function.name.data()); // NOLINT(bugprone-suspicious-stringview-data-usage): a literal
      return invoke();
    }();
    if (outcome.kind != wasi::outcome_kind::returned) {
      return unwind(outcome);
    }
    values[0] = engine::value_slot::of_i32(outcome.value);
    return after_blocking(group);
  };
}

} // namespace

void add_wasi(host_registry& registry)
{
  for (const wasi::host_call& function : wasi::preview1_calls()) {
    registry.add("wasi_snapshot_preview1", std::string(function.name), function.type, bind(function));
  }
  for (const wasi::host_call& function : wasi::unstable_calls()) {
    registry.add("wasi_unstable", std::string(function.name), function.type, bind(function));
  }
}

} // namespace interlink::abi
