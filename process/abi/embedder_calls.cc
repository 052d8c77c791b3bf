// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Host functions that are about the embedder. `interlink_host.serve`: a guest thread that was made for it parks here
// and runs the calls posted to it; the guest support library's start routine calls it with the cookie that it was
// started with. And what surrounds each function of the embedder's own.
#include "groups/host_memory.hh"
#include "groups/instance_group.hh"

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/main_program.hh"
#include "process/process_core.hh"

namespace interlink::abi {

namespace {

result<void> serve(instance_group& group, std::span<engine::value_slot> values)
{
  process_of(group).embedder_groups.arrive(values[0].i32(), group.id());
  return serve_calls(group);
}

/// The engine's frames cannot be unwound by a C++ exception.
error trap_of_exception(const std::string& name, std::string_view text)
{
  error_detail detail;
  detail.message = "host function " + name + " threw: " + std::string(text);
  detail.trap = trap_record{detail.message, {}};
  return {errc::guest_trapped, std::move(detail)};
}

result<void> call_guarded(const host_call& call, const std::string& name, instance_group& group, values arguments)
{
  const embedder_function::scope inside(group.in_embedder_function, name.c_str());
  const bool is_traced = group.events().has_details();
  const event_slice slice(
      group.events(),
      {.name = is_traced ? group.events().name_of_static(name.c_str()) : 0, .kind = event_kind::host_wait}, is_traced);
  try {
    return unless_exhausted(name, [&] { return call(group, arguments); });
  } catch (const std::exception& failure) {
    return fail(trap_of_exception(name, failure.what()));
  } catch (...) {
    return fail(trap_of_exception(name, "something that is no std::exception"));
  }
}

} // namespace

void guard_embedder_functions(host_registry& embedder_functions)
{
  embedder_functions.wrap_functions([](host_call call, const std::string& name) -> host_call {
    return [call = std::move(call), name](instance_group& group, values arguments) {
      return call_guarded(call, name, group, arguments);
    };
  });
}

void add_embedder_calls(host_registry& registry)
{
  registry.add("interlink_host", "serve", {{wasm::i32}, {}}, serve);
}

} // namespace interlink::abi
