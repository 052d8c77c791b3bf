// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of the reserved module: libraries' imports of `__cxa_atexit` and its kin are bound to them, and the
// program's C library calls the others at exit.
#include "groups/instance_group.hh"
#include "linker/caller_names.hh"

#include <string>
#include <utility>

#include "loader/library_closer.hh"
#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/process_core.hh"
#include "wasm/reserved_names.hh"

namespace interlink::abi {

namespace {

static_assert(reserved_module == reserved::module_name);

/// Source: ISO C, 7.24.4.2: nonzero when the registration does not succeed.
constexpr std::uint32_t not_registered = ~std::uint32_t{0};

template <registration Kind>
result<void> enter(instance_group& group, values arguments)
{
  const module_id caller = group.store().take_caller();
  const bool has_argument = type_of(Kind).parameters.size() > 1;
  auto entered =
      register_handler(process_of(group).loader, group, Kind, caller, table_index{arguments[0].i32()},
                       has_argument ? arguments[1].i32() : 0, memory_address{has_argument ? arguments[2].i32() : 0});
  if (!entered) {
    return fail(std::move(entered.error()));
  }
  arguments[0] = engine::value_slot::of_i32(*entered ? 0 : not_registered);
  return {};
}

} // namespace

void add_exit_handler_calls(host_registry& registry)
{
  const std::string module_name(reserved_module);
  registry.add(module_name, "__cxa_atexit", type_of(registration::cxa_atexit), enter<registration::cxa_atexit>);
  registry.add(module_name, "atexit", type_of(registration::atexit), enter<registration::atexit>);
  registry.add(module_name, "at_quick_exit", type_of(registration::quick_exit), enter<registration::quick_exit>);
  for (const char* name : {"__cxa_thread_atexit", "__cxa_thread_atexit_impl"}) {
    registry.add(module_name, name, type_of(registration::thread_exit), enter<registration::thread_exit>);
  }
  registry.add(module_name, std::string(run_exit_handler), std::get<function_type>(exit_handler_runner().type),
               [](instance_group& group, values arguments) {
                 return run_handler(process_of(group).loader, group, handler_id{arguments[0].i32()});
               });
  registry.add(module_name, std::string(run_quick_exit_handler),
               std::get<function_type>(quick_exit_handler_runner().type),
               [](instance_group& group, values) { return run_next_quick_handler(process_of(group).loader, group); });
}

} // namespace interlink::abi
