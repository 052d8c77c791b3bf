// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/simulation/simulated_world.hh"

#include "tests/simulation/seeded_executor.hh"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <string_view>

#include "loader/library_loader.hh"
#include "loader/memory_supply.hh"
#include "process/main_program.hh"
#include "process/thread_spawner.hh"

namespace interlink {
namespace simulation {

void set_thread_refusals(std::uint64_t one_in);

namespace {

using engine::value_slot;
using support::fake_call;
using support::start_shape;

/// Steps of the scheduler after which a run counts as endless: far above what the longest takes.
/// More than an actor does in a run.
constexpr std::size_t events_of_recorded_actor = 65'535;

constexpr std::uint64_t step_bound = 3'000'000;

} // namespace

simulated_world::simulated_world(std::uint64_t seed, std::string directory, world_options options)
    : seed_(seed),
      directory_(std::move(directory)),
      options_(std::move(options)),
      scheduler_(seed, options_.director, options_.recorder),
      engine_(std::make_shared<support::fake_engine>())
{
  choose_shape();
  if (options_.is_small) {
    choose_kinds_of_steps();
  }
  write_files();
  engine_->refuses = [this](fake_call which) {
    return refuses(which);
  };
  engine_->on_step = [this] {
    scheduler_.guest_step();
  };
}

void simulated_world::choose_shape()
{
  staying_ = options_.is_small ? 1 : 1 + static_cast<std::uint32_t>(pick(3));
  libraries_ = staying_ + static_cast<std::uint32_t>(pick(sized(6, 2)));
  is_quiet_ = !chance(sized(3, 8));
  for (std::uint32_t number = 1; number <= libraries_; ++number) {
    support::library_shape shape;
    shape.number = number;
    shape.functions = 2 + static_cast<std::uint32_t>(pick(sized(2, 1)));
    shape.functions_in_table =
        options_.is_small && !chance(4) ? 0 : static_cast<std::uint32_t>(pick(shape.functions + 1));
    shape.has_tls = chance(2);
    shape.has_constructor = chance(2);
    const std::array<start_shape, 4> starts{start_shape::none, start_shape::closed, start_shape::open,
                                            start_shape::open};
    shape.start = starts[pick(starts.size())];
    shape.relocations_trap = number > 1 && chance(sized(12, 4));
    // A library that stays needs only such: nobody closes what its functions are bound to.
    const std::uint32_t reach = stays(number) ? staying_ : libraries_;
    for (std::uint32_t shared = 0; shared < shared_names; ++shared) {
      if (chance(4)) {
        shape.defines.push_back(shared);
      }
    }
    if (chance(3)) {
      shape.uses.push_back(static_cast<std::uint32_t>(pick(shared_names)));
    }
    for (std::uint32_t weak = 0; weak < weak_names; ++weak) {
      if (chance(6)) {
        shape.offers.push_back(weak);
      }
      if (chance(4)) {
        shape.weak.push_back(weak);
      }
    }
    for (std::uint64_t count = pick(3); count > 0; --count) {
      const auto other = 1 + static_cast<std::uint32_t>(pick(reach));
      shape.needed.push_back(file_of(other));
      const support::function_name function{other, static_cast<std::uint32_t>(pick(2))};
      if (chance(2)) {
        shape.calls.push_back(function);
      } else {
        shape.addresses.push_back(function);
      }
    }
    shapes_.emplace(number, std::move(shape));
  }
  lonely_ = libraries_ + 1;
  support::library_shape lonely;
  lonely.number = lonely_;
  lonely.start = chance(2) ? start_shape::closed : start_shape::none;
  lonely.has_tls = chance(2);
  shapes_.emplace(lonely_, std::move(lonely));
  main_.has_tls = chance(2);
  if (chance(2) || (options_.is_small && chance(2))) {
    main_.needed = {file_of(1)};
  }
  for (std::uint64_t count = pick(3); count > 0; --count) {
    main_.calls.push_back({1 + static_cast<std::uint32_t>(pick(staying_)), static_cast<std::uint32_t>(pick(2))});
  }
  main_.maximum_pages = 64;
  embeds_ = chance(sized(3, 8));
  meets_ = options_.is_small && chance(2);
  const std::array<std::uint64_t, 4> faults{0, 0, sized(60, 0), sized(400, 20)};
  fault_one_in_ = faults[pick(faults.size())];
  move_one_in_ = chance(sized(4, 16)) ? 20 : 0;
  refuses_threads_ = chance(sized(4, 16));
  set_thread_refusals(refuses_threads_ ? 4 : 0);
}

void simulated_world::write_files()
{
  const auto write = [&](const std::string& name, const std::vector<std::byte>& bytes) {
    std::ofstream file(directory_ + "/" + name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  write("main.wasm", support::make_main(main_));
  for (const auto& [number, shape] : shapes_) {
    write(file_of(number), support::make_library(shape));
  }
}

result<std::shared_ptr<process_core>> simulated_world::make_process()
{
  process_options options;
  options.library_path = {directory_};
  options.wasi.stdin_fd = options.wasi.stdout_fd = options.wasi.stderr_fd = -1;
  options.memory.stack_bytes = 65'536;
  options.events_per_actor = options_.events == nullptr ? options.events_per_actor : events_of_recorded_actor;
  // Small arenas make the guest's allocator supply blocks.
  options.memory.arena_bytes = chance(3) ? 0x4000 : 0x10'0000;
  options.debug.statistics = true;
  options.resting_slots = chance(2) ? 0 : 1 + static_cast<std::uint32_t>(pick(24));
  options.report = [this](const std::string& line) {
    // A second of virtual time is far beyond what a run of everybody takes: nobody will come.
    if (line.find("has waited") != std::string::npos && !process_->has_ended()) {
      scheduler_.fail(line);
      scheduler_.trace(scheduler_.waiting_report());
      process_->end({0, std::nullopt});
    }
  };
  return process_core::make(engine_, directory_ + "/main.wasm", std::move(options), host_functions(),
                            seeded_executor(scheduler_));
}

host_registry simulated_world::host_functions()
{
  host_registry registry;
  registry.add("test", "event", {{wasm::i32, wasm::i32}, {}},
               [this](instance_group& group, std::span<value_slot> values) {
                 return on_event(group, values[0].i32(), values[1].i32());
               });
  registry.add("test", "index", {{}, {wasm::i32}}, [this](instance_group& group, std::span<value_slot> values) {
    values[0] = value_slot::of_i32(on_index(group));
    return result<void>{};
  });
  registry.add(
      "test", "thread", {{wasm::i32, wasm::i32}, {}},
      [this](instance_group& group, std::span<value_slot> values) { return on_thread(group, values[1].i32()); });
  registry.add("test", "allocate", {{wasm::i32, wasm::i32}, {wasm::i32}},
               [this](instance_group& group, std::span<value_slot> values) {
                 const std::uint32_t alignment = values[0].i32();
                 const std::uint32_t begin = (heap_ + alignment - 1) / alignment * alignment;
                 heap_ = begin + values[1].i32();
                 const bool has_memory =
                     grow_memory(process_of(group).program(), group, (std::uint64_t{heap_} + 0xFFFF) >> 16).has_value();
                 values[0] = value_slot::of_i32(has_memory ? begin : 0);
                 return result<void>{};
               });
  return registry;
}

world_report simulated_world::run()
{
  report_.outcome = scheduler_.run([this] { drive(); }, step_bound);
  if (report_.outcome != run_outcome::ended) {
    scheduler_.fail(report_.outcome == run_outcome::deadlocked ? "deadlock: nobody can run"
                                                               : "endless: too many steps");
    scheduler_.trace(scheduler_.waiting_report());
  }
  report_.failures = scheduler_.failures();
  report_.steps = scheduler_.steps();
  report_.switches = scheduler_.switches();
  for (const traced_event& event : scheduler_.events()) {
    if (report_.failures.empty()) {
      break; // nobody reads it
    }
    report_.trace.push_back("step " + std::to_string(event.step) + " thread " + std::to_string(event.fiber) + ": " +
                            event.text);
  }
  return report_;
}

void simulated_world::drive()
{
  auto made = make_process();
  if (!made) {
    scheduler_.fail("no process: " + made.error().message());
    return;
  }
  process_ = std::move(*made);
  process_->recorder->set_details(options_.events != nullptr);
  shelf_ = static_cast<std::uint32_t>(process_->program().layout.memory_base.value);
  heap_ = static_cast<std::uint32_t>(process_->program().layout.heap_base.value);
  stacks_ = static_cast<std::uint32_t>(process_->program().layout.stack_low.value);
  watch_ = std::make_unique<coordinator_watch>(*process_);
  reference_ = std::make_unique<reference_watch>(*process_);
  scheduler_.on_batch_end = [this] {
    complain(watch_->check());
  };
  scheduler_.on_point = [this](schedule_place place) {
    if (place == schedule_place::turn_ends) {
      note_turn();
      complain(reference_->check_turn());
      complain(watch_->check_turn());
      if (options_.on_state) {
        options_.on_state(hash_of(process_->coordination().state()));
      }
    } else if (place == schedule_place::count_changed) {
      note(happening::counts_without_turn);
      complain(reference_->check_count());
    } else if (place == schedule_place::file_found && chance(2 * move_one_in_ / 5)) {
      note(happening::file_vanishes_before_it_is_read);
      move_file();
    }
    complain(watch_->check_publication(place));
  };
  start_main_thread();
  if (embeds_) {
    scheduler_.start("embedder", [this] {
      embed();
      has_embedded_ = true;
    });
  }
  if (!is_quiet_) {
    // The embedder stops the process at some moment, whatever its threads are at.
    scheduler_.describe("waits for a while");
    process_->threads.join_all(scheduler_.now() + std::chrono::microseconds(pick(sized(8'000, 400))));
    if (!process_->has_ended() && process_->threads.alive_count() > 0) {
      note(happening::is_stopped);
    }
    process_->end({0, std::nullopt});
  }
  scheduler_.describe("waits for the embedder");
  while (embeds_ && !has_embedded_) {
    scheduler_.block(this, scheduler_.now() + std::chrono::microseconds(100));
  }
  scheduler_.describe("waits for all threads");
  process_->threads.join_all(std::nullopt);
  if (process_->has_ended()) {
    judge_end(process_->wait_for_end());
  }
  process_->end({0, std::nullopt});
  report_.operations = watch_->published();
  note(happening::reuses_memory, watch_->reused_ranges());
  note(happening::reuses_slot, watch_->reused_slots());
  note(happening::takes_instance_again, process_->counts->second_lives);
  complain(watch_->check());
  complain(watch_->check_end());
  scheduler_.on_batch_end = nullptr;
  scheduler_.on_point = nullptr;
  if (options_.events != nullptr) {
    static_cast<void>(process_->trace->snapshot([this](std::string_view text) -> result<void> {
      options_.events->append(text);
      return {};
    }));
  }
  reference_.reset();
  watch_.reset();
  process_.reset();
}

void simulated_world::start_main_thread()
{
  auto started = start_first_group(process_, [this](instance_group& group) -> result<void> {
    if (auto loaded = load_program(process_of(group).loader, group, process_of(group).library_path()); !loaded) {
      if (!is_unwinding(loaded.error())) {
        process_->end({exit_code_of_load_failure, loaded.error()});
      }
      return loaded;
    }
    is_loaded_ = true;
    arrived_.insert(group.id());
    auto ran = options_.is_small ? spawn(group) : result<void>{};
    if (ran && meets_) {
      ran = spawn(group);
    }
    if (ran) {
      ran = run_script(group, sized(20, 3) + pick(sized(150, 5)), 0);
    }
    scheduler_.trace("the main thread ends: " + (ran ? std::string("returns") : ran.error().message()));
    if (ran && !is_quiet_) {
      process_->end({0, std::nullopt});
    }
    return ran;
  });
  if (!started) {
    process_->end({exit_code_of_load_failure, started.error()});
  }
}

void simulated_world::embed()
{
  const auto pause = [this](std::uint64_t microseconds) {
    scheduler_.block(&has_embedded_, scheduler_.now() + std::chrono::microseconds(1 + pick(microseconds)));
  };
  scheduler_.describe("an embedder");
  while (!is_loaded_ && !process_->has_ended() && process_->threads.alive_count() > 0) {
    pause(20);
  }
  const auto started =
      is_loaded_ ? start_bare_group(process_, [](instance_group& group) { return serve_calls(group); }) : no_group;
  const auto group = started ? process_->threads.find(*started) : nullptr;
  if (group == nullptr) {
    return; // refused, or over
  }
  const bool fills_mailbox = chance(8);
  std::uint64_t accepted = 0;
  auto answered = std::make_shared<std::uint64_t>(0);
  for (std::uint64_t left = 1 + pick(sized(12, 3)); left > 0; --left) {
    const std::uint64_t steps = 1 + pick(sized(6, 3));
    // As process/process.cc posts: what unwinds the guest ends the process as it would from the guest's own call.
    const auto posted = [&](std::uint64_t count) {
      return group->calls.post([this, answered, count](instance_group* at) {
        ++*answered;
        const auto caught_up = at == nullptr ? result<void>(fail(errc::stopping)) : at->catch_up_if_behind();
        const auto ran = caught_up && count > 0 ? run_script(*at, count, 0) : caught_up;
        if (!ran && ran.error().code() == errc::group_lost) {
          note(happening::group_is_lost_applying);
        }
        if (at != nullptr && !ran && ran.error().code() >= errc::guest_trapped) {
          process_->on_thread_result(ran);
          if (ran.error().code() == errc::thread_exited) {
            at->unwinding = ran.error();
          }
        }
      });
    };
    post_outcome outcome = posted(steps);
    accepted += outcome == post_outcome::accepted ? 1 : 0;
    for (std::size_t filled = 0; fills_mailbox && outcome == post_outcome::accepted; ++filled) {
      outcome = posted(0);
      accepted += outcome == post_outcome::accepted ? 1 : 0;
      if (filled > call_queue::capacity) {
        scheduler_.fail("a mailbox takes more than its bound");
        break;
      }
    }
    note(happening::meets_full_mailbox, outcome == post_outcome::full ? 1 : 0);
    if (outcome == post_outcome::closed) {
      break;
    }
    pause(400);
  }
  const auto last = [](instance_group* at) {
    if (at != nullptr) {
      at->calls.close();
    }
  };
  if (chance(2) || group->calls.post(last) != post_outcome::accepted) {
    group->calls.close();
  }
  while (process_->threads.find(*started) != nullptr) {
    pause(100);
  }
  note(happening::posts, accepted);
  if (*answered != accepted) {
    scheduler_.fail("an embedder's " + std::to_string(accepted) + " posts were answered " + std::to_string(*answered) +
                    " times");
  }
}

void simulated_world::judge_end(const process_outcome& outcome)
{
  if (!outcome.failure) {
    return;
  }
  const errc code = outcome.failure->code();
  if (outcome.failure->message().find("could not apply a committed operation") != std::string::npos) {
    note(happening::process_ends_applying);
  }
  const bool is_injected = fault_one_in_ != 0 || refuses_threads_ || was_trapped_;
  // The program's own libraries may be such that trap, and may vanish.
  if (!is_injected && code != errc::initialiser_failed && (code != errc::library_not_found || move_one_in_ == 0)) {
    scheduler_.fail("the process failed: " + outcome.failure->message());
  }
}

void simulated_world::note_turn()
{
  const topology& state = process_->coordination().state();
  for (const group_id id : arrived_) {
    const auto group = process_->threads.find(id);
    auto holder = group == nullptr ? nullptr : group->wait_in_linker().holder.load();
    if (holder != nullptr && holder != waited_for_[id]) {
      last_wait_[id] = holder->what == wait_target::constructor ? happening::waits_for_constructor
                       : holder->what == wait_target::load      ? happening::waits_for_load
                                                                : happening::waits_for_close;
      note(last_wait_[id]);
    }
    waited_for_[id] = std::move(holder);
  }
  for (const auto& [id, built] : state.constructions) {
    for (std::size_t i = 0; i < built.order.size(); ++i) {
      const bool is_begun = built.states[i] == construction::state::begun;
      if (is_begun && begun_.insert(built.order[i]).second && built.owner == no_group) {
        note(happening::takes_over_constructor);
      }
    }
  }
  for (const auto& [id, load] : state.loads) {
    for (const loaded_module_ptr& module : load.modules) {
      const bool is_beside = state.current->find_by_identity(module->identity) != nullptr;
      if (is_beside && incarnated_.insert(module->plan().id).second) {
        note(happening::makes_new_incarnation);
      }
    }
  }
}

void simulated_world::complain(const complaints& found)
{
  for (const std::string& each : found) {
    scheduler_.fail(each);
  }
}

bool simulated_world::is_unwinding(const error& failure) const
{
  switch (failure.code()) {
  case errc::stopping:
  case errc::guest_exited:
  case errc::thread_exited:
  case errc::guest_trapped:
  case errc::group_lost:
    return true;
  default:
    return false;
  }
}

void simulated_world::check_here(instance_group& group, int nesting)
{
  const topology_version before = groups_.applied(group.id());
  complain(groups_.check(group, loading_[group.id()] > 0));
  if (group.applied().version > before && before.value > 0) {
    note(happening::skips_closed_load, watch_->skipped_modules(before, group.applied(), group.id()));
  }
  if (nesting == 0) {
    check_open_starts(group);
  }
}

void simulated_world::check_open_starts(instance_group& group)
{
  const snapshot_ptr current = process_->coordination().state().current;
  for (const loaded_module_ptr& module : *group.applied().modules) {
    const module_plan& plan = module->plan();
    const std::uint32_t library = library_number(plan);
    const bool must_have_run = plan.info->start == initialiser_kind::open && current->find(plan.id) != nullptr;
    if (must_have_run && started_[{group.id(), library}] == 0) {
      scheduler_.fail("the start function of library " + std::to_string(library) + " has not run in group " +
                      std::to_string(group.id().value));
    }
  }
}

void simulated_world::check_holds_no_claim(instance_group& group)
{
  if (scheduler_.is_in_turn()) {
    return; // the state is being changed
  }
  for (const auto& [id, load] : process_->coordination().state().loads) {
    if (load.request.requester == group.id()) {
      scheduler_.fail("open guest code runs while its group has load " + std::to_string(id.value) + " in flight");
    }
  }
}

} // namespace simulation
} // namespace interlink
