// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What modules there are and what lies at an address, for the guest support library's dladdr, dlinfo and
// dl_iterate_phdr. Any guest may import them: `interlink_host.next_module`, `interlink_host.find_address`.
#include "groups/instance_group.hh"
#include "linker/address_lookup.hh"
#include "linker/module_checks.hh"

#include <algorithm>
#include <array>
#include <string>

#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"

namespace interlink::abi {

namespace {

template <std::size_t Count>
bool store_words(const wasi::guest_memory& memory, std::uint32_t address, const std::array<std::uint64_t, Count>& words)
{
  if (!memory.contains(address, 4 * Count)) {
    return false;
  }
  for (std::size_t i = 0; i < Count; ++i) {
    static_cast<void>(
        memory.store<std::uint32_t>(address + 4 * static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(words[i])));
  }
  return true;
}

/// (handle, out {handle, memory base, memory size, table base, table size}, path, path length): the module with the
/// lowest handle above the one given; 0 gives the program. noent when there is none.
result<void> next_module(instance_group& group, values arguments)
{
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return caught_up;
  }
  const auto& modules = *group.applied().modules;
  const auto next = std::ranges::upper_bound(modules, module_id{arguments[0].i32()}, {},
                                             [](const loaded_module_ptr& module) { return module->plan().id; });
  if (next == modules.end()) {
    return answer(arguments, errno_code::noent);
  }
  const module_plan& plan = (*next)->plan();
  const wasi::guest_memory memory = group.memory();
  if (!store_words<5>(memory, arguments[1].i32(),
                      {plan.id.value, plan.memory_base.value, plan.memory_size, plan.table_base.value,
                       table_slots_of(*plan.info)})) {
    return answer(arguments, errno_memviolation);
  }
  write_text(memory, arguments[2].i32(), arguments[3].i32(), plan.name);
  return answer(arguments, errno_code::success);
}

/// (address, out {handle, symbol's address}, name, name length). noent when nothing is known of the address.
result<void> find_address_of(instance_group& group, values arguments)
{
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return caught_up;
  }
  const auto known = find_address(group.applied(), arguments[0].i32());
  if (!known) {
    return answer(arguments, errno_code::noent);
  }
  const wasi::guest_memory memory = group.memory();
  if (!store_words<2>(memory, arguments[1].i32(), {known->module.value, known->symbol_address})) {
    return answer(arguments, errno_memviolation);
  }
  write_text(memory, arguments[2].i32(), arguments[3].i32(), known->symbol);
  return answer(arguments, errno_code::success);
}

} // namespace

void add_reflection(host_registry& registry)
{
  registry.add("interlink_host", "next_module", errno_function(4), next_module);
  registry.add("interlink_host", "find_address", errno_function(4), find_address_of);
}

} // namespace interlink::abi
