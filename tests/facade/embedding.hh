// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A guest program that serves calls, for tests of the facade: with the engine's options at hand, an executor of the
// process's own, and every wait with a deadline.
#pragma once

#include "engine/engine.hh"

#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "process/process.hh"

namespace interlink::test {

/// Far beyond what any of these tests needs on a loaded machine: it ends hangs and proves nothing about speed.
inline constexpr std::chrono::seconds facade_deadline{60};

/// The outcome, or deadline_passed.
template <class T>
result<T> await(std::future<result<T>> outcome)
{
  if (outcome.wait_for(facade_deadline) != std::future_status::ready) {
    return fail(errc::deadline_passed, "nothing came before the deadline");
  }
  return outcome.get();
}

/// True as soon as `condition` is; false when it is not before the deadline.
template <class Condition>
bool comes_true(Condition condition)
{
  const auto deadline = std::chrono::steady_clock::now() + facade_deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// The program `name`, made and not started. Its end stops the process; one that cannot be stopped is left alone with
/// all that it uses, so that a failure is reported and not a hang. Context: the test's thread.
class embedding {
public:
  explicit embedding(const std::string& name, engine::engine_options engine_options = {},
                     host_registry host_functions = {}, process_options options = {});
  /// On the same engine as another.
  embedding(const std::string& name, const embedding& beside);
  ~embedding();
  embedding(const embedding&) = delete;
  embedding& operator=(const embedding&) = delete;

  /// Why there is no program. Call nothing else then.
  const std::optional<error>& refusal() const { return refusal_; }

  process& program() { return *process_; }

  /// Gives the only handle of the process away.
  process take() { return *std::exchange(process_, std::nullopt); }

  /// Where handlers run that have no executor of their own: one thread.
  asio::any_io_executor own_executor() { return handlers_->get_executor(); }

  /// The first group, ready for calls.
  result<group> start() { return await(process_->async_start(asio::use_future)); }

  /// A function of main.
  result<function> find(group in, const std::string& name)
  {
    return await(in.async_find_symbol(library{main_handle}, name, asio::use_future));
  }

  result<std::vector<guest_value>> call(group in, const std::string& name, std::vector<guest_value> arguments);

  /// The group's thread is in this host call, as a report says it.
  bool waits_in(group_id in, std::string_view call);

  result<stop_report> stop(std::chrono::milliseconds grace)
  {
    return await(process_->async_stop(grace, asio::use_future));
  }

private:
  void make(const std::string& name, host_registry host_functions = {}, process_options options = {});

  std::optional<error> refusal_;
  std::unique_ptr<asio::thread_pool> handlers_;
  std::shared_ptr<runtime> shared_;
  std::optional<process> process_;
};

/// A call of `computes_until_told` under way in the first group of the program `computes`. Its end tells it to return.
class computing_call {
public:
  /// Started, and seen to compute. Null when that does not come about. `call` begins it in place of a plain call, whose
  /// outcome is kept.
  static std::unique_ptr<computing_call> start(embedding& guest, group in,
                                               const std::function<void(const function&)>& call = {});

  ~computing_call() { tell_to_return(); }

  computing_call(const computing_call&) = delete;
  computing_call& operator=(const computing_call&) = delete;

  void tell_to_return() { state().store(told_to_return); }

  /// What the call completed with.
  result<std::vector<guest_value>> outcome() { return await(std::move(outcome_)); }

private:
  // As in guests/computes.c.
  static constexpr std::int32_t computing = 1;
  static constexpr std::int32_t told_to_return = 2;

  computing_call(engine::shared_memory_ptr memory, std::int32_t address) : memory_(std::move(memory)), address_(address)
  {
  }

  std::atomic_ref<std::int32_t> state()
  {
    return std::atomic_ref<std::int32_t>(*reinterpret_cast<std::int32_t*>(memory_->data() + address_));
  }

  engine::shared_memory_ptr memory_;
  std::int32_t address_;
  std::future<result<std::vector<guest_value>>> outcome_;
};

} // namespace interlink::test
