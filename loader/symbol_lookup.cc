// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/symbol_lookup.hh"

#include "groups/instance_group.hh"

#include <utility>

namespace interlink {

namespace {

result<found_symbol> find_up_to_date(instance_group& group, library_handle handle, std::string_view name,
                                     module_id caller = main_module)
{
  auto found = find_symbol(group.applied(), handle, name, caller);
  const auto* function = found ? std::get_if<found_function>(&*found) : nullptr;
  const bool is_final = found && (function == nullptr || function->slot != null_slot);
  if (is_final || group.services().coordination().head() == group.applied().version) {
    return found;
  }
  if (auto caught_up = group.catch_up(); !caught_up) {
    return fail(std::move(caught_up.error()));
  }
  return find_symbol(group.applied(), handle, name, caller);
}

result<table_index> slot_in(instance_group& group, const found_function& function)
{
  if (function.slot != null_slot) {
    return function.slot;
  }
  const coordinator_reply reply = group.ask(assign_slot_request{function.provider, function.export_ordinal});
  if (const auto* failure = std::get_if<error>(&reply)) {
    return fail(*failure);
  }
  // The slot is filled by the catch up in front of the call that uses it, in whichever group that is.
  return std::get<slot_outcome>(reply).slot;
}

} // namespace

result<std::uint32_t> find_address(const loader_services& loader, instance_group& group, library_handle handle,
                                   std::string_view name, module_id caller)
{
  if (!loader.program.is_dynamic) {
    return fail(errc::not_dynamic, "the program is not dynamically linked");
  }
  const bool is_traced = group.events().has_details();
  event_slice slice(
      group.events(),
      {.subject = handle.value, .name = is_traced ? group.events().name(name) : 0, .kind = event_kind::look_up},
      is_traced);
  auto found = find_up_to_date(group, handle, name, caller);
  slice.note(found ? event_note::none : event_note::failed);
  loader.log.write(log_category::symbols, group.id(), "symbol={}; lookup in handle {} [{}]", name, handle.value,
                   found ? "found" : "not found");
  if (!found) {
    return fail(std::move(found.error()));
  }
  if (const auto* data = std::get_if<found_data>(&*found)) {
    return static_cast<std::uint32_t>(data->address.value);
  }
  if (const auto* tls = std::get_if<found_tls>(&*found)) {
    // The module's instance in this group must exist, and with it the block.
    if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
      return fail(std::move(caught_up.error()));
    }
    const memory_address block = group.store().block_of(tls->provider);
    if (block.value == 0) {
      return fail(errc::symbol_type_mismatch,
                  std::string(name) + " is thread-local, and its module exports no __wasm_init_tls; link it with "
                                      "--export=__wasm_init_tls --export=__tls_size --export=__tls_align");
    }
    return static_cast<std::uint32_t>(block.value + tls->offset);
  }
  auto slot = slot_in(group, std::get<found_function>(*found));
  if (!slot) {
    return fail(std::move(slot.error()));
  }
  return slot->value;
}

result<found_slot> find_function(const loader_services& loader, instance_group& group, library_handle handle,
                                 std::string_view name)
{
  if (!loader.program.is_dynamic) {
    return fail(errc::not_dynamic, "the program is not dynamically linked");
  }
  auto found = find_up_to_date(group, handle, name);
  if (!found) {
    return fail(std::move(found.error()));
  }
  const auto* function = std::get_if<found_function>(&*found);
  if (function == nullptr) {
    return fail(errc::symbol_type_mismatch, std::string(name) + " is a datum, expected a function");
  }
  auto slot = slot_in(group, *function);
  if (!slot) {
    return fail(std::move(slot.error()));
  }
  const module_info& info = *group.applied().find(function->provider)->plan().info;
  return found_slot{*slot, std::get<function_type>(info.exports[function->export_ordinal].type)};
}

} // namespace interlink
