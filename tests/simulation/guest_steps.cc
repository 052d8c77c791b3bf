// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a guest thread of the simulation does, step by step.
#include "tests/simulation/guest_call.hh"
#include "tests/simulation/simulated_world.hh"

#include <algorithm>
#include <array>

#include "loader/closure_reader.hh"
#include "loader/library_closer.hh"
#include "loader/library_loader.hh"
#include "loader/symbol_lookup.hh"
#include "process/thread_spawner.hh"

namespace interlink::simulation {

namespace {

constexpr std::array step_names{"open",
                                "find",
                                "call own",
                                "close",
                                "wait",
                                "notify",
                                "spawn",
                                "await load",
                                "await constructors",
                                "catch up",
                                "take slots",
                                "trap",
                                "exit",
                                "die",
                                "call import",
                                "find in global scope",
                                "pin",
                                "use a closure",
                                "call shared"};

using enum step_kind;

/// A step is one of these, each as likely.
constexpr std::array usual_steps{
    opens,        opens,        opens,        opens,        opens,        finds,        finds,
    finds,        finds,        calls_own,    calls_own,    calls_own,    closes,       closes,
    waits,        notifies,     notifies,     spawns,       spawns,       awaits_load,  awaits_constructors,
    catches_up,   takes_slots,  traps,        exits,        dies,         calls_import, finds_global,
    pins,         uses_closure, uses_closure, calls_shared, calls_shared, calls_shared, calls_shared,
    calls_shared, calls_shared, calls_shared};

/// All kinds, as small worlds draw them.
constexpr std::array small_steps{opens,        opens,    finds,       finds,        closes,       calls_own,
                                 waits,        spawns,   dies,        traps,        awaits_load,  awaits_constructors,
                                 catches_up,   exits,    takes_slots, finds_global, calls_import, calls_shared,
                                 calls_shared, notifies, pins,        uses_closure};

/// What belongs together.
constexpr std::array themes{std::array{finds, spawns, calls_shared},       // indices that travel
                            std::array{finds, catches_up, calls_shared},   // the same, between threads that have begun
                            std::array{opens, closes, calls_own},          // lives of libraries
                            std::array{opens, finds, calls_shared},        // indices of what is being loaded
                            std::array{opens, uses_closure, calls_shared}, // indices behind a closure
                            std::array{opens, dies, closes}, // loads that are given up, closes that are waited for
                            std::array{opens, spawns, awaits_constructors}};

} // namespace

result<void> simulated_world::run_script(instance_group& group, std::uint64_t steps, int nesting)
{
  script mine;
  give_stack(group);
  group_at_[scheduler_.running()] = group.id();
  result<void> outcome;
  const bool meets = meets_ && nesting == 0;
  meeting_ += meets ? 1 : 0;
  for (; steps > 0 && outcome; --steps) {
    if (meets) {
      meet();
    }
    if (!scheduler_.begin_step()) {
      continue;
    }
    outcome = step(group, mine);
    if (!outcome) {
      scheduler_.trace("group " + std::to_string(group.id().value) + " unwinds: " + outcome.error().message());
    } else {
      check_here(group, nesting);
    }
    scheduler_.end_step();
  }
  if (meets) {
    part();
  }
  if (outcome && scheduler_.begin_step()) {
    outcome = close_all(group, mine);
    scheduler_.end_step();
  }
  return outcome ? run_pinned(group, mine) : outcome;
}

/// Threads that wait here cost a schedule no deviation: what takes three threads, each at its own step, comes about in
/// schedules that differ little from the plain one.
void simulated_world::meet()
{
  constexpr std::chrono::microseconds longest{400}; // some thread waits for longer, or was never made
  const std::uint64_t round = round_;
  const auto deadline = scheduler_.now() + longest;
  if (++met_ >= (round == 0 ? std::max(meeting_, 1 + spawned_) : meeting_)) {
    begin_round();
  }
  while (round_ == round && scheduler_.now() < deadline) {
    scheduler_.block(&round_, deadline);
  }
  if (round_ == round) {
    begin_round();
  }
}

void simulated_world::begin_round()
{
  ++round_;
  met_ = 0;
  scheduler_.wake(&round_);
}

/// A thread's script ends: the others need not wait for it.
void simulated_world::part()
{
  --meeting_;
  if (met_ > 0 && met_ >= meeting_) {
    begin_round();
  }
}

result<void> simulated_world::close_all(instance_group& group, script& mine)
{
  result<void> outcome;
  for (std::size_t count = chance(8) ? 0 : mine.open.size(); count > 0 && outcome; --count) {
    outcome = close(group, mine);
  }
  return outcome;
}

result<void> simulated_world::step(instance_group& group, script& mine)
{
  if (chance(move_one_in_)) {
    move_file();
  }
  const step_kind kind = options_.is_small ? kinds_[pick(kinds_.size())] : usual_steps[pick(usual_steps.size())];
  if (scheduler_.is_directed()) {
    scheduler_.trace(std::string("step: ") + step_names[static_cast<std::size_t>(kind)]);
  }
  switch (kind) {
  case opens:
    return open(group, mine);
  case finds:
    return mine.open.empty() && options_.is_small ? find_in_global_scope(group) : find_and_share(group, mine);
  case calls_own:
    return call_own(group, mine);
  case closes:
    return mine.open.empty() && options_.is_small ? open(group, mine) : close(group, mine);
  case waits:
    return wait(group);
  case notifies:
    return notify(group);
  case spawns:
    return spawn(group);
  case awaits_load:
    return await_load(group);
  case awaits_constructors:
    return await_constructors(group, mine);
  case catches_up:
    return group.catch_up_if_behind();
  case takes_slots: {
    const coordinator_reply reply = group.ask(allocate_slots_request{static_cast<std::uint32_t>(pick(4))});
    return {};
  }
  case traps:
    return chance(sized(64, 8)) ? trap(group) : result<void>{};
  case exits:
    return chance(sized(12, 4)) ? exit(group) : result<void>{};
  case dies:
    return chance(sized(12, 2)) && loading_[group.id()] == 0 ? die_with_a_load(group) : result<void>{};
  case calls_import:
    return call_main_import(group);
  case finds_global:
    return find_in_global_scope(group);
  case pins:
    return pin(group, mine);
  case uses_closure:
    return use_closures(group, mine);
  case calls_shared:
    return call_shared(group);
  }
  return {};
}

result<void> simulated_world::trap(instance_group& group)
{
  scheduler_.trace("group " + std::to_string(group.id().value) + " traps");
  note(happening::traps);
  was_trapped_ = true;
  return without_value(guest_call(group, main_module, "trap", {}));
}

result<void> simulated_world::exit(instance_group& group)
{
  scheduler_.trace("group " + std::to_string(group.id().value) + " exits");
  note(happening::exits);
  return fail(errc::thread_exited, "exits");
}

result<void> simulated_world::open(instance_group& group, script& mine)
{
  const auto number = 1 + static_cast<std::uint32_t>(pick(libraries_));
  std::uint32_t flags = chance(4) ? open_flag::now : open_flag::lazy;
  flags |= stays(number) ? open_flag::no_delete : 0;
  flags |= stays(number) && chance(4) ? open_flag::global : 0;
  flags |= chance(16) ? open_flag::no_load : 0;
  const auto opened = open_and_judge(group, number, flags);
  if (opened) {
    mine.open.push_back({number, *opened, {}});
  }
  return opened || !is_unwinding(opened.error()) ? result<void>{} : fail(opened.error());
}

result<library_handle> simulated_world::open_and_judge(instance_group& group, std::uint32_t number, std::uint32_t flags)
{
  scheduler_.describe("dlopen");
  scheduler_.trace("group " + std::to_string(group.id().value) + " opens " + file_of(number));
  if (const auto& inside = inside_[group.id()]; !inside.empty()) {
    note(inside.back());
  }
  const snapshot_ptr before = process_->coordination().state().current;
  ++loading_[group.id()];
  std::shared_ptr<std::atomic<bool>> cancelled;
  const wait_limit limit = some_limit(group.id(), cancelled);
  auto opened = open_library(process_of(group).loader, group, file_of(number), flags, {}, limit);
  --loading_[group.id()];
  scheduler_.describe("guest");
  const std::set<std::uint32_t> closure = closure_of(number);
  const bool has_trap =
      std::ranges::any_of(closure, [this](std::uint32_t each) { return shapes_.at(each).relocations_trap; });
  if (opened) {
    note(happening::opens);
    scheduler_.trace("opened " + file_of(number) + " as " + std::to_string(opened->value));
    if (has_trap) {
      scheduler_.fail("dlopen of " + file_of(number) + " succeeds, and relocations trap");
    }
    return opened;
  }
  note(happening::fails_to_open);
  scheduler_.trace("open of " + file_of(number) + " fails: " + opened.error().message());
  const auto is_allowed = [&](errc code) {
    switch (code) {
    case errc::engine_refused:
    case errc::table_exhausted:
    case errc::memory_exhausted:
      return fault_one_in_ != 0;
    case errc::initialiser_failed:
      return has_trap;
    case errc::symbol_not_found:
      return (flags & open_flag::now) != 0 && may_lack_symbols(closure);
    case errc::library_not_found:
      return move_one_in_ != 0 || (flags & open_flag::no_load) != 0;
    case errc::deadline_passed:
      note(last_wait_[group.id()] == happening::waits_for_constructor ? happening::passes_deadline_for_constructor
                                                                      : happening::passes_deadline_for_load_or_close);
      return limit.deadline.has_value();
    case errc::cancelled:
      note(happening::is_cancelled);
      return cancelled != nullptr;
    default:
      return false;
    }
  };
  if (!is_unwinding(opened.error()) && !is_allowed(opened.error().code())) {
    scheduler_.fail("dlopen fails with " + opened.error().message());
  }
  if (opened.error().code() == errc::symbol_not_found) {
    judge_missing_symbols(group, number, opened.error(), before);
  }
  return opened;
}

std::set<std::uint32_t> simulated_world::closure_of(std::uint32_t number) const
{
  std::set<std::uint32_t> closure;
  std::vector<std::uint32_t> left{number};
  while (!left.empty()) {
    const std::uint32_t each = left.back();
    left.pop_back();
    if (!closure.insert(each).second) {
      continue;
    }
    for (const std::string& needed : shapes_.at(each).needed) {
      left.push_back(static_cast<std::uint32_t>(std::stoul(needed.substr(3))));
    }
  }
  return closure;
}

bool simulated_world::may_lack_symbols(const std::set<std::uint32_t>& closure) const
{
  std::set<std::uint32_t> defined;
  for (const std::uint32_t each : closure) {
    defined.insert(shapes_.at(each).defines.begin(), shapes_.at(each).defines.end());
  }
  return std::ranges::any_of(closure, [&](std::uint32_t each) {
    return std::ranges::any_of(shapes_.at(each).uses, [&](std::uint32_t used) { return !defined.contains(used); });
  });
}

result<void> simulated_world::find_and_share(instance_group& group, script& mine)
{
  if (mine.open.empty()) {
    return {};
  }
  auto& library = mine.open[pick(mine.open.size())];
  note(happening::looks_up);
  const std::string name = name_to_find(chance(4) ? 1 + static_cast<std::uint32_t>(pick(libraries_)) : library.number);
  scheduler_.describe("dlsym");
  const auto slot = find_address(process_of(group).loader, group, library.handle, name);
  scheduler_.describe("guest");
  if (!slot && is_unwinding(slot.error())) {
    return fail(slot.error());
  }
  // The handle is held and bindings are final: whenever it is asked, the reference says the same.
  const auto expected = reference_->linker().find(library.handle, name);
  if (!slot || !expected) {
    if (slot || expected || slot.error().code() != expected.error().code()) {
      scheduler_.fail("reference: dlsym of " + name + " in " + file_of(library.number) + " gives " +
                      (slot ? "slot " + std::to_string(*slot) : slot.error().message()));
    }
    return {};
  }
  const std::uint32_t value = reference_->value_of(*expected).value();
  library.slots[*slot] = value;
  return stays(library.number) ? share(group, *slot, value, name) : result<void>{};
}

result<void> simulated_world::share(instance_group& group, std::uint32_t slot, std::uint32_t value,
                                    const std::string& name)
{
  const auto [known, is_new] = meaning_.emplace(slot, value);
  if (!is_new && known->second != value) {
    scheduler_.fail("slot " + std::to_string(slot) + " was given to two functions");
  }
  shared_.insert(value);
  note(happening::stores_index);
  scheduler_.trace("shares slot " + std::to_string(slot) + ", " + name);
  return without_value(guest_call(group, main_module, "store", {shelf_word(), slot}));
}

void simulated_world::choose_kinds_of_steps()
{
  // Few of them: where little is mixed, more of what a fault takes comes together. Source: swarm testing (Groce and
  // others, 2012).
  const std::uint64_t theme = pick(themes.size() + 1);
  if (theme < themes.size()) {
    kinds_.assign(themes.at(theme).begin(), themes.at(theme).end());
  }
  for (std::uint64_t count = kinds_.empty() ? 2 + pick(5) : pick(3); count > 0; --count) {
    kinds_.push_back(small_steps[pick(small_steps.size())]);
  }
}

std::string simulated_world::name_to_find(std::uint32_t library)
{
  const support::library_shape& shape = shapes_.at(library);
  switch (pick(sized(4, 8))) {
  case 0:
    return shape.has_tls ? "tls" + std::to_string(library) : "shared_0";
  case 1:
    return "shared_" + std::to_string(pick(shared_names));
  default:
    return support::function_name{library, static_cast<std::uint32_t>(pick(shape.functions))}.text();
  }
}

result<void> simulated_world::find_in_global_scope(instance_group& group)
{
  note(happening::looks_up_in_global_scope);
  const std::string name = name_to_find(1 + static_cast<std::uint32_t>(pick(staying_)));
  const bool is_published = process_->coordination().state().current->version == process_->coordination().head();
  const auto before = reference_->linker().find(default_scope_handle, name);
  const auto slot = find_address(process_of(group).loader, group, default_scope_handle, name);
  if (!slot && is_unwinding(slot.error())) {
    return fail(slot.error());
  }
  // The scope only grows, at its end: what was found stays, what was not may have come meanwhile.
  const auto after = reference_->linker().find(default_scope_handle, name);
  if ((slot && !after) || (!slot && before && is_published)) {
    scheduler_.fail("reference: dlsym of " + name + " in the global scope " + (slot ? "succeeds" : "fails"));
  }
  if (!slot || !after) {
    return {};
  }
  const std::uint32_t value = reference_->value_of(*after).value();
  // Whoever is in the global scope stays.
  return options_.is_small ? share(group, *slot, value, name)
                           : judge_call(group, guest_call(group, main_module, "call_slot", {*slot}), value);
}

result<void> simulated_world::close(instance_group& group, script& mine)
{
  std::ranges::rotate(mine.open, mine.open.begin() + static_cast<std::ptrdiff_t>(pick(mine.open.size())));
  for (auto at = mine.open.begin(); at != mine.open.end(); ++at) {
    if (stays(at->number)) {
      continue;
    }
    scheduler_.trace("closes " + file_of(at->number) + ", " + std::to_string(at->handle.value));
    const auto closing = give_back_handle(group, at->handle);
    mine.open.erase(at);
    if (!closing) {
      if (closing.error().code() != errc::stopping) {
        scheduler_.fail("close fails: " + closing.error().message());
      }
      return {};
    }
    if (closing->empty()) {
      return {};
    }
    note(happening::begins_close);
    if (auto destructed = destruct(group, *closing); !destructed) {
      note(happening::dies_between_turns_of_close);
      return destructed; // its leave ends the close
    }
    note(happening::unloads);
    group.ask(unload_request{*closing});
    return {};
  }
  return {};
}

/// As a thread-local object with a destructor does, whose code is in a library that this thread has open.
result<void> simulated_world::pin(instance_group& group, script& mine)
{
  const auto library = std::ranges::find_if(mine.open, [&](const auto& own) { return !stays(own.number); });
  if (mine.pinned || library == mine.open.end() || library->slots.empty()) {
    return {};
  }
  scheduler_.trace("pins " + file_of(library->number) + ", " + std::to_string(library->handle.value));
  const coordinator_reply reply = group.ask(pin_request{{module_id{library->handle.value}}, false});
  if (const auto* failure = std::get_if<error>(&reply)) {
    scheduler_.fail("a library whose handle is held cannot be pinned: " + failure->message());
    return {};
  }
  note(happening::pins);
  mine.pinned = *library;
  return {};
}

result<void> simulated_world::run_pinned(instance_group& group, script& mine)
{
  if (!mine.pinned) {
    return {};
  }
  const module_id pinned{mine.pinned->handle.value};
  const auto& [slot, value] = *mine.pinned->slots.begin();
  if (process_->coordination().state().current->find(pinned)->opens->handles() == 0) {
    note(happening::runs_pinned_after_close);
  }
  if (auto ran = judge_call(group, guest_call(group, main_module, "call_slot", {slot}), value); !ran) {
    return ran;
  }
  group.ask(pin_request{{pinned}, true});
  mine.pinned.reset();
  return {};
}

result<void> simulated_world::destruct(instance_group& group, const std::vector<module_id>& closing)
{
  std::vector<happening>& inside = inside_[group.id()];
  inside.push_back(happening::opens_in_destructor);
  result<void> outcome;
  for (auto module = closing.begin(); module != closing.end() && outcome; ++module) {
    for (std::uint64_t pause = pick(4); pause > 0; --pause) {
      scheduler_.guest_step();
    }
    if (chance(24)) {
      outcome = exit(group);
    } else if (chance(96)) {
      outcome = trap(group);
    } else if (chance(3) && inside.size() < 4) {
      outcome = run_script(group, 1 + pick(sized(5, 2)), 1);
    }
  }
  inside.pop_back();
  return outcome;
}

result<void> simulated_world::wait(instance_group& group)
{
  const std::uint32_t word = shelf_word();
  const auto value = guest_call(group, main_module, "load", {word});
  if (!value) {
    return fail(value.error());
  }
  scheduler_.describe("memory.atomic.wait");
  const std::uint32_t nanoseconds = 1'000 * (1 + static_cast<std::uint32_t>(pick(2'000)));
  auto waited = guest_call(group, main_module, "wait", {word, *value, nanoseconds});
  scheduler_.describe("guest");
  note(happening::waits);
  if (waited && *waited == 0) {
    note(happening::is_woken);
  }
  return without_value(waited);
}

result<void> simulated_world::notify(instance_group& group)
{
  const auto count = 1 + static_cast<std::uint32_t>(pick(3));
  return without_value(guest_call(group, main_module, "notify", {shelf_word(), count}));
}

result<void> simulated_world::spawn(instance_group& group)
{
  if (spawned_ >= static_cast<int>(sized(6, 3))) { // in all
    return {};
  }
  const auto spawned = spawn_with(group, start_structure(0));
  if (!spawned && spawned.error().code() != errc::spawn_failed) {
    return fail(spawned.error());
  }
  spawned_ += spawned ? 1 : 0;
  return {};
}

} // namespace interlink::simulation
