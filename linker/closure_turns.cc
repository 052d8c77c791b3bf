// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns of closures. Two that prepare the same closure: the last one wins.
#include "linker/closures.hh"
#include "linker/topology_edit.hh"
#include "messages/limits.hh"

#include <algorithm>
#include <string>
#include <utility>

namespace interlink {

namespace {

constexpr std::size_t freed_slots_named = 8;

error too_many(const char* of_what, std::size_t limit)
{
  error_detail detail;
  detail.message =
      std::string("closures of this process have ") + std::to_string(limit) + " " + of_what + ", and may have no more";
  return {errc::limit_exceeded, std::move(detail)};
}

/// Publishes one slot, with what else of `next` has changed.
void publish(topology& state, closure_map closures, closure_fill fill, closure_outcome& outcome)
{
  next_snapshot next(state);
  closures.of_slot.set(fill.slot.value, fill.binding);
  next.edit().closures = std::make_shared<const closure_map>(std::move(closures));
  next.edit().table_size = std::max(next.edit().table_size, state.table.size());
  outcome.operations.emplace_back(set_closures{{fill}, next.edit().table_size});
  next.publish(state);
}

/// The oldest free trampoline of the type, or one of a new batch.
result<std::uint32_t> take_trampoline(topology& state, closure_map& closures, const prepare_closure& change)
{
  auto& pools = state.closures.free_trampolines;
  auto pool = pools.find(change.type);
  if (pool == pools.end()) {
    if (pools.size() >= limit::closure_types) {
      return fail(too_many("types", limit::closure_types));
    }
    pool = pools.try_emplace(change.type).first;
  }
  std::deque<std::uint32_t>& free = pool->second;
  if (free.empty()) {
    if (closures.batches.size() >= limit::closure_batches) {
      return fail(too_many("batches of trampolines", limit::closure_batches));
    }
    const auto first = static_cast<std::uint32_t>(closures.batches.size()) * closures_per_batch;
    closures.batches.push_back(std::make_shared<const closure_batch>(change.type, change.code));
    for (std::uint32_t place = 0; place < closures_per_batch; ++place) {
      free.push_back(first + place);
    }
  }
  const std::uint32_t number = free.front();
  free.pop_front();
  return number;
}

const function_type& type_of(const closure_map& closures, closure_binding binding)
{
  return closures.batches[binding.number() / closures_per_batch]->type;
}

void give_back_trampoline(topology& state, const closure_map& closures, closure_binding binding)
{
  if (binding.is_prepared()) {
    state.closures.free_trampolines[type_of(closures, binding)].push_back(binding.number());
  }
}

result<closure_outcome> change(topology& state, const allocate_closure&)
{
  const auto slot = state.table.allocate(1, 0);
  if (!slot) {
    return fail(slot.error());
  }
  closure_outcome outcome{*slot, {}, {}};
  publish(state, *state.current->closures, {*slot, closure_binding::unprepared()}, outcome);
  return outcome;
}

result<closure_outcome> change(topology& state, const prepare_closure& change)
{
  const closure_map& now = *state.current->closures;
  const closure_binding bound = now.of_slot[change.slot.value];
  if (!bound.is_closure()) {
    return fail(errc::invalid_argument, "slot " + std::to_string(change.slot.value) + " is no closure's");
  }
  closure_outcome outcome{change.slot, {}, {}};
  if (bound.is_prepared() && type_of(now, bound) == change.type) {
    // Its trampoline stays: whoever is in it reads the record whole, the former one or this.
    outcome.write = record_write{bound.number(), change.record};
    return outcome;
  }
  closure_map next = now;
  const auto number = take_trampoline(state, next, change);
  if (!number) {
    return fail(number.error());
  }
  give_back_trampoline(state, next, bound);
  outcome.write = record_write{*number, change.record};
  publish(state, std::move(next), {change.slot, closure_binding::trampoline(*number)}, outcome);
  return outcome;
}

result<closure_outcome> change(topology& state, const free_closure& change)
{
  closure_outcome outcome{change.slot, {}, {}};
  const closure_binding bound = state.current->closures->of_slot[change.slot.value];
  if (!bound.is_closure()) {
    return outcome;
  }
  closure_map next = *state.current->closures;
  give_back_trampoline(state, next, bound);
  next.freed_lately.push_back(change.slot);
  if (next.freed_lately.size() > freed_slots_named) {
    next.freed_lately.pop_front();
  }
  state.table.retire(change.slot, 1, state.resting_slots);
  publish(state, std::move(next), {change.slot, {}}, outcome);
  return outcome;
}

} // namespace

result<closure_outcome> change_closures(topology& state, const closure_change& what)
{
  return std::visit([&](const auto& kind) { return change(state, kind); }, what);
}

} // namespace interlink
