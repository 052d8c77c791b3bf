// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs that once went wrong, each with a script and a schedule of its own: they show the same whatever the seeds of the
// simulation have come to mean. The code under test is that of the simulation; threads come one after the other, and a
// thread is held up at a point of the protocol until the others have done what they do meanwhile.
#include "tests/simulation/checkers.hh"
#include "tests/simulation/guest_call.hh"
#include "tests/simulation/seeded_executor.hh"
#include "tests/simulation/seeded_scheduler.hh"
#include "tests/support/fake_engine.hh"
#include "tests/support/fake_guests.hh"
#include "tests/support/temporary_directory.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "loader/library_closer.hh"
#include "loader/library_loader.hh"
#include "loader/symbol_lookup.hh"
#include "process/main_program.hh"
#include "process/process_core.hh"
#include "process/thread_spawner.hh"

namespace interlink::simulation {

void set_thread_refusals(std::uint64_t one_in);

namespace {

constexpr std::uint64_t step_bound = 1'000'000;

/// Threads take turns at every point, but for those that are held up.
class holding_director final : public schedule_director {
public:
  std::uint32_t choose(script_place, point_kind, std::uint32_t usual, std::span<const able_thread> able) override
  {
    const auto goes_on = [this](const able_thread& each) {
      return !held.contains(each.number);
    };
    const auto later =
        std::ranges::find_if(able, [&](const able_thread& each) { return each.number > last_ && goes_on(each); });
    const auto next = later != able.end() ? later : std::ranges::find_if(able, goes_on);
    last_ = next == able.end() ? usual : next->number;
    return last_;
  }

  std::uint64_t draw(script_place) override { return 1; }

  bool takes(script_part) override { return true; }

  std::set<std::uint32_t> held;

private:
  std::uint32_t last_ = 0;
};

/// A process with the libraries that a test names, and threads with a group each that take the test's steps.
class scenario {
public:
  explicit scenario(std::vector<support::library_shape> libraries) : scheduler_(1, &director_)
  {
    set_thread_refusals(0);
    support::main_shape main;
    main.maximum_pages = 64;
    write("main.wasm", support::make_main(main));
    for (const support::library_shape& shape : libraries) {
      write("lib" + std::to_string(shape.number) + ".so", support::make_library(shape));
    }
  }

  /// The first group's thread runs `script` once the program is loaded.
  std::vector<std::string> run(const std::function<void(instance_group&)>& script)
  {
    const run_outcome outcome = scheduler_.run([&] { drive(script); }, step_bound);
    if (outcome != run_outcome::ended) {
      scheduler_.fail(scheduler_.waiting_report());
    }
    return scheduler_.failures();
  }

  /// A thread with a group; it has begun when this returns. It takes the steps that it is given, one at a time.
  void start(const std::string& name)
  {
    const auto started = start_bare_group(process_, [this, name](instance_group& group) -> result<void> {
      threads_[name].number = scheduler_.running();
      threads_[name].has_begun = true;
      while (!is_over_) {
        if (auto step = std::exchange(threads_[name].step, nullptr)) {
          step(group);
          ++threads_[name].steps;
        }
        pause();
      }
      return {};
    });
    expect(started.has_value(), "a thread begins");
    await([this, name] { return threads_[name].has_begun; }, name + " has begun");
  }

  /// The thread is to take the step as soon as it runs.
  void order(const std::string& name, std::function<void(instance_group&)> step)
  {
    threads_[name].step = std::move(step);
  }

  void take(const std::string& name, std::function<void(instance_group&)> step)
  {
    const std::uint64_t before = threads_[name].steps;
    order(name, std::move(step));
    await_steps(name, before + 1);
  }

  void await_steps(const std::string& name, std::uint64_t steps)
  {
    await([this, name, steps] { return threads_[name].steps >= steps; }, name + " takes a step");
  }

  /// All others do what they can.
  void pass_time()
  {
    for (int turn = 0; turn < 100; ++turn) {
      pause();
    }
  }

  /// The thread takes the step, and is held up at that place until it is released.
  void hold_at(schedule_place place, const std::string& name, std::function<void(instance_group&)> step)
  {
    holds_[threads_[name].number] = place;
    order(name, std::move(step));
    await([this, name] { return director_.held.contains(threads_[name].number); }, name + " is held up");
  }

  /// The same for a thread that is held up already.
  void move_on_to(schedule_place place, const std::string& name)
  {
    director_.held.erase(threads_[name].number);
    hold_at(place, name, std::exchange(threads_[name].step, nullptr));
  }

  void release(const std::string& name)
  {
    const std::uint64_t before = threads_[name].steps;
    director_.held.erase(threads_[name].number);
    await_steps(name, before + 1);
  }

  void expect(bool is_so, const std::string& what)
  {
    if (!is_so) {
      scheduler_.fail("not so: " + what);
    }
  }

  library_handle open(instance_group& group, const std::string& name, std::uint32_t flags = open_flag::lazy)
  {
    const auto opened = open_library(process_->loader, group, name, flags, {}, {});
    expect(opened.has_value(), "opened " + name + (opened ? "" : ": " + opened.error().message()));
    return opened.value_or(library_handle{});
  }

  std::uint32_t find(instance_group& group, library_handle handle, const std::string& name)
  {
    const auto found = find_address(process_->loader, group, handle, name);
    expect(found.has_value(), "found " + name);
    return static_cast<std::uint32_t>(found.value_or(0));
  }

  process_core& process() { return *process_; }

private:
  struct thread {
    std::uint32_t number{}; ///< of the scheduler
    bool has_begun = false;
    std::uint64_t steps = 0;
    std::function<void(instance_group&)> step;
  };

  void write(const std::string& name, const std::vector<std::byte>& bytes)
  {
    std::ofstream file(directory_.path() + "/" + name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }

  /// Others run, and this thread is never the only one that can: what is held up stays so.
  void pause() { scheduler_.guest_step(); }

  void await(const std::function<bool()>& condition, const std::string& what)
  {
    constexpr std::chrono::milliseconds longest{20}; // of virtual time: far beyond what a step takes
    const auto deadline = scheduler_.now() + longest;
    while (!condition()) {
      if (scheduler_.now() > deadline) {
        scheduler_.fail("in vain: " + what);
        return;
      }
      pause();
    }
  }

  host_registry host_functions()
  {
    host_registry registry;
    const auto nothing = [](instance_group&, std::span<engine::value_slot>) {
      return result<void>{};
    };
    registry.add("test", "event", {{wasm::i32, wasm::i32}, {}}, nothing);
    registry.add("test", "thread", {{wasm::i32, wasm::i32}, {}}, nothing);
    const auto zero = [](instance_group&, std::span<engine::value_slot> values) {
      values[0] = engine::value_slot::of_i32(0);
      return result<void>{};
    };
    registry.add("test", "index", {{}, {wasm::i32}}, zero);
    registry.add("test", "allocate", {{wasm::i32, wasm::i32}, {wasm::i32}}, zero);
    return registry;
  }

  void drive(const std::function<void(instance_group&)>& script)
  {
    process_options options;
    options.library_path = {directory_.path()};
    options.wasi.stdin_fd = options.wasi.stdout_fd = options.wasi.stderr_fd = -1;
    options.memory.stack_bytes = 65'536;
    auto made = process_core::make(std::make_shared<support::fake_engine>(), directory_.path() + "/main.wasm",
                                   std::move(options), host_functions(), seeded_executor(scheduler_));
    expect(made.has_value(), "a process");
    process_ = std::move(*made);
    coordinator_watch watch(*process_);
    scheduler_.on_point = [&](schedule_place place) {
      const complaints found = place == schedule_place::turn_ends ? watch.check_turn() : complaints{};
      std::ranges::for_each(found, [this](const std::string& each) { scheduler_.fail(each); });
      if (const auto hold = holds_.find(scheduler_.running()); hold != holds_.end() && hold->second == place) {
        holds_.erase(hold);
        director_.held.insert(scheduler_.running());
      }
    };
    const auto started = start_first_group(process_, [&](instance_group& group) -> result<void> {
      auto loaded = load_program(process_->loader, group, process_->library_path());
      expect(loaded.has_value(), "the program is loaded");
      script(group);
      is_over_ = true;
      director_.held.clear();
      return {};
    });
    expect(started.has_value(), "the first group");
    process_->threads.join_all(std::nullopt);
    process_->end({0, std::nullopt});
    scheduler_.on_point = nullptr;
    process_.reset();
  }

  support::temporary_directory directory_;
  holding_director director_;
  seeded_scheduler scheduler_;
  std::shared_ptr<process_core> process_;
  std::map<std::string, thread> threads_;
  std::map<std::uint32_t, schedule_place> holds_; ///< where a thread is to be held up
  bool is_over_ = false;
};

/// An index that is learned from a snapshot. Its publisher is held up before the head; a group that was an operation
/// behind catches up to that snapshot, and hands out an index of it; a third group, which was up to date before, calls
/// through that. Found by: a reader of a snapshot leaves the head to the writer.
TEST(Scenario, AnIndexOfASnapshotIsNotAheadOfTheHead)
{
  scenario world({{.number = 1, .functions = 2}});
  std::optional<std::uint32_t> returned;
  const auto failures = world.run([&](instance_group& group) {
    const library_handle library = world.open(group, "lib1.so", open_flag::lazy | open_flag::no_delete);
    for (const char* name : {"publisher", "leaker", "caller"}) {
      world.start(name);
    }
    world.take("publisher", [&](instance_group& here) { world.find(here, library, "f1_0"); });
    world.take("caller",
               [&](instance_group& here) { world.expect(here.catch_up().has_value(), "the caller caught up"); });
    world.hold_at(schedule_place::snapshot_stored, "publisher",
                  [&](instance_group& here) { world.find(here, library, "f1_1"); });
    std::uint32_t index = 0;
    world.take("leaker", [&](instance_group& here) { index = world.find(here, library, "f1_1"); });
    world.take("caller", [&](instance_group& here) {
      const auto called = guest_call(here, main_module, "call_slot", {index});
      returned = called ? std::optional(*called) : std::nullopt;
    });
    world.release("publisher");
  });
  EXPECT_EQ(failures, std::vector<std::string>{});
  EXPECT_EQ(returned, 1001U);
}

/// Memory that was used before is reserved, and then a group stores in its lane a head that it read before that memory
/// was given back. The load is abandoned: the topology is what it was. Found by: what memory may be reused is forgotten
/// when a lane goes back.
TEST(Scenario, AReusedRangeStaysReusableWhenALaneGoesBack)
{
  scenario world({{.number = 1}, {.number = 2, .relocations_trap = true}});
  bool is_reserved = false;
  int abandoned = 0;
  const auto failures = world.run([&](instance_group&) {
    const auto open_second = [&](instance_group& here) {
      abandoned += open_library(world.process().loader, here, "lib2.so", open_flag::lazy, {}, {}).has_value() ? 0 : 1;
    };
    for (const char* name : {"laggard", "opener", "another"}) {
      world.start(name);
    }
    const auto catch_up = [&](instance_group& here) {
      world.expect(here.catch_up().has_value(), "the laggard caught up");
    };
    world.hold_at(schedule_place::lane_read, "laggard", catch_up);
    world.take("opener", [&](instance_group& here) {
      const library_handle library = world.open(here, "lib1.so");
      world.expect(close_library(world.process().loader, here, library).has_value(), "closed");
    });
    world.hold_at(schedule_place::send, "opener", open_second); // its prepare
    world.move_on_to(schedule_place::send, "opener");           // its abandon
    const auto& loads = world.process().coordination().state().loads;
    is_reserved = loads.size() == 1 && std::ranges::any_of(loads.begin()->second.reserved_memory,
                                                           [](const auto& reserved) { return reserved.is_dirty; });
    world.move_on_to(schedule_place::lane_stored, "laggard");
    world.order("another", open_second); // its turn looks at the lanes, and waits for the load in flight
    world.pass_time();
    world.release("opener");
    world.release("laggard");
    world.await_steps("another", 1);
  });
  EXPECT_EQ(failures, std::vector<std::string>{});
  EXPECT_TRUE(is_reserved);
  EXPECT_EQ(abandoned, 2);
}

} // namespace
} // namespace interlink::simulation
