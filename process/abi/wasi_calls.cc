// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binds the functions of wasi/ to guests: WASI preview 1 under its two module names, the files of WASIX, and ours.
#include "groups/instance_group.hh"
#include "wasi/extensions.hh"
#include "wasi/preview1.hh"
#include "wasi/wasix.hh"

#include <array>

#include "process/abi/blocking.hh"
#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/process_core.hh"

namespace interlink::abi {

namespace {

/// path_open2 has the most: ten.
constexpr std::size_t parameters_max = 10;

result<void> unwind(const wasi::outcome& outcome)
{
  if (outcome.kind == wasi::outcome_kind::cancelled) {
    return fail(errc::stopping, "the process is ending");
  }
  error_detail detail;
  detail.exit_code = outcome.value;
  return fail(error(errc::guest_exited, std::move(detail)));
}

/// The number for a bad address differs: Fault of preview 1 is Memviolation of WASIX.
enum class errno_numbers : bool { preview1, wasix };

std::uint32_t number_of(const wasi::outcome& outcome, errno_numbers numbers)
{
  const bool is_renamed = numbers == errno_numbers::wasix && outcome == wasi::outcome(errno_code::fault);
  return is_renamed ? static_cast<std::uint32_t>(errno_memviolation) : outcome.value;
}

/// One call: values in, errno out. Those that can wait catch up when they return.
host_call bind(const wasi::host_call& function, errno_numbers numbers = errno_numbers::preview1)
{
  return [&function, numbers](instance_group& group, std::span<engine::value_slot> values) -> result<void> {
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
        values[0] = engine::value_slot::of_i32(number_of(outcome, numbers));
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
    values[0] = engine::value_slot::of_i32(number_of(outcome, numbers));
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
  for (const wasi::host_call& function : wasi::wasix_calls()) {
    registry.add(std::string(wasi::wasix_module), std::string(function.name), function.type,
                 bind(function, errno_numbers::wasix));
  }
  for (const wasi::host_call& function : wasi::extension_calls()) {
    registry.add(std::string(wasi::extension_module), std::string(function.name), function.type, bind(function));
  }
}

} // namespace interlink::abi
