// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `interlink_host.serve`: a guest thread that was made for the embedder parks here and runs the calls posted to it. The
// guest support library's start routine calls it with the cookie that it was started with.
#include "groups/instance_group.hh"

#include "process/abi/guest_abi.hh"
#include "process/main_program.hh"
#include "process/process_core.hh"

namespace interlink::abi {

namespace {

result<void> serve(instance_group& group, std::span<engine::value_slot> values)
{
  process_of(group).embedder_groups.arrive(values[0].i32(), group.id());
  return serve_calls(group);
}

} // namespace

void add_embedder_calls(host_registry& registry)
{
  registry.add("interlink_host", "serve", {{wasm::i32}, {}}, serve);
}

} // namespace interlink::abi
