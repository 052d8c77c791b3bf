// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all groups of one process share: engine, memory, coordinator, guest ABI, threads, and how the process ends. The
// facade (process/process.hh) wraps it for embedders.
#pragma once

#include "actors/futex_table.hh"
#include "actors/ranked_mutex.hh"
#include "engine/engine.hh"
#include "groups/coordinator.hh"
#include "groups/group_services.hh"
#include "groups/host_registry.hh"
#include "wasi/system.hh"

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loader/loader_services.hh"
#include "process/embedder_groups.hh"
#include "process/process_family.hh"
#include "process/thread_table.hh"
#include "process/tracing.hh"

namespace interlink {

/// How a process ended.
struct process_outcome {
  std::uint32_t exit_code{};    ///< the guest's own; 134 after a trap, as a shell reports an abort
  std::optional<error> failure; ///< the trap, or what else ended it
  std::uint32_t signal{};       ///< WASI's number of the signal that ended it; 0 for none
};

inline constexpr std::uint32_t exit_code_of_trap = 134;

/// Source: WASI preview 1, `signal`.
inline constexpr std::uint32_t signal_of_trap = 6; ///< abrt
inline constexpr std::uint32_t signal_kill = 9;
inline constexpr std::uint32_t signal_max = 31;

/// Whether a signal without handler ends a process. Source: POSIX default actions, with WASI's numbers.
bool is_deadly(std::uint32_t signal);

/// The group that runs the program's `_start` or `_initialize`.
inline constexpr group_id first_group{1};

/// What an embedder decides about one process.
struct process_options {
  memory_options memory;
  wasi::options wasi;
  std::vector<std::string> library_path; ///< host directories for bare library names
  bool runs_command = true;      ///< false: `_start` of a command is left alone, and it serves calls as a reactor does
  bool serves_calls = true;      ///< after `_initialize` a reactor serves the embedder's calls; else the process ends
  bool instrument_checks = true; ///< false only in tests that show why the check is needed
  debug_options debug;
  audit policy;
  std::shared_ptr<shared_modules> modules;  ///< that it has in common with other processes of the engine; may be null
  std::optional<std::size_t> library_limit; ///< loaded at once, the program not counted
  std::optional<std::size_t> thread_limit;  ///< guest threads alive at once, the first among them
  /// Of each operation that a group carries out for the embedder: what it computes beyond this is ended with
  /// deadline_passed. Only with an interruptible engine.
  std::optional<std::chrono::milliseconds> longest_call;
  /// The embedder's word for it: a call that is ended in the midst of guest code holds no lock that another call may
  /// wait for. Without it such a call ends the process, unless its memory is its own and it has no other thread.
  bool calls_hold_no_locks = false;
  std::uint32_t resting_slots = 1024; ///< of closed libraries, kept null before they go out again: how long a stale
                                      ///< pointer is sure to trap. 8 bytes each in every thread
  std::optional<std::chrono::milliseconds>
      longest_open_wait{};                  ///< of each open for other threads' loads and constructors
  std::chrono::milliseconds watchdog{1000}; ///< a wait in the linker that lasts longer is reported; 0 is off
  std::size_t events_per_actor = 63;        ///< kept for reports, 32 bytes each; 0 records none
  std::size_t thread_stack_bytes = std::size_t{4}
                                   << 20;         ///< host stack of guest threads; above the engine's guest_stack_bytes
  std::function<void(const std::string&)> report; ///< gets the reports in place of `debug.sink`: options without
                                                  ///< effect, long waits, unimplemented calls; one line or more. Any
                                                  ///< thread
};

/// Context: any thread, unless a member says otherwise.
class process_core final : public group_services, public std::enable_shared_from_this<process_core> {
public:
  /// Reads the program, prepares memory, guest ABI and coordinator; runs nothing.
  /// `background` runs turns that a bounded drainer left; it must have a thread of its own.
  /// Errors: those of reading and layout; invalid_argument for directories that are missing.
  static result<std::shared_ptr<process_core>> make(engine::engine_ptr engine, const std::string& program_path,
                                                    process_options options, host_registry embedder_functions,
                                                    asio::any_io_executor background);

  /// For a guest that starts another program of its files: the engine, options and guest ABI of `parent`, with the
  /// given files and descriptors. Neither runs nor joins the family. Errors: as above.
  static result<std::shared_ptr<process_core>>
  make_successor(const process_core& parent, std::shared_ptr<wasi::system> system, found_module program);

  ~process_core() override;

  const process_options& options() const { return options_; }

  const program_facts& program() const { return loader.program; }

  // Made before start, immutable afterwards.
  loader_services loader;
  std::shared_ptr<wasi::system> wasi_system;

  /// The processes that began with the embedder's, and this one's number among them. Written before the start.
  std::shared_ptr<process_family> family;
  process_id number = first_process;

  // Each guards itself.
  futex_table& futexes = shared_futexes(); ///< its addresses are the host's: processes may share a memory
  thread_table threads;
  class embedder_groups embedder_groups;
  std::optional<tracing> trace;                                                       ///< made with the process
  std::shared_ptr<request_channel> inspections = std::make_shared<request_channel>(); ///< for reports, one at a time

  /// Ends the process: the first caller decides the outcome. Publishes a stop, wakes every wait of every group.
  /// Context: any thread that is not in a turn.
  void end(const process_outcome& outcome);
  void end_with(const error& failure) override;

  /// Ends the threads as `end` does; the process counts as over, with the outcome of `successor`, when that is. Nothing
  /// when it has ended already. Context: as `end`.
  void end_as(const std::shared_ptr<process_core>& successor);

  /// Sends a signal to the process: to its handler, in the main thread or else another one, if the program has one;
  /// else by the signal's default. False when it has ended. Context: any thread that is not in a turn.
  bool signal(std::uint32_t signal);

  /// The same to one thread. False when it is not alive.
  bool signal_thread(group_id thread, std::uint32_t signal);

  /// Sends the signal after each interval, or after one. Replaces what was asked for before; 0 only takes it back.
  void signal_after(std::uint32_t signal, std::chrono::nanoseconds interval, bool repeats);

  /// Whether the program has a function that takes signals.
  bool handles_signals() const;

  /// Bit n: signal n is ignored without a handler. Written before the start.
  std::uint32_t ignored_signals{};

  /// Begins with INTERLINK_DEBUG=ops and actors, if they are on. Context: once, before the start, when `number` is
  /// known. Errors: spawn_failed.
  result<void> log_events();

  /// True for the first caller: a program is started once.
  bool begin();

  bool has_begun() const;

  bool has_ended() const override { return has_ended_.load(std::memory_order_acquire); }

  /// Waits until every thread has finished, then joins them. False
  /// when the deadline passed first. Context: after `end`, a thread that runs no guest code.
  bool join_threads(parker::clock::time_point deadline);

  /// Completes with `stopping` what the threads that are left carry out for the embedder. Pre: the process has ended.
  void abandon_operations();

  /// An operation was posted to this group: if a function of the embedder's holds it up for long, that is reported.
  void watch_calls(const instance_group& group);

  /// A group has begun an operation of the embedder's that has a deadline: sees to it that it ends then.
  void watch_deadlines();

  /// What a thread's outcome means for the process: nothing for a normal return and thread_exit, its end otherwise.
  void on_thread_result(const result<void>& outcome);

  /// Waits until `end` was called. Nothing when the deadline passed first. Context: a thread that runs no guest code.
  std::optional<process_outcome> wait_for_end(std::optional<parker::clock::time_point> deadline);

  process_outcome wait_for_end() { return *wait_for_end(std::nullopt); }

  /// Runs `callback` once, with the outcome, when the process has ended; at once when it has. On the ending thread.
  void on_end(std::function<void(const process_outcome&)> callback);

  /// Name of the export that handles signals: the one that the guest names, else `__wasm_signal`.
  std::string signal_handler() const;
  void set_signal_handler(std::string name);

  /// LD_LIBRARY_PATH of the guest's environment.
  std::vector<std::string> library_path() const;

private:
  process_core();
  /// Goes on from files, options, engine and guest ABI.
  static result<std::shared_ptr<process_core>>
  finish_making(std::shared_ptr<process_core> made, const std::string& program_path, asio::any_io_executor background);
  result<void> open_files(const std::string& program_path);
  result<module_content> read_program(const std::string& program_path);
  /// In the engine's cache directory, unless somebody else could write there; says why not.
  void keep_modules();
  /// Of a program that the guest starts.
  result<void> audit_program(const module_content& content) const;
  /// Links it, then compiles it.
  result<void> prepare_static_program(module_content& content, const std::string& program_path);
  void describe_program(const module_info& info);
  result<void> make_memories(const module_info& info);
  void make_coordinator(asio::any_io_executor background);
  void report_unimplemented(const std::string& name);
  void report_options_without_effect(const module_info& info) const;
  /// A wait in the linker has lasted long: asks who holds it for its frames, and reports it when it is long enough.
  void on_long_wait(group_id waiter, const linker_wait& wait, std::chrono::milliseconds waited);
  /// Wakes what waits and publishes the stop. False when it has ended already.
  bool stop_threads(const process_outcome& outcome);
  /// Tells everybody who waits for the end.
  void announce_end(const process_outcome& outcome);
  void arm_signal(std::uint32_t signal, std::chrono::nanoseconds interval, bool repeats);
  /// Advances the epoch until every thread has ended: a store that was answering for another process as an epoch came
  /// has missed it (engine::store::set_interrupt).
  void interrupt_again(std::chrono::milliseconds pause);
  /// After `pause`, and again after twice as long while calls are held up. Pre: `mutex_` is held.
  void look_at_calls_after(std::chrono::milliseconds pause);
  void look_at_calls(std::chrono::milliseconds waited);

  /// Pre: `mutex_` is held.
  void look_at_deadlines_after(std::chrono::milliseconds pause);
  void look_at_deadlines();

  process_options options_;
  std::string started_by_;                           ///< the program that has started this one; empty: the embedder
  std::optional<asio::steady_timer> deadline_watch_; ///< while operations with a deadline are under way
  std::optional<asio::steady_timer> interrupts_;     ///< of an interruptible engine; after the end only
  asio::any_io_executor background_;

  mutable ranked_mutex mutex_{lock_rank::process_state};
  std::string signal_handler_{"__wasm_signal"};
  std::set<std::string> handler_exports_; ///< functions of the program; before start
  std::map<std::uint32_t, std::unique_ptr<asio::steady_timer>> signal_timers_;
  std::set<std::string> reported_unimplemented_;
  std::optional<asio::steady_timer> call_watch_; ///< while a function of the embedder's may hold calls up
  bool has_begun_{};
  std::weak_ptr<process_core> successor_; ///< of end_as
  bool is_over_{};                        ///< the stop is published and the waits are woken
  std::optional<process_outcome> outcome_;
  std::vector<std::function<void(const process_outcome&)>> on_end_;
  std::vector<std::shared_ptr<parker>> end_waiters_;
  std::atomic<bool> has_ended_{false};
};

/// The process of a group. Groups know it by their services alone; all of ours are made by a process.
process_core& process_of(const instance_group& group);

} // namespace interlink
