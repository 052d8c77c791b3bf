// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs many threads of control on one, switching between them where the code under test has a schedule point, as a seed
// says, or as a director says in its place. Every run of a seed is the same run. Time is virtual: a step takes a
// microsecond, and when everybody waits it jumps to the nearest deadline.
#pragma once

#include "actors/schedule_point.hh"
#include "tests/simulation/schedule_director.hh"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <ucontext.h>
#include <vector>

namespace interlink::simulation {

/// How a run ended.
enum class run_outcome : std::uint8_t {
  ended,      ///< every thread has returned
  deadlocked, ///< nobody can run, and no deadline will come
  endless,    ///< the bound of steps was reached
};

/// One thing that happened, for the trace of a seed that fails.
struct traced_event {
  std::uint64_t step{};
  std::uint32_t fiber{};
  std::string text;
};

/// Context: one operating system thread; one scheduler at a time.
class seeded_scheduler {
public:
  /// Both outlive the scheduler. `director` null: the seed decides; `recorder` null: nobody writes that down.
  explicit seeded_scheduler(std::uint64_t seed, schedule_director* director = nullptr,
                            run_recorder* recorder = nullptr);
  seeded_scheduler(const seeded_scheduler&) = delete;
  seeded_scheduler& operator=(const seeded_scheduler&) = delete;
  ~seeded_scheduler();

  /// The one that runs. Null outside of `run`.
  static seeded_scheduler* current();

  /// Runs `body` and all that it starts.
  run_outcome run(std::function<void()> body, std::uint64_t step_bound);

  // ---- From the threads that it runs ----

  /// Starts a thread; it runs when it is chosen.
  std::uint32_t start(std::string name, std::move_only_function<void()> body);
  bool has_ended(std::uint32_t fiber) const;

  /// Another thread may run here.
  void point(schedule_place place);
  /// The same in guest code.
  void guest_step();

  /// Waits until `key` is woken or the deadline comes.
  void block(const void* key, std::optional<schedule_clock::time_point> deadline);
  void wake(const void* key);

  schedule_clock::time_point now() const
  {
    return schedule_clock::time_point(std::chrono::microseconds(microseconds_));
  }

  /// A number below `bound`, for the script.
  std::uint64_t pick(std::uint64_t bound);

  bool chance(std::uint64_t one_in) { return one_in != 0 && pick(one_in) == 0; }

  /// The next step of the running thread's script begins. False when it is not taken: nothing is to be ended then.
  bool begin_step();
  void end_step();

  bool is_directed() const { return director_ != nullptr; }

  void trace(std::string text);
  /// Prints each event as it happens: a run that crashes cannot print them afterwards.
  static void print_events_at_once();

  const std::deque<traced_event>& events() const { return events_; }

  /// Who waits where, a line each.
  std::string waiting_report() const;
  /// Set by a checker; the run goes on to its end.
  void fail(std::string reason);

  const std::vector<std::string>& failures() const { return failures_; }

  std::uint64_t steps() const { return steps_; }

  std::uint64_t switches() const { return switches_; }

  std::uint32_t running() const { return running_; }

  /// Whether the running thread stands for one of the process's guest threads.
  bool runs_guest() const;

  /// Turns that are under way: none of the coordinator's state may be read by others then.
  bool is_in_turn() const { return turns_ > 0; }

  // What these two call finds no points: nobody else runs meanwhile.
  /// Called on the drainer's thread, when a batch has been published and answered.
  std::function<void()> on_batch_end;
  /// Called at every point that is in no turn, and at the end of every turn.
  std::function<void(schedule_place place)> on_point;
  /// What the thread is doing, for the report.
  void describe(const char* what);

private:
  struct fiber;

  /// How far the running thread is in a part of its script.
  struct progress {
    script_part part{};
    std::uint32_t drawn = 0;
    std::uint32_t points = 0;
    std::uint32_t parts = 0;
  };

  progress& progress_here();
  script_place next_point();

  std::uint64_t draw(std::uint64_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void switch_to(std::uint32_t next);
  void pass_point(point_kind kind, std::uint64_t switch_one_in);
  void yield(script_place place, point_kind kind);
  std::uint32_t choose();
  std::uint32_t choose_as_directed(script_place place, point_kind kind);
  void wake_due();
  void end_run();
  bool advance_to_deadline();
  void reweigh();
  void hold_up_this_thread();
  static void enter();

  std::mt19937_64 random_;
  schedule_director* director_;
  run_recorder* recorder_;
  progress outside_{whole_world}; ///< of threads
  std::vector<able_thread> able_;
  std::vector<std::unique_ptr<fiber>> fibers_; ///< by number; 0 is the caller of `run`
  std::deque<traced_event> events_;
  std::vector<std::string> failures_;
  std::uint32_t running_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t step_bound_ = 0;
  std::uint64_t switches_ = 0;
  std::uint64_t microseconds_ = 1;
  std::uint64_t switch_one_in_ = 2;
  std::uint64_t guest_switch_one_in_ = 2;
  int turns_ = 0;
  bool is_checking_ = false;
  run_outcome outcome_ = run_outcome::ended;
};

} // namespace interlink::simulation
