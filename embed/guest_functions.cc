// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/guest_functions.hh"

#include "embed/conversions.hh"

namespace interlink::v0 {

namespace {

interlink::result<void> serve(const detail::host_body& body, instance_group& group,
                              std::span<engine::value_slot> values)
{
  guest_context context(&group);
  const result<void> served = call_with_copies<detail::raw_value>(
      values, [&](std::span<detail::raw_value> copies) { return body(context, copies); });
  if (context.unwinding()) { // whether the function has handed it on or not
    return interlink::fail(to_internal(*context.unwinding()));
  }
  return served ? interlink::result<void>() : interlink::fail(to_internal(served.error()));
}

} // namespace

host_registry to_registry(const host_functions& functions)
{
  host_registry registry;
  for (const host_functions::entry& entry : functions.entries()) {
    registry.add(entry.module, entry.name, to_internal(entry.type),
                 [body = entry.body](instance_group& group, std::span<engine::value_slot> values) {
                   return serve(body, group, values);
                 });
  }
  for (const std::string& module : functions.open_modules()) {
    registry.open(module);
  }
  return registry;
}

} // namespace interlink::v0
