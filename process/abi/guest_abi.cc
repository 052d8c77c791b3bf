// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/abi/guest_abi.hh"

#include <utility>

namespace interlink::abi {

std::shared_ptr<const host_registry> make_guest_abi(host_registry embedder_functions)
{
  auto registry = std::make_shared<host_registry>();
  registry->open("wasix_32v1");
  add_wasi(*registry);
  add_closures(*registry);
  add_dynamic_calls(*registry);
  add_dynamic_linking(*registry);
  add_exit_handler_calls(*registry);
  add_threads(*registry);
  add_futexes(*registry);
  add_process(*registry);
  add_process_control(*registry);
  add_embedder_calls(*registry);
  add_reflection(*registry);
  guard_embedder_functions(embedder_functions);
  registry->override_with(std::move(embedder_functions));
  return registry;
}

} // namespace interlink::abi
