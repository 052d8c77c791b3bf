// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An instance group: the actor behind one guest thread. It owns a store, a cursor into the operation log, a lane, and a
// queue of open initialisers; it receives every operation exactly once and in order, no later than the first indirect
// call that could need it (docs/concurrency.md).
//
// Catch up has two phases. Phase 1 carries out every operation up to the snapshot it reads and runs no open guest code.
// Phase 2 drains the queue of open initialisers; a check inside one may catch up again, nested, on the same cursor and
// queue.
//
// Invariants:
//   G1  After phase 1 every slot up to the snapshot's version is filled and every instance has its TLS.
//   G2  The lane is set before the snapshot is read, by the outermost catch up only, and cleared when the queue is
//   empty. G3  An initialiser is taken off the queue before it runs. G4  Leaving is a turn; the shares up to that
//   turn's version are completed after it, whatever ended the group.
#pragma once

#include "actors/last_call.hh"
#include "actors/parker.hh"
#include "actors/published.hh"
#include "groups/call_queue.hh"
#include "groups/coordinator.hh"
#include "groups/group_services.hh"
#include "groups/group_store.hh"
#include "groups/pending_operation.hh"
#include "messages/error.hh"
#include "messages/ids.hh"
#include "wasi/canceller.hh"
#include "wasi/guest_memory.hh"

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace interlink {

/// The embedder's function that a group is in, for reports. Context: written by the group's thread, read by any.
struct embedder_function {
  std::atomic<const char*> name{nullptr}; ///< null: in none
  std::atomic<std::uint64_t> entered{0};  ///< event_clock

  /// In it for a scope; one that calls its guest may be in another meanwhile.
  class scope {
  public:
    scope(embedder_function& into, const char* name)
        : into_(into),
          outer_name_(into.name.load(std::memory_order_relaxed)),
          outer_entered_(into.entered.load(std::memory_order_relaxed))
    {
      into_.entered.store(event_clock::now(), std::memory_order_relaxed);
      into_.name.store(name, std::memory_order_release);
    }

    ~scope()
    {
      into_.entered.store(outer_entered_, std::memory_order_relaxed);
      into_.name.store(outer_name_, std::memory_order_release);
    }

    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

  private:
    embedder_function& into_;
    const char* outer_name_;
    std::uint64_t outer_entered_;
  };
};

/// Counts a scope in and out.
class scoped_count {
public:
  explicit scoped_count(int& count) : count_(count) { ++count_; }

  ~scoped_count() { --count_; }

  scoped_count(const scoped_count&) = delete;
  scoped_count& operator=(const scoped_count&) = delete;

private:
  int& count_;
};

/// Guest frames of a group as they were at one moment.
struct shown_frames {
  std::vector<guest_frame> frames; ///< innermost first
  std::uint64_t seen{};            ///< event_clock
};

/// Context: the thread that runs the group, unless a function says otherwise.
class instance_group final : private host_call_server {
public:
  /// A group whose store is empty. `joined` comes from a join turn.
  static result<std::unique_ptr<instance_group>> make(std::shared_ptr<group_services> services, join_reply joined,
                                                      const store_parameters& parameters);

  ~instance_group();

  group_id id() const { return id_; }

  group_services& services() const { return *services_; }

  group_store& store() { return *store_; }

  /// The newest snapshot this group has applied.
  const snapshot& applied() const { return *snapshot_; }

  wasi::guest_memory memory();

  /// Phase 1 of building from the snapshot of the join: may run on the parent's thread. Errors: engine_refused,
  /// guest_trapped.
  result<void> build();

  /// Both phases. Errors: stopping when the process ends; a trap of an open initialiser.
  result<void> catch_up();

  /// A newer version is published, or initialisers wait for their turn.
  bool is_behind() const;

  /// Catches up if it is behind.
  result<void> catch_up_if_behind();

  /// Phase 1 alone: for a rehearsal, while claims are held. What it queues is drained by the next `catch_up`.
  result<void> catch_up_without_initialisers();

  /// Carries a planned load out in this store, not yet published (step 3 of a load). On error nothing of it
  /// is left in the table; its memory is the caller's to zero.
  result<void> rehearse(const load_plan_ptr& load, std::span<const module_artifact_ptr> thunk_artifacts,
                        std::span<const group_block> blocks);
  /// Takes a load that is not committed out again: slots empty, its memory zero. Before the turn that gives slots and
  /// memory to others.
  void roll_back(const planned_load& load);

  /// Zeroes the ranges of a plan that somebody used before.
  void zero_reused_memory_of(const load_plan& load);

  /// Every call from the host into the guest: catches up first. `values` as in engine::store::call.
  result<void> call(const engine::function& callee, std::span<engine::value_slot> values);

  /// Runs a constructor that the coordinator has given to this group; nothing when the module has none. Meanwhile
  /// others may wait for this group, so its frames are kept whenever it is about to wait itself.
  result<void> construct(module_id module);

  /// Serves a host call of the guest; `name` is for reports and lives as long as the process.
  result<void> serve(const char* name, const host_call& call, std::span<engine::value_slot> values) override;

  /// Compares the guest's stack pointer with its stack, which nothing guards. Errors: guest_trapped.
  result<void> check_stack();

  /// This thread is about to wait for something outside of the guest's memory and its own work.
  void before_wait();

  /// One turn. Errors come as the reply's error.
  coordinator_reply ask(coordinator_request_body body, const wait_limit& limit = {});

  /// Ends the wait of the guest's that is under way, or its next one, once: with errno intr, `memory.atomic.wait` as if
  /// notified, and a wait of the guest's `dlopen` with an error. Context: any thread.
  void interrupt();

  /// Has its waits look at their limits and interruptions. Context: any thread.
  void wake_waits();

  /// True once for each interruption: of the thread, or of the embedder's operation that it carries out.
  const std::function<bool()>& interruption() const { return canceller_.takes_interruption; }

  /// What ends the guest's waits in the linker, beside time.
  const std::atomic<bool>& is_interrupted() const
  {
    return carried_out == nullptr ? is_interrupted_ : carried_out->is_cancelled();
  }

  /// The load this group has claims for; the guard of `leave` abandons it. Set between prepare and commit.
  void set_load_in_flight(const planned_load* load) { load_in_flight_ = load; }

  /// A group's last act, however it ends. Idempotent.
  void leave();

  /// Wakes every wait of this group and makes later ones return at once. Context: any thread.
  void stop_waits();

  /// Its last events. Context: written by the group's thread, read by any.
  actor_events& events() { return *events_; }

  // What reports show of it. Context: any thread.
  last_call::reading called_last() const { return last_call_.read(); }

  const linker_wait& wait_in_linker() const { return channel_.wait; }

  /// The newest frames seen; null when none were.
  std::shared_ptr<const shown_frames> frames() const { return shown_frames_.load(); }

  /// Has the group keep its frames when it next enters a host call, returns from one, or is woken in a wait.
  void ask_for_frames() { is_asked_for_frames_.store(true, std::memory_order_relaxed); }

  /// Where the guest's own waits park (futexes, joins, sleeps).
  parker& waits() { return *waits_; }

  const std::shared_ptr<parker>& shared_waits() const { return waits_; }

  wasi::canceller& canceller() { return canceller_; }

  /// What a blocking host call is named in reports while it waits. Null when none. Context: written here, read
  /// anywhere.
  std::atomic<const char*> waiting_in{nullptr};

  embedder_function in_embedder_function;

  /// Bit n is signal n, sent and not delivered yet. Context: any thread.
  std::atomic<std::uint32_t> pending_signals{0};

  /// Set by a posted call that ended its thread (`thread_exit`): the thread unwinds next. Context: the group's thread.
  std::optional<error> unwinding;

  /// The operation of the embedder's that the thread carries out; null when none. Context: the group's thread.
  operation_state* carried_out = nullptr;

  /// When guest code of that operation is to end; the clock's maximum is never. Context: written by the group's thread,
  /// read by any.
  std::atomic<parker::clock::time_point> deadline{parker::clock::time_point::max()};

  /// Opens and closes of libraries that the thread is in. Context: the group's thread.
  int linker_depth = 0;

  /// The deadline has ended guest code in one of them, or in an initialiser, so that others wait for the thread for
  /// ever. Context: the group's thread.
  bool was_ended_in_linker = false;

  /// Calls posted by the embedder, run between guest calls.
  call_queue calls;

  /// Names already found by dlopen: spelling to module, so that a re-open touches no file.
  std::unordered_map<std::string, module_id> opened_names;

private:
  instance_group(std::shared_ptr<group_services> services, join_reply joined);

  bool is_to_end();
  void record(event_kind kind, std::uint64_t subject);
  /// A trap of the guest's code that its own comparison of the stack pointer made, told as such.
  error with_stack_overflow(const error& failure);
  event initialisation_of(module_id module, event_note what);
  void show_frames();

  void show_frames_if_asked()
  {
    if (is_asked_for_frames_.load(std::memory_order_relaxed)) [[unlikely]] {
      show_frames();
    }
  }

  void count_dead_instances();
  /// Takes a rehearsed load out of the store.
  void forget(const load_plan& load);
  void zero_memory_of(const load_plan& load, std::span<const group_block> blocks);
  void zero(memory_address address, std::uint64_t size);
  void release_lane_if_idle();
  result<void> apply_published();
  /// The cursor goes one operation further; the group's share of it is completed.
  void pass_operation();
  /// A committed operation cannot be undone: a group without guest frames is lost, with frames the process ends.
  error lose(const error& reason);
  result<void> apply_operation(const operation_body& operation, const snapshot& target);
  // One for each kind of operation.
  result<void> apply(const load_modules& operation, const snapshot& target);
  result<void> apply(const resolve_function& operation, const snapshot& target);
  result<void> apply(const allocate_function_table& operation, const snapshot& target);
  result<void> apply(const unload_modules& operation, const snapshot& target);
  result<void> apply(const set_closures& operation, const snapshot& target);
  result<void> apply(const stop_process& operation, const snapshot& target);
  result<void> drain_initialisers();
  result<void> run_initialiser(module_id module);
  void take_blocks(std::span<const group_block> blocks);

  std::shared_ptr<group_services> services_;
  group_id id_;
  group_log::cursor cursor_;
  group_lane_ptr lane_;
  snapshot_ptr snapshot_;
  std::vector<group_block> joined_blocks_;
  std::shared_ptr<actor_events> events_;
  last_call last_call_;
  published<shown_frames> shown_frames_{nullptr};
  std::atomic<bool> is_asked_for_frames_{false};
  bool is_watched_;
  request_channel channel_;
  std::unique_ptr<group_store> store_;
  std::shared_ptr<parker> waits_ = std::make_shared<parker>();
  wasi::canceller canceller_;
  std::atomic<bool> is_interrupted_{false};
  std::deque<module_id> initialisers_; ///< open start functions that have not run, in log order
  const planned_load* load_in_flight_ = nullptr;
  bool rehearses_scratch_ = false; ///< the scratch stack belongs to a load that is not committed yet
  std::optional<error> lost_;      ///< why calls to this group fail
  int catch_up_depth_ = 0;
  int initialiser_depth_ = 0;
  int depth_ = 0; ///< guest calls under way in this group
  int constructor_depth_ = 0;
  std::uint64_t dead_instances_ = 0; ///< counted so far
  std::uint64_t second_lives_ = 0;   ///< the same
  bool has_left_ = false;
};

} // namespace interlink
