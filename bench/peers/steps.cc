// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "bench/peers/steps.hh"

#include "bench/support/guest_process.hh"

#include <utility>

#include "loader/closure_reader.hh"
#include "loader/memory_supply.hh"

namespace interlink::bench {

load_request read_small_library(instance_group& group)
{
  return read_library(group, "./libbench_small.so");
}

load_request read_library(instance_group& group, const std::string& path)
{
  const auto found = need(process_of(group).loader.files.find(path, {}, {}, ""));
  const loader_services& loader = process_of(group).loader;
  load_request request = need(
      make_ready(loader, group.events(), need(read_closure(loader, process_of(group), group.applied(), found, {}))));
  request.bind_now = true;
  request.requester = group.id();
  return request;
}

std::vector<module_artifact_ptr> carry_out_first(instance_group& requester, const planned_load& planned)
{
  std::vector<module_artifact_ptr> thunks;
  for (const module_plan& module : planned.plan->modules) {
    thunks.push_back(need(process_of(requester).loader.modules->prepare_thunks(module.thunks)));
  }
  need(grow_memory(process_of(requester).program(), requester, planned.plan->memory_pages));
  need(requester.rehearse(planned.plan, thunks, planned.requester_blocks));
  return thunks;
}

void call_constructor(instance_group& requester, module_id module)
{
  if (const auto constructor = requester.store().find_function(module, "__wasm_call_ctors")) {
    need(requester.call(*constructor, {}));
  }
}

void carry_out(instance_group& follower, const operation_body& operation)
{
  if (const auto* resolve = std::get_if<resolve_function>(&operation)) {
    need(follower.store().grow_table(resolve->table_size));
    need(follower.store().fill(resolve->slots));
    return;
  }
  const auto& load = std::get<load_modules>(operation);
  for (const group_block& block : load.blocks) {
    if (block.group == follower.id() && block.module != no_module) {
      follower.store().set_block(block.module, block.address);
    }
  }
  std::vector<module_id> open_initialisers;
  need(follower.store().apply(load.plan, load.thunk_artifacts, open_initialisers));
  if (!open_initialisers.empty()) {
    give_up("the library under measurement has a start function that calls others");
  }
}

planned_load plan(topology& state, group_id requester, const load_request& request)
{
  load_request asked = request;
  asked.requester = requester;
  prepare_outcome outcome = prepare_load(state, asked);
  auto* planned = std::get_if<planned_load>(&outcome);
  if (planned == nullptr || !planned->operations.empty()) {
    give_up("the load is not planned");
  }
  return std::move(*planned);
}

std::optional<module_id> next_constructor_of(topology& state, group_id requester, const planned_load& load,
                                             std::optional<module_id> finished)
{
  if (finished) {
    finish_constructor(state, requester, *finished);
  }
  const construct_outcome next = next_constructor(state, requester, load.id, load.root);
  const auto* run = std::get_if<run_constructor>(&next);
  return run == nullptr ? std::nullopt : std::optional(run->module);
}

found_function find_in(const snapshot& state, library_handle library, std::string_view name)
{
  const found_symbol found = need(find_symbol(state, library, name));
  return std::get<found_function>(found);
}

given_slot give_slot(topology& state, library_handle library, std::string_view name)
{
  const found_function found = find_in(*state.current, library, name);
  if (found.slot != null_slot) {
    return {found.slot, std::nullopt};
  }
  slot_outcome outcome = need(assign_slot(state, found.provider, found.export_ordinal));
  return {outcome.slot, std::move(outcome.operations.front())};
}

} // namespace interlink::bench
