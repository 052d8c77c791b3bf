// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One run: a program and libraries made by a seed, threads that do what the seed says, faults where it says, and
// checkers between their steps.
//
// Guest threads store indices to shared memory, load and call them (through the real check), open, look up, spin, wait,
// are woken, spawn, exit and trap; constructors, destructors and open start functions do so too, and a constructor may
// wait for a thread that opens. Two kinds of libraries: those that stay (anybody may call their functions for ever),
// and those that are closed by whoever opened them (called by their opener alone, while it holds its handle). An
// embedder posts calls to a group of its own. What every open, look-up and call should give is asked of the reference
// linker.
#pragma once

#include "groups/instance_group.hh"
#include "tests/simulation/checkers.hh"
#include "tests/simulation/happenings.hh"
#include "tests/simulation/reference_watch.hh"
#include "tests/simulation/seeded_scheduler.hh"
#include "tests/support/fake_engine.hh"
#include "tests/support/fake_guests.hh"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "process/process_core.hh"

namespace interlink::simulation {

/// What a run was, and what it found.
struct world_report {
  run_outcome outcome = run_outcome::ended;
  std::vector<std::string> failures;
  std::uint64_t steps{};
  std::uint64_t switches{};
  std::uint64_t operations{}; ///< published
  tally happened{};
  std::vector<std::string> trace; ///< of a run that failed
};

/// How a world is made and run.
struct world_options {
  /// A small one has two or three threads that take a few steps each, and one or two libraries.
  bool is_small = false;
  schedule_director* director = nullptr; ///< decides in place of the seed
  run_recorder* recorder = nullptr;
  std::string* events = nullptr;                      ///< gets what the actors recorded, as docs/traces.md has it
  std::function<void(std::uint64_t hash)> on_state{}; ///< the topology after each turn
};

/// What a step may be.
enum class step_kind : std::uint8_t {
  opens,
  finds,
  calls_own,
  closes,
  waits,
  notifies,
  spawns,
  awaits_load,
  awaits_constructors,
  catches_up,
  takes_slots,
  traps,
  exits,
  dies,
  calls_import,
  finds_global,
  pins,
  uses_closure,
  calls_shared,
};

/// Context: one thread.
class simulated_world {
public:
  /// `directory` is empty and the world's own until it is gone, or one that a world of the same seed has left behind.
  simulated_world(std::uint64_t seed, std::string directory, world_options options = {});

  world_report run();

private:
  /// What one guest thread remembers.
  struct script {
    struct own_library {
      std::uint32_t number{};
      library_handle handle;
      std::map<std::uint32_t, std::uint32_t> slots; ///< to what their functions return
    };

    std::vector<own_library> open;
    std::optional<own_library> pinned; ///< one of its functions runs when the thread ends
  };

  void choose_shape();
  void choose_kinds_of_steps();
  void write_files();
  void drive();
  void start_main_thread();
  void embed();
  result<std::shared_ptr<process_core>> make_process();
  host_registry host_functions();

  // Steps of a thread. Errors unwind the thread.
  result<void> run_script(instance_group& group, std::uint64_t steps, int nesting);
  result<void> step(instance_group& group, script& mine);
  void meet();
  void begin_round();
  void part();
  result<void> close_all(instance_group& group, script& mine);
  result<void> trap(instance_group& group);
  result<void> exit(instance_group& group);
  result<void> open(instance_group& group, script& mine);
  result<library_handle> open_and_judge(instance_group& group, std::uint32_t number, std::uint32_t flags);
  std::set<std::uint32_t> closure_of(std::uint32_t number) const;
  bool may_lack_symbols(const std::set<std::uint32_t>& closure) const;
  std::string name_to_find(std::uint32_t library);
  result<void> find_in_global_scope(instance_group& group);
  result<void> call_main_import(instance_group& group);
  result<void> find_and_share(instance_group& group, script& mine);
  result<void> share(instance_group& group, std::uint32_t slot, std::uint32_t value, const std::string& name);
  result<void> call_shared(instance_group& group);
  result<void> call_own(instance_group& group, script& mine);
  result<void> call_weak(instance_group& group, std::uint32_t library, module_id module);
  result<void> see_weak_datum(instance_group& group, module_id module, std::uint32_t datum, const std::string& see);
  result<void> close(instance_group& group, script& mine);
  result<void> pin(instance_group& group, script& mine);
  result<void> run_pinned(instance_group& group, script& mine);
  result<void> destruct(instance_group& group, const std::vector<module_id>& closing);
  result<void> use_closures(instance_group& group, script& mine);
  result<void> prepare(instance_group& group, std::uint32_t slot, std::uint32_t backing, std::uint32_t library);
  result<void> call_closure(instance_group& group, std::uint32_t slot, const result<std::uint32_t>& returned);
  /// Trampolines need one: a part of main's, which its own code does not use.
  void give_stack(instance_group& group);
  result<void> wait(instance_group& group);
  result<void> notify(instance_group& group);
  result<void> spawn(instance_group& group);
  result<void> await_load(instance_group& group);
  result<void> await_constructors(instance_group& group, script& mine);
  static bool has_given_up(const coordinator_reply& reply);
  void move_file();

  // Faults.
  result<void> die_with_a_load(instance_group& group);
  /// None mostly, else a deadline or a flag that another thread sets.
  wait_limit some_limit(group_id group, std::shared_ptr<std::atomic<bool>>& cancelled);
  bool refuses(support::fake_call which);
  void note_refusal(support::fake_call which);

  result<void> on_event(instance_group& group, std::uint32_t what, std::uint32_t number);
  std::uint32_t on_index(instance_group& group);
  result<void> on_thread(instance_group& group, std::uint32_t structure);
  result<group_id> spawn_with(instance_group& group, std::uint32_t structure);
  result<void> wait_for_opener(instance_group& group);
  result<void> judge_call(instance_group& group, const result<std::uint32_t>& returned, std::uint32_t expected);
  void judge_missing_symbols(instance_group& group, std::uint32_t number, const error& failure,
                             const snapshot_ptr& before);
  bool is_unwinding(const error& failure) const;
  void check_here(instance_group& group, int nesting);
  void check_open_starts(instance_group& group);
  void check_holds_no_claim(instance_group& group);
  void complain(const complaints& found);
  void judge_end(const process_outcome& outcome);

  void note(happening what, std::uint64_t times = 1) { report_.happened[static_cast<std::size_t>(what)] += times; }

  void note_turn();

  std::uint64_t pick(std::uint64_t bound) { return scheduler_.pick(bound); }

  bool chance(std::uint64_t one_in) { return scheduler_.chance(one_in); }

  /// One of two numbers, by the size of the world.
  std::uint64_t sized(std::uint64_t usual, std::uint64_t small) const { return options_.is_small ? small : usual; }

  std::uint32_t shelf_word() { return shelf_ + 4 * static_cast<std::uint32_t>(pick(sized(8, 1))); }

  /// Words and thread start structures in main's data, beyond the shelf: number 0 is of threads that run a script, the
  /// others are of threads that a constructor waits for.
  std::uint32_t answer_word(std::uint32_t opener) const { return shelf_ + 64 + 4 * opener; }

  std::uint32_t start_structure(std::uint32_t opener) const { return shelf_ + 128 + structure_bytes * opener; }

  static constexpr std::uint32_t structure_bytes = 16;
  static constexpr std::uint32_t openers_max = 7;  ///< as many as main's data has room for
  static constexpr std::uint32_t shared_names = 3; ///< that several libraries may define
  static constexpr std::uint32_t weak_names = 2;   ///< that are imported weakly, and that some define

  std::string file_of(std::uint32_t library) const { return "lib" + std::to_string(library) + ".so"; }

  bool stays(std::uint32_t library) const { return library <= staying_ || library == lonely_; }

  std::uint64_t seed_;
  std::string directory_;
  world_options options_;
  seeded_scheduler scheduler_;
  std::shared_ptr<support::fake_engine> engine_;
  std::shared_ptr<process_core> process_;
  std::unique_ptr<coordinator_watch> watch_;
  std::unique_ptr<reference_watch> reference_;
  group_watch groups_;
  support::main_shape main_;
  std::map<std::uint32_t, support::library_shape> shapes_;
  std::vector<step_kind> kinds_; ///< of steps, in a small world
  std::uint32_t staying_ = 0;
  std::uint32_t libraries_ = 0;
  std::uint32_t lonely_ = 0;       ///< needed by nobody, needs nothing, has no constructor: its open waits for nobody's
  std::uint64_t fault_one_in_ = 0; ///< of engine calls
  std::uint64_t move_one_in_ = 0;  ///< of steps, for a file that vanishes
  bool is_quiet_ = false;          ///< nobody ends the process: every thread must come to its own end
  bool refuses_threads_ = false;
  bool was_trapped_ = false; ///< a thread was told to trap
  bool is_loaded_ = false;   ///< the program
  bool embeds_ = false;      ///< an embedder posts calls
  bool meets_ = false;       ///< threads of a small world begin each step together
  bool has_embedded_ = false;
  std::uint32_t shelf_ = 0;
  std::uint32_t heap_ = 0;
  std::set<std::string> moved_;
  std::map<std::uint32_t, std::uint32_t> meaning_; ///< what the function in a shared slot returns

  /// A closure that somebody may call.
  struct closure {
    std::uint32_t number{};         ///< of all that were made
    std::set<std::uint32_t> values; ///< what it was ever prepared to return
  };

  std::map<std::uint32_t, closure> closures_;  ///< by slot
  std::vector<std::uint32_t> shared_closures_; ///< slots: they stay
  std::uint32_t closures_made_ = 0;
  std::uint32_t stacks_ = 0;
  std::set<std::uint32_t> shared_;                     ///< every value that a call through the shelf may return
  std::map<std::uint32_t, std::uint32_t> constructed_; ///< runs, by library
  std::map<std::pair<group_id, std::uint32_t>, std::uint32_t> started_; ///< open start functions, by group and library
  std::map<group_id, int> loading_;                                     ///< nested loads under way, by group
  std::map<group_id, std::vector<happening>> inside_; ///< constructors, destructors and start functions under way
  std::map<std::uint32_t, group_id> group_at_;        ///< by thread of the scheduler
  std::map<group_id, std::shared_ptr<const wait_holder>> waited_for_; ///< what its request is parked for
  std::map<group_id, happening> last_wait_;                           ///< of what kind the last such wait was
  std::set<group_id> spawning_;
  std::set<module_id> incarnated_; ///< while an older incarnation was closing
  std::set<module_id> begun_;      ///< constructors
  world_report report_;
  std::set<group_id> openers_; ///< threads that a constructor waits for
  std::set<group_id> arrived_; ///< threads that have begun what they are for
  std::uint32_t openers_begun_ = 0;
  int arriving_openers_ = 0;
  int spawned_ = 0;
  int meeting_ = 0;         ///< threads whose scripts have begun, and not ended
  int met_ = 0;             ///< of these, those that wait for the others
  std::uint64_t round_ = 0; ///< of steps
};

} // namespace interlink::simulation
