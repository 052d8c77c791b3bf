// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// closure_allocate, closure_prepare, closure_free of `wasix_32v1`.
#include "groups/instance_group.hh"
#include "messages/guest_end.hh"
#include "messages/limits.hh"

#include <cstdint>
#include <expected>
#include <utility>
#include <vector>

#include "loader/closure_code.hh"
#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/abi/value_types.hh"
#include "process/process_core.hh"
#include "wasm/reserved_names.hh"

namespace interlink::abi {

namespace {

/// One turn. The slot, or why there is none.
result<table_index> change(instance_group& group, closure_change what)
{
  std::byte* const control = group.services().environment.control_memory->data();
  auto reply = group.ask(closure_request{
      std::move(what), shared_words(reinterpret_cast<std::uint64_t*>(control + reserved::closure_records_address))});
  if (auto* failure = std::get_if<error>(&reply)) {
    return fail(std::move(*failure));
  }
  return std::get<slot_outcome>(reply).slot;
}

result<void> answer_failure(values arguments, const error& failure)
{
  if (unwinds_guest(failure.code())) {
    return fail(failure);
  }
  return answer(arguments, failure == errc::invalid_argument ? errno_code::inval : errno_code::nomem);
}

/// (out slot).
result<void> allocate(instance_group& group, values arguments)
{
  const wasi::guest_memory memory = group.memory();
  const std::uint32_t out = arguments[0].i32();
  if (!memory.contains(out, 4)) {
    return answer(arguments, errno_memviolation);
  }
  if (!group.store().can_have_closures()) {
    return answer(arguments, errno_code::notsup);
  }
  const auto slot = change(group, allocate_closure{});
  if (!slot) {
    return answer_failure(arguments, slot.error());
  }
  static_cast<void>(memory.store<std::uint32_t>(out, slot->value));
  return answer(arguments, errno_code::success);
}

/// The types of a buffer of their numbers.
std::expected<std::vector<value_type>, errno_code> load_types(const wasi::guest_memory& memory, std::uint32_t buffer,
                                                              std::uint32_t count, std::size_t maximum)
{
  if (!memory.contains(buffer, count)) {
    return std::unexpected(errno_memviolation);
  }
  if (count > maximum) {
    return std::unexpected(errno_code::inval);
  }
  std::vector<value_type> types;
  types.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto number = memory.load<std::uint8_t>(buffer + i);
    if (!number || *number >= guest_value_types.size()) {
      return std::unexpected(errno_code::inval);
    }
    types.push_back(guest_value_types[*number].type);
  }
  return types;
}

/// (backing slot, closure slot, argument types, their count, result types, their count, datum).
result<void> prepare(instance_group& group, values arguments)
{
  const wasi::guest_memory memory = group.memory();
  const table_index backing{arguments[0].i32()};
  const table_index closure{arguments[1].i32()};
  const std::uint32_t datum = arguments[6].i32();
  auto parameters = load_types(memory, arguments[2].i32(), arguments[3].i32(), limit::function_parameters);
  auto results = load_types(memory, arguments[4].i32(), arguments[5].i32(), limit::function_results);
  if (!parameters || !results) {
    return answer(arguments, parameters ? results.error() : parameters.error());
  }
  if (!group.store().can_have_closures()) {
    return answer(arguments, errno_code::notsup);
  }
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return caught_up;
  }
  const engine::function function = group.store().slot(backing);
  if (is_null(function) || group.store().store().type_of(function) != closure_backing_type) {
    return answer(arguments, errno_code::inval);
  }
  function_type type{std::move(*parameters), std::move(*results)};
  auto code = process_of(group).loader.closures->of_type(type, group.store().shared_memory() != nullptr);
  if (!code) {
    return answer_failure(arguments, code.error());
  }
  const auto prepared =
      change(group, prepare_closure{closure, {backing.value, datum}, std::move(type), std::move(*code)});
  return prepared ? answer(arguments, errno_code::success) : answer_failure(arguments, prepared.error());
}

/// (closure slot). Success for a number that is no closure's, too.
result<void> release(instance_group& group, values arguments)
{
  if (!group.store().can_have_closures()) {
    return answer(arguments, errno_code::notsup);
  }
  const auto freed = change(group, free_closure{table_index{arguments[0].i32()}});
  return freed ? answer(arguments, errno_code::success) : answer_failure(arguments, freed.error());
}

} // namespace

void add_closures(host_registry& registry)
{
  registry.add("wasix_32v1", "closure_allocate", errno_function(1), allocate);
  registry.add("wasix_32v1", "closure_prepare", errno_function(7), prepare);
  registry.add("wasix_32v1", "closure_free", errno_function(1), release);
}

} // namespace interlink::abi
