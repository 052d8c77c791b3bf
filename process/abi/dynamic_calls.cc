// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// call_dynamic and reflect_signature of `wasix_32v1`: calls of functions whose types the caller learns as it runs. Both
// catch up first, since the function may have come with an operation that this group has not applied; and both look at
// all buffers before anything happens.
#include "groups/instance_group.hh"
#include "linker/closures.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/abi/value_types.hh"

namespace interlink::abi {

namespace {

/// Bytes that values of these types take; nothing when one is a reference.
std::optional<std::uint64_t> packed_bytes(const std::vector<value_type>& types)
{
  std::uint64_t bytes = 0;
  for (const value_type& type : types) {
    const auto number = number_of(type);
    if (!number) {
      return std::nullopt;
    }
    bytes += guest_value_types[*number].size;
  }
  return bytes;
}

/// The function in a slot of this group, brought up to date; null when there is none, as in a closure's that is not
/// prepared.
result<engine::function> function_at(instance_group& group, std::uint32_t slot)
{
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return fail(std::move(caught_up.error()));
  }
  const closure_binding closure = group.applied().closures->of_slot[slot];
  return closure.is_closure() && !closure.is_prepared() ? engine::function{} : group.store().slot(table_index{slot});
}

/// A value that does not fit in what is left is 0, and takes nothing of it.
void unpack(std::span<const std::byte> from, const std::vector<value_type>& types, values into)
{
  for (std::size_t i = 0; i < types.size(); ++i) {
    const std::size_t size = guest_value_types[*number_of(types[i])].size;
    into[i] = {};
    if (size <= from.size()) {
      std::memcpy(&into[i], from.data(), size);
      from = from.subspan(size);
    }
  }
}

/// A value that does not fit in what is left is dropped.
void pack(values from, const std::vector<value_type>& types, std::span<std::byte> into)
{
  for (std::size_t i = 0; i < types.size(); ++i) {
    const std::size_t size = guest_value_types[*number_of(types[i])].size;
    if (size <= into.size()) {
      std::memcpy(into.data(), &from[i], size);
      into = into.subspan(size);
    }
  }
}

/// (function, values, their bytes, results, their bytes, is strict).
result<void> call_dynamic(instance_group& group, values arguments)
{
  const std::uint32_t results_address = arguments[3].i32();
  const std::uint32_t results_bytes = arguments[4].i32();
  const bool is_strict = arguments[5].i32() != 0;
  const auto given = group.memory().range(arguments[1].i32(), arguments[2].i32());
  if (!given || !group.memory().contains(results_address, results_bytes)) {
    return answer(arguments, errno_memviolation);
  }
  const auto function = function_at(group, arguments[0].i32());
  if (!function) {
    return fail(function.error());
  }
  if (is_null(*function)) {
    return answer(arguments, errno_code::inval);
  }
  const function_type type = group.store().store().type_of(*function);
  const auto wanted = packed_bytes(type.parameters);
  const auto returned = packed_bytes(type.results);
  if (!wanted || !returned || (is_strict && (*wanted != given->size() || *returned != results_bytes))) {
    return answer(arguments, errno_code::inval);
  }
  std::vector<engine::value_slot> slots(std::max(type.parameters.size(), type.results.size()));
  unpack(*given, type.parameters, slots);
  if (auto called = group.call(*function, slots); !called) {
    return called;
  }
  pack(slots, type.results, *group.memory().range(results_address, results_bytes));
  return answer(arguments, errno_code::success);
}

/// The numbers of the types; nothing when one is a reference.
std::optional<std::vector<std::byte>> numbers_of(const std::vector<value_type>& types)
{
  std::vector<std::byte> numbers;
  numbers.reserve(types.size());
  for (const value_type& type : types) {
    const auto number = number_of(type);
    if (!number) {
      return std::nullopt;
    }
    numbers.push_back(std::byte{*number});
  }
  return numbers;
}

/// A signature that may be kept by the number of the slot: no other function can come to have it. So it is for the
/// program's functions, those of libraries that stay as long as it does, and the host's.
bool stays(const snapshot& now, table_index slot)
{
  if (now.closures->of_slot[slot.value].is_closure()) {
    return false;
  }
  const auto owner = module_with_slot(now, slot);
  const std::vector<module_id>& staying = now.find(main_module)->closure;
  return !owner || std::ranges::find(staying, *owner) != staying.end();
}

/// What a signature is reported as. Source: `reflection_result` of WASIX.
struct reflection {
  bool is_cacheable{};
  std::uint16_t arguments{};
  std::uint16_t results{};

  std::array<std::byte, 6> bytes() const
  {
    std::array<std::byte, 6> made{};
    made[0] = std::byte{is_cacheable};
    wasi::put(made, 2, arguments);
    wasi::put(made, 4, results);
    return made;
  }
};

/// (function, argument types, their room, result types, their room, out reflection).
result<void> reflect_signature(instance_group& group, values arguments)
{
  const wasi::guest_memory memory = group.memory();
  const std::uint32_t slot = arguments[0].i32();
  const std::uint32_t arguments_address = arguments[1].i32();
  const auto arguments_room = static_cast<std::uint16_t>(arguments[2].i32());
  const std::uint32_t results_address = arguments[3].i32();
  const auto results_room = static_cast<std::uint16_t>(arguments[4].i32());
  const std::uint32_t out = arguments[5].i32();
  if (!memory.contains(arguments_address, arguments_room) || !memory.contains(results_address, results_room) ||
      !memory.contains(out, sizeof(reflection{}.bytes()))) {
    return answer(arguments, errno_memviolation);
  }
  const auto function = function_at(group, slot);
  if (!function) {
    return fail(function.error());
  }
  if (is_null(*function)) {
    static_cast<void>(memory.store_bytes(out, reflection{}.bytes()));
    return answer(arguments, errno_code::inval);
  }
  const function_type type = group.store().store().type_of(*function);
  const reflection found{stays(group.applied(), table_index{slot}), static_cast<std::uint16_t>(type.parameters.size()),
                         static_cast<std::uint16_t>(type.results.size())};
  static_cast<void>(memory.store_bytes(out, found.bytes()));
  if (found.arguments > arguments_room || found.results > results_room) {
    return answer(arguments, errno_code::overflow);
  }
  const auto argument_numbers = numbers_of(type.parameters);
  const auto result_numbers = numbers_of(type.results);
  if (!argument_numbers || !result_numbers) {
    return answer(arguments, errno_code::inval);
  }
  static_cast<void>(memory.store_bytes(arguments_address, *argument_numbers));
  static_cast<void>(memory.store_bytes(results_address, *result_numbers));
  return answer(arguments, errno_code::success);
}

} // namespace

void add_dynamic_calls(host_registry& registry)
{
  registry.add("wasix_32v1", "call_dynamic", errno_function(6), call_dynamic);
  registry.add("wasix_32v1", "reflect_signature", errno_function(6), reflect_signature);
}

} // namespace interlink::abi
