// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Closures in the simulation: made, prepared anew while other threads call them, freed. A closure returns what tells
// its backing function, itself and its datum, so that a call which found another's record, half of one, or a slot that
// its group has not filled yet, shows at once.
#include "tests/simulation/guest_call.hh"
#include "tests/simulation/simulated_world.hh"

#include <algorithm>
#include <utility>

#include "loader/closure_code.hh"
#include "loader/symbol_lookup.hh"
#include "wasm/reserved_names.hh"

namespace interlink::simulation {

namespace {

constexpr std::uint32_t closures_max = 4;
constexpr std::uint32_t data_per_closure = 10;

coordinator_reply change(instance_group& group, closure_change what)
{
  std::byte* const control = process_of(group).environment.control_memory->data();
  return group.ask(closure_request{
      std::move(what), shared_words(reinterpret_cast<std::uint64_t*>(control + reserved::closure_records_address))});
}

} // namespace

// Its spawner names the same stack for every thread; trampolines write to it.
void simulated_world::give_stack(instance_group& group)
{
  constexpr std::uint32_t bytes = 256;
  const std::uint64_t pointer = group.store().stack_pointer().value_or(0);
  if (group.id() != first_group && pointer <= process_->program().layout.stack_high.value) {
    group.store().set_stack_pointer(stacks_ + 2 * reserved::small_frame_bytes + bytes * (1 + group.id().value % 64));
  }
}

result<void> simulated_world::use_closures(instance_group& group, script& mine)
{
  const auto library = std::ranges::find_if(mine.open, [&](const auto& own) { return stays(own.number); });
  if (library == mine.open.end()) {
    return {};
  }
  // Slot of a function that others may not have heard of.
  const auto backing =
      find_address(process_of(group).loader, group, library->handle, "back" + std::to_string(library->number));
  if (!backing) {
    return is_unwinding(backing.error()) ? fail(backing.error()) : result<void>{};
  }
  if (!shared_closures_.empty() && (shared_closures_.size() >= closures_max || chance(2))) {
    note(happening::prepares_closure_again);
    return prepare(group, shared_closures_[pick(shared_closures_.size())], *backing, library->number);
  }
  const coordinator_reply reply = change(group, allocate_closure{});
  const auto* allocated = std::get_if<slot_outcome>(&reply);
  if (allocated == nullptr) {
    return {};
  }
  const std::uint32_t slot = allocated->slot.value;
  if (closures_.contains(slot) || meaning_.contains(slot)) {
    scheduler_.fail("slot " + std::to_string(slot) + " is set aside for a closure, and has a function");
  }
  closures_.emplace(slot, closure{++closures_made_, {}});
  if (auto prepared = prepare(group, slot, *backing, library->number); !prepared) {
    closures_.erase(slot);
    return prepared;
  }
  if (closures_.at(slot).values.empty()) { // the engine refused its trampolines
    closures_.erase(slot);
    change(group, free_closure{allocated->slot});
    return {};
  }
  note(happening::makes_closure);
  if (chance(2)) {
    scheduler_.trace("shares closure " + std::to_string(slot));
    shared_closures_.push_back(slot);
    return without_value(guest_call(group, main_module, "store", {shelf_word(), slot}));
  }
  auto called = call_closure(group, slot, guest_call(group, main_module, "call_slot", {slot}));
  closures_.erase(slot);
  note(happening::frees_closure);
  change(group, free_closure{allocated->slot});
  return called;
}

result<void> simulated_world::prepare(instance_group& group, std::uint32_t slot, std::uint32_t backing,
                                      std::uint32_t library)
{
  closure& at = closures_.at(slot);
  const auto datum = static_cast<std::uint32_t>(data_per_closure * at.number + pick(data_per_closure));
  function_type type{{}, {wasm::i32}};
  auto code = process_of(group).loader.closures->of_type(type, true);
  if (!code) {
    return {}; // refused
  }
  const std::uint32_t value = support::backing_value_of(library, datum);
  // Others may find it before the reply is here.
  at.values.insert(value);
  shared_.insert(value);
  scheduler_.trace("prepares closure " + std::to_string(slot) + " to return " + std::to_string(value));
  const coordinator_reply reply =
      change(group, prepare_closure{table_index{slot}, {backing, datum}, std::move(type), std::move(*code)});
  if (const auto* failure = std::get_if<error>(&reply); failure != nullptr && failure->code() != errc::stopping) {
    scheduler_.fail("a closure cannot be prepared: " + failure->message());
  }
  return {};
}

result<void> simulated_world::call_closure(instance_group& group, std::uint32_t slot,
                                           const result<std::uint32_t>& returned)
{
  note(happening::calls_closure);
  if (returned && !closures_.at(slot).values.contains(*returned)) {
    scheduler_.fail("agreement: closure " + std::to_string(slot) + " returned " + std::to_string(*returned) +
                    ", which it was never prepared for");
  }
  return judge_call(group, returned, 0);
}

} // namespace interlink::simulation
