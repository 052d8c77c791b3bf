// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/simulation/simulated_world.hh"

#include "groups/closure_reader.hh"
#include "groups/library_loader.hh"
#include "groups/main_program.hh"
#include "groups/symbol_lookup.hh"
#include "groups/thread_spawner.hh"
#include "tests/simulation/seeded_executor.hh"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>

namespace interlink {
namespace simulation {

void set_thread_refusals(std::uint64_t one_in);

namespace {

using engine::value_slot;
using support::fake_call;
using support::start_shape;

/// Steps of the scheduler after which a run counts as endless: far above what the longest takes.
constexpr std::uint64_t step_bound = 3'000'000;

/// Threads that a run may have started in all.
constexpr int spawns_max = 6;

constexpr std::uint32_t structure_offset = 128; ///< of the thread start structure, in main's data

result<std::uint32_t> guest_call(instance_group& group, module_id module, const std::string& name,
                                 std::initializer_list<std::uint32_t> arguments)
{
  const auto function = group.store().find_function(module, name);
  if (!function) {
    return fail(errc::symbol_not_found, name);
  }
  std::array<value_slot, 3> values{};
  std::size_t place = 0;
  for (const std::uint32_t argument : arguments) {
    values.at(place++) = value_slot::of_i64(argument);
  }
  if (auto called = group.store().store().call(*function, values); !called) {
    return fail(std::move(called.error()));
  }
  return values[0].i32();
}

result<void> without_value(const result<std::uint32_t>& returned)
{
  return returned ? result<void>{} : fail(returned.error());
}

} // namespace

struct simulated_world::script {
  struct own_library {
    std::uint32_t number{};
    library_handle handle;
    std::map<std::uint32_t, std::uint32_t> slots; ///< to what their functions return
  };

  std::vector<own_library> open;
};

simulated_world::simulated_world(std::uint64_t seed, std::string directory)
    : seed_(seed), directory_(std::move(directory)), scheduler_(seed), engine_(std::make_shared<support::fake_engine>())
{
  choose_shape();
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
  staying_ = 1 + static_cast<std::uint32_t>(pick(3));
  libraries_ = staying_ + static_cast<std::uint32_t>(pick(6));
  is_quiet_ = !chance(3);
  for (std::uint32_t number = 1; number <= libraries_; ++number) {
    support::library_shape shape;
    shape.number = number;
    shape.functions = 2 + static_cast<std::uint32_t>(pick(2));
    shape.functions_in_table = static_cast<std::uint32_t>(pick(shape.functions + 1));
    shape.has_tls = chance(2);
    shape.has_constructor = chance(2);
    const std::array<start_shape, 4> starts{start_shape::none, start_shape::closed, start_shape::open,
                                            start_shape::open};
    shape.start = starts[pick(starts.size())];
    shape.relocations_trap = number > 1 && chance(12);
    // A library that stays needs only such: nobody closes what its functions are bound to.
    const std::uint32_t reach = stays(number) ? staying_ : libraries_;
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
  const std::array<std::uint64_t, 4> faults{0, 0, 60, 400};
  fault_one_in_ = faults[pick(faults.size())];
  move_one_in_ = chance(4) ? 20 : 0;
  refuses_threads_ = chance(4);
  set_thread_refusals(refuses_threads_ ? 4 : 0);
}

void simulated_world::write_files()
{
  const auto write = [&](const std::string& name, const std::vector<std::byte>& bytes) {
    std::ofstream file(directory_ + "/" + name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  support::main_shape main;
  main.has_tls = chance(2);
  if (chance(2)) {
    main.needed = {file_of(1)};
  }
  main.maximum_pages = 64;
  write("main.wasm", support::make_main(main));
  for (const auto& [number, shape] : shapes_) {
    write(file_of(number), support::make_library(shape));
  }
}

bool simulated_world::refuses(fake_call which)
{
  scheduler_.guest_step();
  const bool is_refused = which != fake_call::compile && watch_ != nullptr && chance(fault_one_in_);
  if (is_refused) {
    scheduler_.trace("the engine refuses call " + std::to_string(static_cast<int>(which)));
  }
  return is_refused;
}

result<std::shared_ptr<process_core>> simulated_world::make_process()
{
  process_options options;
  options.library_path = {directory_};
  options.wasi.stdin_fd = options.wasi.stdout_fd = options.wasi.stderr_fd = -1;
  options.memory.stack_bytes = 65'536;
  // Small arenas make the guest's allocator supply blocks.
  options.memory.arena_bytes = chance(3) ? 0x4000 : 0x10'0000;
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
  registry.add("test", "thread", {{wasm::i32, wasm::i32}, {}},
               [this](instance_group& group, std::span<value_slot>) { return run_script(group, 8 + pick(60), 0); });
  registry.add("test", "allocate", {{wasm::i32, wasm::i32}, {wasm::i32}},
               [this](instance_group& group, std::span<value_slot> values) {
                 const std::uint32_t alignment = values[0].i32();
                 const std::uint32_t begin = (heap_ + alignment - 1) / alignment * alignment;
                 heap_ = begin + values[1].i32();
                 const bool has_memory =
                     group.process().grow_memory(group, (std::uint64_t{heap_} + 0xFFFF) >> 16).has_value();
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
  shelf_ = static_cast<std::uint32_t>(process_->layout.memory_base.value);
  heap_ = static_cast<std::uint32_t>(process_->layout.heap_base.value);
  watch_ = std::make_unique<coordinator_watch>(*process_);
  scheduler_.on_batch_end = [this] {
    complain(watch_->check());
  };
  scheduler_.on_point = [this](bool is_turn_end) {
    complain(watch_->check_publication(is_turn_end));
  };
  auto started = start_first_group(process_, [this](instance_group& group) -> result<void> {
    if (auto loaded = load_program(group); !loaded) {
      if (!is_unwinding(loaded.error())) {
        process_->end({exit_code_of_load_failure, loaded.error()});
      }
      return loaded;
    }
    auto ran = run_script(group, 20 + pick(150), 0);
    scheduler_.trace("the main thread ends: " + (ran ? std::string("returns") : ran.error().message()));
    if (ran && !is_quiet_) {
      process_->end({0, std::nullopt});
    }
    return ran;
  });
  if (!started) {
    process_->end({exit_code_of_load_failure, started.error()});
  }
  if (!is_quiet_) {
    // The embedder stops the process at some moment, whatever its threads are at.
    scheduler_.describe("waits for a while");
    process_->threads.join_all(scheduler_.now() + std::chrono::microseconds(pick(8'000)));
    process_->end({0, std::nullopt});
  }
  scheduler_.describe("waits for all threads");
  process_->threads.join_all(std::nullopt);
  if (process_->has_ended()) {
    judge_end(process_->wait_for_end());
  }
  process_->end({0, std::nullopt});
  report_.operations = watch_->published();
  report_.reused_ranges = watch_->reused_ranges();
  complain(watch_->check());
  complain(watch_->check_end());
  scheduler_.on_batch_end = nullptr;
  scheduler_.on_point = nullptr;
  watch_.reset();
  process_.reset();
}

void simulated_world::judge_end(const process_outcome& outcome)
{
  const bool may_fail = fault_one_in_ != 0 || refuses_threads_ || was_trapped_;
  // The program's own libraries may be such that trap.
  if (outcome.failure && !may_fail && outcome.failure->code() != errc::initialiser_failed) {
    scheduler_.fail("the process failed: " + outcome.failure->message());
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
  complain(check_group(group, loading_[group.id()] > 0));
  if (nesting == 0) {
    check_open_starts(group);
  }
}

void simulated_world::check_open_starts(instance_group& group)
{
  const snapshot_ptr current = process_->coordination().current();
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

result<void> simulated_world::run_script(instance_group& group, std::uint64_t steps, int nesting)
{
  script mine;
  for (; steps > 0; --steps) {
    if (auto stepped = step(group, mine); !stepped) {
      scheduler_.trace("group " + std::to_string(group.id().value) + " unwinds: " + stepped.error().message());
      return stepped;
    }
    check_here(group, nesting);
  }
  for (std::size_t count = chance(8) ? 0 : mine.open.size(); count > 0; --count) {
    if (auto closed = close(group, mine); !closed) {
      return closed;
    }
  }
  return {};
}

result<void> simulated_world::step(instance_group& group, script& mine)
{
  if (chance(move_one_in_)) {
    move_file();
  }
  switch (pick(32)) {
  case 0:
  case 1:
  case 2:
  case 3:
  case 4:
    return open(group, mine);
  case 5:
  case 6:
  case 7:
  case 8:
    return find_and_share(group, mine);
  case 9:
  case 10:
  case 11:
    return call_own(group, mine);
  case 12:
  case 13:
    return close(group, mine);
  case 14:
    return wait(group);
  case 15:
  case 16:
    return notify(group);
  case 17:
  case 18:
    return spawn(group);
  case 19:
    return await_something(group);
  case 20:
    return group.catch_up_if_behind();
  case 21: {
    const coordinator_reply reply = group.ask(allocate_slots_request{1 + static_cast<std::uint32_t>(pick(3))});
    return {};
  }
  case 22:
    if (chance(64)) {
      scheduler_.trace("traps");
      was_trapped_ = true;
      return without_value(guest_call(group, main_module, "trap", {}));
    }
    return {};
  case 23:
    if (chance(12)) {
      scheduler_.trace("exits");
      return fail(errc::thread_exited, "exits");
    }
    return {};
  case 24:
    return chance(12) && loading_[group.id()] == 0 ? die_with_a_load(group) : result<void>{};
  default:
    return call_shared(group);
  }
}

result<void> simulated_world::open(instance_group& group, script& mine)
{
  const auto number = 1 + static_cast<std::uint32_t>(pick(libraries_));
  std::uint32_t flags = chance(4) ? open_flag::now : open_flag::lazy;
  flags |= stays(number) ? open_flag::no_delete : 0;
  flags |= stays(number) && chance(4) ? open_flag::global : 0;
  scheduler_.describe("dlopen");
  scheduler_.trace("group " + std::to_string(group.id().value) + " opens " + file_of(number));
  ++loading_[group.id()];
  auto opened = open_library(group, file_of(number), flags, {});
  --loading_[group.id()];
  scheduler_.describe("guest");
  if (!opened) {
    ++report_.failed_opens;
    scheduler_.trace("open of " + file_of(number) + " fails: " + opened.error().message());
    if (is_unwinding(opened.error())) {
      return fail(opened.error());
    }
    const errc code = opened.error().code();
    const bool is_fault =
        code == errc::engine_refused || code == errc::table_exhausted || code == errc::memory_exhausted;
    const bool is_expected = (is_fault && fault_one_in_ != 0) || code == errc::initialiser_failed ||
                             (code == errc::library_not_found && move_one_in_ != 0);
    if (!is_expected) {
      scheduler_.fail("dlopen fails with " + opened.error().message());
    }
    return {};
  }
  ++report_.opens;
  scheduler_.trace("opened " + file_of(number) + " as " + std::to_string(opened->value));
  mine.open.push_back({number, *opened, {}});
  return {};
}

result<void> simulated_world::find_and_share(instance_group& group, script& mine)
{
  if (mine.open.empty()) {
    return {};
  }
  auto& library = mine.open[pick(mine.open.size())];
  const support::library_shape& shape = shapes_.at(library.number);
  const std::string number = std::to_string(library.number);
  std::string name = "f" + number + "_" + std::to_string(pick(shape.functions));
  std::uint32_t expected = library.number * 1000 + static_cast<std::uint32_t>(name.back() - '0');
  if (shape.has_tls && chance(2)) {
    name = "tls" + number;
    expected = support::tls_word_of(library.number);
  }
  scheduler_.describe("dlsym");
  const auto slot = find_address(group, library.handle, name);
  scheduler_.describe("guest");
  if (!slot) {
    if (is_unwinding(slot.error())) {
      return fail(slot.error());
    }
    scheduler_.fail("dlsym of " + name + " fails: " + slot.error().message());
    return {};
  }
  library.slots[*slot] = expected;
  if (!stays(library.number)) {
    return {};
  }
  const auto [known, is_new] = meaning_.emplace(*slot, expected);
  if (!is_new && known->second != expected) {
    scheduler_.fail("slot " + std::to_string(*slot) + " was given to two functions");
  }
  shared_.insert(expected);
  scheduler_.trace("shares slot " + std::to_string(*slot) + ", " + name);
  return without_value(guest_call(group, main_module, "store", {shelf_word(), *slot}));
}

result<void> simulated_world::judge_call(instance_group& group, const result<std::uint32_t>& returned,
                                         std::uint32_t expected)
{
  ++report_.calls;
  if (!returned) {
    // A trap is a wrong call, unless some start function on the way was told to trap.
    if (is_unwinding(returned.error()) && (returned.error().code() != errc::guest_trapped || was_trapped_)) {
      return fail(returned.error());
    }
    scheduler_.fail("agreement: group " + std::to_string(group.id().value) + " called and got " +
                    returned.error().message() + ", expected " + std::to_string(expected));
    return fail(returned.error());
  }
  if (expected != 0 ? *returned != expected : !shared_.contains(*returned)) {
    scheduler_.fail("agreement: group " + std::to_string(group.id().value) + " called a function that returned " +
                    std::to_string(*returned) + ", expected " + std::to_string(expected));
  }
  return {};
}

result<void> simulated_world::call_shared(instance_group& group)
{
  const std::uint32_t word = shelf_word();
  const auto slot = guest_call(group, main_module, "load", {word});
  if (!slot || *slot == 0) {
    return without_value(slot);
  }
  if (chance(2)) {
    return judge_call(group, guest_call(group, main_module, "call_at", {word}), 0);
  }
  return judge_call(group, guest_call(group, main_module, "call_slot", {*slot}), meaning_.at(*slot));
}

result<void> simulated_world::call_own(instance_group& group, script& mine)
{
  if (mine.open.empty()) {
    return {};
  }
  const auto& library = mine.open[pick(mine.open.size())];
  for (const auto& [slot, expected] : library.slots) {
    if (auto judged = judge_call(group, guest_call(group, main_module, "call_slot", {slot}), expected); !judged) {
      return judged;
    }
  }
  const support::library_shape& shape = shapes_.at(library.number);
  const std::string number = std::to_string(library.number);
  const module_id module{library.handle.value};
  for (std::size_t j = 0; j < shape.calls.size(); ++j) {
    const support::function_name callee = shape.calls[j];
    auto judged = judge_call(group, guest_call(group, module, "call" + number + "_" + std::to_string(j), {}),
                             callee.library * 1000 + callee.function);
    if (!judged) {
      return judged;
    }
  }
  for (std::size_t j = 0; j < shape.addresses.size(); ++j) {
    const auto address = guest_call(group, module, "got" + number + "_" + std::to_string(j), {});
    const support::function_name target = shape.addresses[j];
    if (!address) {
      return fail(address.error());
    }
    auto judged = judge_call(group, guest_call(group, main_module, "call_slot", {*address}),
                             target.library * 1000 + target.function);
    if (!judged) {
      return judged;
    }
  }
  return {};
}

result<void> simulated_world::close(instance_group& group, script& mine)
{
  std::ranges::rotate(mine.open, mine.open.begin() + static_cast<std::ptrdiff_t>(pick(mine.open.size())));
  for (auto at = mine.open.begin(); at != mine.open.end(); ++at) {
    if (stays(at->number)) {
      continue;
    }
    scheduler_.trace("closes " + file_of(at->number) + ", " + std::to_string(at->handle.value));
    const coordinator_reply reply = group.ask(close_request{at->handle});
    mine.open.erase(at);
    if (const auto* failure = std::get_if<error>(&reply)) {
      if (failure->code() != errc::stopping) {
        scheduler_.fail("close fails: " + failure->message());
      }
      return {};
    }
    const auto& closing = std::get<close_reply>(reply).closing;
    if (!closing.empty()) {
      // Destructors would run here, with no turn held.
      for (std::uint64_t pause = pick(4); pause > 0; --pause) {
        scheduler_.guest_step();
      }
      ++report_.unloads;
      group.ask(unload_request{closing});
    }
    return {};
  }
  return {};
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
  return without_value(waited);
}

result<void> simulated_world::notify(instance_group& group)
{
  const auto count = 1 + static_cast<std::uint32_t>(pick(3));
  return without_value(guest_call(group, main_module, "notify", {shelf_word(), count}));
}

result<void> simulated_world::spawn(instance_group& group)
{
  if (spawned_ >= spawns_max) {
    return {};
  }
  const std::uint32_t structure = shelf_ + structure_offset;
  static_cast<void>(group.memory().store<std::uint32_t>(structure, shelf_ + 0x1'0000));
  scheduler_.describe("thread spawn");
  const auto spawned = spawn_thread(group, structure, thread_abi::wasi_threads);
  scheduler_.describe("guest");
  if (!spawned) {
    scheduler_.trace("no thread: " + spawned.error().message());
    return spawned.error().code() == errc::spawn_failed ? result<void>{} : fail(spawned.error());
  }
  ++spawned_;
  scheduler_.trace("group " + std::to_string(group.id().value) + " spawned " + std::to_string(spawned->value));
  return {};
}

result<void> simulated_world::await_something(instance_group& group)
{
  // A request that gives up: it is answered once, whichever comes first.
  const load_id awaited{1 + pick(12)};
  const auto deadline = scheduler_.now() + std::chrono::microseconds(1 + pick(200));
  scheduler_.describe("a wait with a deadline");
  const coordinator_reply reply = group.ask(await_load_request{awaited}, wait_limit(deadline));
  scheduler_.describe("guest");
  const auto* failure = std::get_if<error>(&reply);
  const bool is_answer =
      std::holds_alternative<ask_again_reply>(reply) ||
      (failure != nullptr && (failure->code() == errc::deadline_passed || failure->code() == errc::stopping));
  if (!is_answer) {
    scheduler_.fail("C2: the answer to another request");
  }
  return {};
}

result<void> simulated_world::die_with_a_load(instance_group& group)
{
  const auto number = 1 + static_cast<std::uint32_t>(pick(libraries_));
  const auto root = process_->files.find(file_of(number), {}, {}, "");
  if (!root) {
    return {};
  }
  auto request = read_closure(*process_, group.applied(), *root, {});
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
  if (chance(2) && group.catch_up_without_initialisers() && chance(2)) {
    static_cast<void>(process_->grow_memory(group, kept.plan->memory_pages));
    std::vector<module_artifact_ptr> thunks;
    for (const module_plan& module : kept.plan->modules) {
      thunks.push_back(process_->modules->prepare_thunks(module.thunks).value_or(nullptr));
    }
    group.zero_reused_memory_of(*kept.plan);
    static_cast<void>(group.rehearse(kept.plan, thunks, kept.requester_blocks));
  }
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

result<void> simulated_world::on_event(instance_group& group, std::uint32_t what, std::uint32_t number)
{
  if (what == support::event_called) {
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
    if (chance(4)) {
      return wait(group);
    }
    return chance(6) && loading_[group.id()] < 3 ? run_script(group, 1 + pick(2), 1) : call_shared(group);
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
  return chance(2) && loading_[group.id()] < 3 ? run_script(group, 1 + pick(5), 1) : result<void>{};
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

} // namespace simulation
} // namespace interlink
