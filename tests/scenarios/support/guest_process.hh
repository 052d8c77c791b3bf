// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a guest program inside the test, through the facade, so that the state of the process can be looked at and host
// functions can be given. Every wait has a deadline.
#pragma once

#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process/process.hh"

namespace interlink::test {

/// Far beyond what any scenario needs on a loaded machine: it ends hangs and proves nothing about speed.
inline constexpr std::chrono::seconds process_deadline{60};

struct guest_options {
  std::vector<std::string> arguments;
  bool instrument_checks = true;
  bool interruptible = false; ///< the engine
  int stdin_fd = -1;          ///< the caller's; -1 for none
  host_registry functions;    ///< besides the guest ABI
};

/// A guest program, with the directory of guests as its current one and its output kept. Context: the test's thread.
/// A process that cannot be stopped is a failure of the test; it is left alone with all that it uses, so that there is
/// a report and not a hang.
class guest_process {
public:
  guest_process(const std::string& name, guest_options options = {});
  ~guest_process();
  guest_process(const guest_process&) = delete;
  guest_process& operator=(const guest_process&) = delete;

  /// Runs the program to its end. deadline_passed when it does not come.
  result<process_outcome> run() { return await(begin()); }

  /// Starts the program; the outcome comes when it has ended.
  std::future<result<process_outcome>> begin() { return process_->async_run(asio::use_future); }

  result<stop_report> stop(std::chrono::milliseconds grace)
  {
    return await(process_->async_stop(grace, asio::use_future));
  }

  /// What comes, or deadline_passed.
  template <class T>
  static result<T> await(std::future<result<T>> outcome)
  {
    if (outcome.wait_for(process_deadline) != std::future_status::ready) {
      return fail(errc::deadline_passed, "nothing came before the deadline");
    }
    return outcome.get();
  }

  /// The first group, ready to serve calls.
  result<group> start() { return await(process_->async_start(asio::use_future)); }

  result<group> spawn_group() { return await(process_->async_spawn_group(asio::use_future)); }

  /// Finds a function of main, or of `in`, by `name` and calls it in the group.
  result<std::vector<guest_value>> call(group in, const std::string& name, std::vector<guest_value> arguments,
                                        library from = {main_handle});

  result<library> open(group in, const std::string& name);

  /// Why the process could not be made. Call nothing else then.
  const std::optional<error>& refusal() const { return refusal_; }

  process_core& core() { return process_->core(); }

  /// What the program has printed so far.
  std::string output() const;

private:
  static constexpr library_handle main_handle{1};

  int output_fd_ = -1;
  std::optional<error> refusal_;
  std::unique_ptr<asio::thread_pool> handlers_;
  std::unique_ptr<runtime> shared_;
  std::optional<process> process_;
};

} // namespace interlink::test
