// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the seed has go wrong: deadlines, cancellations, refusals, deaths, files that vanish.
#include "tests/simulation/guest_call.hh"
#include "tests/simulation/simulated_world.hh"

#include <algorithm>
#include <filesystem>

#include "loader/closure_reader.hh"
#include "loader/library_loader.hh"
#include "loader/memory_supply.hh"

namespace interlink::simulation {

result<void> simulated_world::await_load(instance_group& group)
{
  // A request that gives up: it is answered once, whichever comes first.
  const load_id awaited{1 + pick(12)};
  const auto deadline = scheduler_.now() + std::chrono::microseconds(1 + pick(200));
  scheduler_.describe("a wait for a load with a deadline");
  const coordinator_reply reply = group.ask(await_load_request{awaited}, wait_limit(deadline));
  scheduler_.describe("guest");
  if (const auto* failure = std::get_if<error>(&reply); failure != nullptr && *failure == errc::deadline_passed) {
    note(happening::passes_deadline_for_load_or_close);
  }
  if (!std::holds_alternative<ask_again_reply>(reply) && !has_given_up(reply)) {
    scheduler_.fail("C2: the answer to another request");
  }
  return {};
}

result<void> simulated_world::await_constructors(instance_group& group, script& mine)
{
  if (mine.open.empty()) {
    return {};
  }
  const module_id root{mine.open[pick(mine.open.size())].handle.value};
  const auto deadline = scheduler_.now() + std::chrono::microseconds(1 + pick(200));
  scheduler_.describe("a wait for constructors with a deadline");
  const coordinator_reply reply =
      group.ask(next_constructor_request{no_load, root, std::nullopt}, wait_limit(deadline));
  scheduler_.describe("guest");
  if (const auto* run = std::get_if<run_constructor>(&reply)) {
    // What the loader does with one that nobody owns any more.
    const auto constructor = group.store().find_function(run->module, "__wasm_call_ctors");
    const auto ran = constructor ? group.call(*constructor, {}) : result<void>{};
    group.ask(next_constructor_request{no_load, root, run->module, !ran});
    return ran;
  }
  const bool is_answer = std::holds_alternative<ask_again_reply>(reply) ||
                         std::holds_alternative<constructors_done>(reply) || has_given_up(reply);
  if (!is_answer) {
    scheduler_.fail("C2: the answer to another request");
  }
  return {};
}

bool simulated_world::has_given_up(const coordinator_reply& reply)
{
  const auto* failure = std::get_if<error>(&reply);
  return failure != nullptr && (failure->code() == errc::deadline_passed || failure->code() == errc::stopping);
}

wait_limit simulated_world::some_limit(group_id group, std::shared_ptr<std::atomic<bool>>& cancelled)
{
  wait_limit limit;
  const std::uint64_t kind = pick(12);
  if (kind == 0) {
    limit.deadline = scheduler_.now() + std::chrono::microseconds(pick(400));
  } else if (kind == 1) {
    cancelled = std::make_shared<std::atomic<bool>>(false);
    limit.is_cancelled = cancelled.get();
    scheduler_.start("canceller", [this, group, cancelled] {
      scheduler_.block(cancelled.get(), scheduler_.now() + std::chrono::microseconds(pick(400)));
      *cancelled = true;
      const auto waiting = process_ == nullptr ? nullptr : process_->threads.find(group);
      if (waiting != nullptr) {
        waiting->wake_waits();
      }
    });
  }
  return limit;
}

bool simulated_world::refuses(support::fake_call which)
{
  scheduler_.guest_step();
  // Memory grows so seldom that its refusals would hardly be seen.
  const std::uint64_t one_in = which == support::fake_call::memory_grow ? fault_one_in_ / 8 : fault_one_in_;
  const bool is_refused = which != support::fake_call::compile && watch_ != nullptr && chance(one_in);
  if (is_refused) {
    scheduler_.trace("the engine refuses call " + std::to_string(static_cast<int>(which)));
    note_refusal(which);
  }
  return is_refused;
}

void simulated_world::note_refusal(support::fake_call which)
{
  const auto at = group_at_.find(scheduler_.running());
  const bool is_requester =
      at != group_at_.end() && std::ranges::any_of(process_->coordination().state().loads, [&](const auto& entry) {
        return entry.second.request.requester == at->second;
      });
  switch (which) {
  case support::fake_call::compile:
    return;
  case support::fake_call::make_store:
    return note(happening::store_refused);
  case support::fake_call::instantiate:
    return note(is_requester ? happening::instantiation_refused_to_requester
                             : happening::instantiation_refused_to_follower);
  case support::fake_call::table_grow:
    return note(is_requester ? happening::table_growth_refused_to_requester
                             : happening::table_growth_refused_to_follower);
  case support::fake_call::memory_grow:
    // A follower grows no memory: it is shared. Who needs a block of the guest's allocator does.
    return note(at != group_at_.end() && spawning_.contains(at->second) ? happening::memory_growth_refused_to_spawner
                                                                        : happening::memory_growth_refused_to_opener);
  }
}

result<void> simulated_world::die_with_a_load(instance_group& group)
{
  const auto number = 1 + static_cast<std::uint32_t>(pick(libraries_));
  const auto root = process_->loader.files.find(file_of(number), {}, {}, "");
  if (!root) {
    return {};
  }
  auto closure = read_closure(process_->loader, *process_, group.applied(), *root, {});
  auto request = closure ? make_ready(process_->loader, group.events(), std::move(*closure))
                         : result<load_request>(fail(closure.error()));
  if (!request) {
    return {};
  }
  request->is_final = stays(number);
  const coordinator_reply reply = group.ask(prepare_load_request{std::move(*request)});
  const auto* outcome = std::get_if<prepare_outcome>(&reply);
  const auto* planned = outcome == nullptr ? nullptr : std::get_if<planned_load>(outcome);
  if (planned == nullptr) {
    return {}; // the handle of a library that is loaded already stays open
  }
  scheduler_.trace("group " + std::to_string(group.id().value) + " dies with load " +
                   std::to_string(planned->id.value));
  const planned_load kept = *planned;
  group.set_load_in_flight(&kept);
  happening how = happening::dies_before_rehearsal;
  if (chance(2) && group.catch_up_without_initialisers() && chance(2)) {
    static_cast<void>(grow_memory(process_->program(), group, kept.plan->memory_pages));
    std::vector<module_artifact_ptr> thunks;
    for (const module_plan& module : kept.plan->modules) {
      thunks.push_back(process_->loader.modules->prepare_thunks(module.thunks).value_or(nullptr));
    }
    group.zero_reused_memory_of(*kept.plan);
    const auto rehearsed = group.rehearse(kept.plan, thunks, kept.requester_blocks);
    how = rehearsed ? happening::dies_before_commit : happening::dies_rehearsing;
  }
  note(how);
  group.leave(); // what the guard of its thread does
  return fail(errc::thread_exited, "dies with a load");
}

void simulated_world::move_file()
{
  const std::string name = file_of(1 + static_cast<std::uint32_t>(pick(libraries_)));
  const std::string path = directory_ + "/" + name;
  std::error_code ignored;
  if (moved_.erase(name) != 0) {
    std::filesystem::rename(path + ".away", path, ignored);
  } else {
    std::filesystem::rename(path, path + ".away", ignored);
    moved_.insert(name);
  }
  scheduler_.trace("moves " + name);
}

} // namespace interlink::simulation
