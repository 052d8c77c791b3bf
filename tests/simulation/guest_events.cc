// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What happens inside constructors, open start functions and new threads of the simulation.
#include "tests/simulation/guest_call.hh"
#include "tests/simulation/simulated_world.hh"

#include <algorithm>

#include "loader/library_loader.hh"
#include "process/thread_spawner.hh"

namespace interlink::simulation {

result<void> simulated_world::on_event(instance_group& group, std::uint32_t what, std::uint32_t number)
{
  group_at_[scheduler_.running()] = group.id();
  std::vector<happening>& inside = inside_[group.id()];
  if (what == support::event_called) {
    note(happening::calls_in_start);
    if (!shared_.contains(number)) {
      scheduler_.fail("agreement: an open start function called a function that returned " + std::to_string(number));
    }
    return {};
  }
  if (what == support::event_open_start) {
    scheduler_.trace("open start of library " + std::to_string(number) + " in group " +
                     std::to_string(group.id().value));
    if (++started_[{group.id(), number}] > watch_->incarnations(number)) {
      scheduler_.fail("an open start function ran twice in one group");
    }
    check_holds_no_claim(group);
    if (openers_.contains(group.id()) || (arriving_openers_ > 0 && !arrived_.contains(group.id()))) {
      return {}; // a constructor waits for this thread, or may: it must wait for nobody's
    }
    if (chance(4)) {
      return wait(group);
    }
    if (!chance(6) || loading_[group.id()] >= 3) {
      return call_shared(group);
    }
    inside.push_back(happening::opens_in_start);
    auto ran = run_script(group, 1 + pick(2), 1);
    inside.pop_back();
    return ran;
  }
  check_holds_no_claim(group);
  scheduler_.trace("constructor of library " + std::to_string(number) + " in group " +
                   std::to_string(group.id().value));
  // Its memory was zero: the count that the constructor has just raised is 1 now.
  const auto newest = std::ranges::max_element(group.store().instances(), {}, [&](const auto& each) {
    return library_number(*each.second.plan) == number ? each.first.value : 0;
  });
  if (guest_call(group, newest->first, "data" + std::to_string(number), {0}) != 1U) {
    scheduler_.fail("the data of library " + std::to_string(number) + " was not zero, or its constructor ran twice");
  }
  if (++constructed_[number] > watch_->incarnations(number)) {
    scheduler_.fail("T6: the constructor of library " + std::to_string(number) + " ran twice");
  }
  if (chance(24)) {
    note(happening::dies_in_constructor);
    return exit(group);
  }
  if (chance(64)) {
    note(happening::dies_in_constructor);
    return trap(group);
  }
  if (chance(8)) {
    return wait_for_opener(group);
  }
  if (!chance(2) || loading_[group.id()] >= 3) {
    return {};
  }
  inside.push_back(happening::opens_in_constructor);
  auto ran = run_script(group, 1 + pick(sized(5, 2)), 1);
  inside.pop_back();
  return ran;
}

result<group_id> simulated_world::spawn_with(instance_group& group, std::uint32_t structure)
{
  static_cast<void>(group.memory().store<std::uint32_t>(structure, shelf_ + 0x1'0000));
  scheduler_.describe("thread spawn");
  spawning_.insert(group.id());
  auto spawned = spawn_thread(group, structure, thread_abi::wasi_threads);
  spawning_.erase(group.id());
  scheduler_.describe("guest");
  if (spawned) {
    note(happening::spawns);
  } else if (spawned.error().code() == errc::spawn_failed && refuses_threads_) {
    note(happening::thread_refused);
  }
  scheduler_.trace(spawned ? "group " + std::to_string(group.id().value) + " spawned " + std::to_string(spawned->value)
                           : "no thread: " + spawned.error().message());
  if (!spawned && spawned.error().code() == errc::spawn_failed && fault_one_in_ == 0 && !refuses_threads_) {
    scheduler_.fail("no thread, and nothing was refused: " + spawned.error().message());
  }
  return spawned;
}

result<void> simulated_world::wait_for_opener(instance_group& group)
{
  if (openers_begun_ == openers_max) {
    return {};
  }
  const std::uint32_t opener = ++openers_begun_;
  ++arriving_openers_;
  const auto spawned = spawn_with(group, start_structure(opener));
  if (!spawned) {
    --arriving_openers_;
    return spawned.error().code() == errc::spawn_failed ? result<void>{} : fail(spawned.error());
  }
  // The opened library needs nobody's constructors: were the open to wait for this one, the watchdog would tell.
  note(happening::waits_in_constructor_for_opener);
  scheduler_.trace("a constructor waits for a thread that opens");
  scheduler_.describe("a constructor that waits for a thread that opens");
  constexpr std::uint32_t for_four_seconds = 0xFFFF'FFFF;
  auto waited = guest_call(group, main_module, "wait", {answer_word(opener), 0, for_four_seconds});
  scheduler_.describe("guest");
  constexpr std::uint32_t timed_out = 2;
  if (waited && *waited == timed_out && !process_->has_ended()) {
    scheduler_.fail("a constructor waits in vain for a thread that opens");
  }
  return without_value(waited);
}

result<void> simulated_world::on_thread(instance_group& group, std::uint32_t structure)
{
  arrived_.insert(group.id());
  group_at_[scheduler_.running()] = group.id();
  const std::uint32_t opener = (structure - start_structure(0)) / structure_bytes;
  if (opener == 0) {
    return run_script(group, sized(8, 2) + pick(sized(60, 4)), 0);
  }
  --arriving_openers_;
  openers_.insert(group.id());
  const auto opened = open_and_judge(group, lonely_, open_flag::lazy | open_flag::no_delete);
  if (!opened && is_unwinding(opened.error())) {
    return fail(opened.error());
  }
  if (auto stored = guest_call(group, main_module, "store", {answer_word(opener), 1}); !stored) {
    return fail(stored.error());
  }
  return without_value(guest_call(group, main_module, "notify", {answer_word(opener), 1}));
}

std::uint32_t simulated_world::on_index(instance_group&)
{
  if (meaning_.empty() || chance(3)) {
    return 0;
  }
  auto chosen = meaning_.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(pick(meaning_.size())));
  return chosen->first;
}

} // namespace interlink::simulation
