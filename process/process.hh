// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public facade: a process that runs a guest program, its groups, libraries and functions, for programs on asio.
//
// Every async_ function takes any completion token, completes exactly once with a `result<T>`, never inline, on the
// token's associated executor (the process's own executor when there is none). Guest code runs on the guest's own
// threads, never on that executor. Handles are cheap copies; they keep the process alive.
//
// Cancellation, by the token's slot. An operation of a group that has not begun completes with `cancelled` and leaves
// no trace. One that waits in the linker for other threads gives the wait up, with the same outcome (open_library says
// what is left). Guest code under way cannot be taken back: a wait of its own, or the next one, ends with errno intr,
// once for each cancellation, and the guest decides what becomes of that; only `terminal` ends the waiting for it, at
// once; the guest goes on and its outcome is dropped. The operations of a process know `terminal` alone, and that ends
// the waiting, too: what was started goes on. A deadline is a timer that cancels.
#pragma once

#include "groups/host_registry.hh"
#include "groups/pending_operation.hh"
#include "messages/error.hh"
#include "messages/guest_value.hh"
#include "messages/ids.hh"
#include "messages/wasm_types.hh"

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "loader/library_loader.hh"
#include "process/process_core.hh"
#include "process/runtime.hh"

namespace interlink {

/// An operation under way, as those who carry it out hold it.
template <class T>
using pending = std::shared_ptr<pending_operation<T>>;

namespace detail {

/// Erases the handler: `start` gets a completion that posts to the handler's executor, and connects the handler's
/// cancellation slot, if it has one.
template <class T, class Token, class Start>
auto initiate(const asio::any_io_executor& own, Token&& token, Start start)
{
  return asio::async_initiate<Token, void(result<T>)>(
      [own](auto handler, Start begin) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto work =
            asio::prefer(asio::get_associated_executor(handler, own), asio::execution::outstanding_work.tracked);
        auto operation = std::make_shared<pending_operation<T>>(
            completion<T>([work = std::move(work), slot, handler = std::move(handler)](result<T> outcome) mutable {
              asio::post(work, [slot, handler = std::move(handler), outcome = std::move(outcome)]() mutable {
                slot.clear(); // here, where cancellations come from as well: a slot serves one thread at a time
                std::move(handler)(std::move(outcome));
              });
            }));
        if (slot.is_connected()) {
          slot.assign([weak = std::weak_ptr(operation)](asio::cancellation_type type) {
            if (const auto under_way = weak.lock()) {
              under_way->cancel((type & asio::cancellation_type::terminal) != asio::cancellation_type::none);
            }
          });
        }
        begin(std::move(operation));
      },
      token, std::move(start));
}

} // namespace detail

/// A library that was opened. Context: any thread.
struct library {
  library_handle handle;
  std::weak_ptr<const process_core> process{}; ///< that it is of
};

/// A guest function that was found. Context: any thread.
struct function {
  table_index slot;        ///< what a guest calls the function's address; 0 in a static program
  std::string export_name; ///< that it was found by
  function_type type;
  std::weak_ptr<const process_core> process{}; ///< that it is of
};

/// What all handles of one process hold: the last one's end stops the process and waits for its threads, at most a
/// second (not at all on a guest's own thread). A thread that computes on without a call keeps what it needs, and the
/// runtime must outlive it. Context: any thread.
class process_owner {
public:
  explicit process_owner(std::shared_ptr<process_core> core) : core_(std::move(core)) {}

  process_owner(const process_owner&) = delete;
  process_owner& operator=(const process_owner&) = delete;
  ~process_owner();

  process_core& core() const { return *core_; }

  const std::shared_ptr<process_core>& shared_core() const { return core_; }

private:
  std::shared_ptr<process_core> core_;
};

/// Threads that were still computing when a stop gave up on them.
struct stop_report {
  std::vector<thread_report> still_running;
};

/// One instance group and its thread. Calls run on that thread, between its guest calls, in the order of posting.
/// Context: any thread.
class group {
public:
  group(std::shared_ptr<process_owner> process, group_id id, asio::any_io_executor executor)
      : process_(std::move(process)), id_(id), executor_(std::move(executor))
  {
  }

  group_id id() const { return id_; }

  /// What dlopen does in this group; flags are `open_flag`'s.
  /// Errors: those of open_library; mailbox_full; stopping when the group has ended; cancelled.
  template <class Token>
  auto async_open(std::string name, std::uint32_t flags, Token&& token)
  {
    return detail::initiate<library>(
        executor_, std::forward<Token>(token),
        [self = *this, name = std::move(name), flags](const pending<library>& done) mutable {
          self.open(std::move(name), flags, done);
        });
  }

  /// What dlclose does in this group: destructors run there. Errors: invalid_handle; those of a call when a destructor
  /// ends the thread or traps; mailbox_full, stopping, cancelled.
  template <class Token>
  auto async_close(library closed, Token&& token)
  {
    return detail::initiate<void>(
        executor_, std::forward<Token>(token),
        [self = *this, closed](const pending<void>& done) mutable { self.close(closed, done); });
  }

  /// What dlsym does, for functions. Errors: symbol_not_found, symbol_type_mismatch (a datum), invalid_handle,
  /// invalid_argument (a library of another process), mailbox_full, stopping, cancelled.
  template <class Token>
  auto async_find_symbol(library in, std::string name, Token&& token)
  {
    return detail::initiate<function>(
        executor_, std::forward<Token>(token),
        [self = *this, in, name = std::move(name)](const pending<function>& done) mutable {
          self.find_symbol(in, std::move(name), done);
        });
  }

  /// Calls a guest function in this group.
  /// Errors: symbol_type_mismatch when the arguments do not fit; invalid_argument for a function of another process;
  /// guest_trapped, guest_exited (the process ends then);
  /// mailbox_full, stopping, cancelled.
  template <class Token>
  auto async_call(function callee, std::vector<guest_value> arguments, Token&& token)
  {
    using values = std::vector<guest_value>;
    return detail::initiate<values>(executor_, std::forward<Token>(token),
                                    [self = *this, callee = std::move(callee),
                                     arguments = std::move(arguments)](const pending<values>& done) mutable {
                                      self.call(std::move(callee), std::move(arguments), done);
                                    });
  }

private:
  void open(std::string name, std::uint32_t flags, const pending<library>& done);
  void close(library closed, const pending<void>& done);
  void find_symbol(library in, std::string name, const pending<function>& done);
  void call(function callee, std::vector<guest_value> arguments, const pending<std::vector<guest_value>>& done);

  std::shared_ptr<process_owner> process_;
  group_id id_;
  asio::any_io_executor executor_;
};

/// A guest program. Context: any thread. Lifetime: the runtime outlives it; the end of the last handle, groups'
/// included, stops the process.
class process {
public:
  /// Reads the program and prepares its memory; runs nothing.
  /// Errors: library_not_found, file_unreadable, malformed_module, unsupported_module, invalid_argument,
  /// memory_exhausted.
  static result<process> make(asio::any_io_executor executor, runtime& shared, const std::string& program_path,
                              process_options options = {}, host_registry host_functions = {});

  /// Loads the program and starts its first group: of a command, `_start` is about to run; of a reactor, `_initialize`
  /// has returned and the group serves calls. Errors: all of loading; invalid_argument when it was started before.
  template <class Token>
  auto async_start(Token&& token)
  {
    return detail::initiate<group>(executor_, std::forward<Token>(token),
                                   [self = *this](const pending<group>& done) mutable { self.start(done); });
  }

  /// Starts the program and completes when it has ended; a failure of the program is in the outcome. Until then it
  /// counts as a handle of the process: its cancellation ends the program too, unless there is another.
  /// Errors: invalid_argument when it was started before.
  template <class Token>
  auto async_run(Token&& token)
  {
    return detail::initiate<process_outcome>(
        executor_, std::forward<Token>(token),
        [self = *this](const pending<process_outcome>& done) mutable { self.run(done); });
  }

  /// Makes another group. A program with the guest support library makes a guest thread for it, in the first group
  /// between its guest calls; any other program (freestanding, without libc threads) gets a bare group.
  /// Errors: those of building a group; spawn_failed before the start, and when the guest cannot make a thread, for
  /// example because its main thread has left; mailbox_full; stopping.
  template <class Token>
  auto async_spawn_group(Token&& token)
  {
    return detail::initiate<group>(executor_, std::forward<Token>(token),
                                   [self = *this](const pending<group>& done) mutable { self.spawn_group(done); });
  }

  /// Ends the process and waits for its threads, at most `grace`: code that computes without calls can be stopped only
  /// by an interruptible engine. Calls that are under way in a thread that is left complete with `stopping`, as they do
  /// after the end of the last handle.
  /// Errors: spawn_failed when the host has no thread to wait on: the process is ended, and nobody waits; cancelled.
  template <class Token>
  auto async_stop(std::chrono::milliseconds grace, Token&& token)
  {
    return detail::initiate<stop_report>(
        executor_, std::forward<Token>(token),
        [self = *this, grace](const pending<stop_report>& done) mutable { self.stop(grace, done); });
  }

  /// Ends the wait that a guest thread is in, or its next one, once: with errno intr, `memory.atomic.wait` as if
  /// notified, a wait of its dlopen with an error. For the threads that a report names; an operation is cancelled by
  /// its slot. False when the thread is not alive.
  bool interrupt(group_id thread);

  /// The same failure, with file and line in each frame of its backtrace whose module has line tables (-g). Reads the
  /// files of these modules again, so it is for what a person will read.
  error located(const error& failure) const;

  /// The recorder of all that its actors do. Context: any thread. Lifetime: the handles' of the process.
  tracing& trace() { return *owner_->core().trace; }

  /// Waits until the process has ended. Context: a thread that serves neither handlers nor guests.
  process_outcome wait() { return owner_->core().wait_for_end(); }

  /// The same; nothing when the deadline passed first.
  std::optional<process_outcome> wait_until(parker::clock::time_point deadline)
  {
    return owner_->core().wait_for_end(deadline);
  }

  /// The linker itself, for reports and tests.
  process_core& core() { return owner_->core(); }

private:
  process(std::shared_ptr<process_owner> owner, asio::any_io_executor executor)
      : owner_(std::move(owner)), executor_(std::move(executor))
  {
  }

  void start(const pending<group>& done);
  void start_begun(const pending<group>& done);
  void run(const pending<process_outcome>& done);
  void spawn_group(const pending<group>& done);
  void spawn_guest_group(instance_group& first, const pending<group>& done);
  void stop(std::chrono::milliseconds grace, const pending<stop_report>& done);

  std::shared_ptr<process_owner> owner_;
  asio::any_io_executor executor_;
};

} // namespace interlink
