// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A process on the fake engine, its libraries in a directory of its own, with real threads: what a test posts to a
// group runs on that group's thread, between its guest calls.
#pragma once

#include "groups/instance_group.hh"
#include "tests/support/fake_engine.hh"
#include "tests/support/fake_guests.hh"
#include "tests/support/temporary_directory.hh"

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "loader/library_loader.hh"
#include "process/process_core.hh"
#include "process/runtime.hh"

namespace interlink::support {

/// `test.event`, as it came.
struct guest_event {
  group_id group;
  std::uint32_t what{};
  std::uint32_t number{};

  friend bool operator==(const guest_event&, const guest_event&) = default;
};

/// Context: the test's thread.
class fake_process {
public:
  explicit fake_process(const main_shape& main = {}, process_options options = {}, bool is_interruptible = false);
  fake_process(const fake_process&) = delete;
  fake_process& operator=(const fake_process&) = delete;
  ~fake_process(); ///< stops and joins

  /// `libN.so`.
  void add(const library_shape& shape);
  void add(const std::string& name, const std::vector<std::byte>& bytes);

  const std::string& directory() const { return directory_.path(); }

  /// Loads the program in the first group, which serves calls from then on. Fails the test when that fails.
  group_id start();
  /// The same, and what became of it.
  result<group_id> try_start();
  /// One more group, without a guest thread.
  group_id add_group();

  /// Runs `work` on the group's thread. Pre: the group lives.
  template <class Work>
  auto in(group_id group, Work work) -> std::invoke_result_t<Work, instance_group&>
  {
    return begin(group, std::move(work)).get();
  }

  /// The same without waiting for it.
  template <class Work>
  auto begin(group_id group, Work work) -> std::future<std::invoke_result_t<Work, instance_group&>>
  {
    using outcome = std::invoke_result_t<Work, instance_group&>;
    auto promise = std::make_shared<std::promise<outcome>>();
    auto future = promise->get_future();
    const post_outcome posted =
        core().threads.find(group)->calls.post([promise, work = std::move(work)](instance_group* at) mutable {
          if (at == nullptr) {
            return; // a broken promise: the test fails where it waits
          }
          if constexpr (std::is_void_v<outcome>) {
            work(*at);
            promise->set_value();
          } else {
            promise->set_value(work(*at));
          }
        });
    INTERLINK_ASSERT(posted == post_outcome::accepted);
    return future;
  }

  // Guest calls, on the group's thread. Traps and errors come out as they are.
  result<std::uint32_t> call(group_id group, module_id module, const std::string& name, std::uint32_t argument = 0);
  /// A function of main.
  result<std::uint32_t> call(group_id group, const std::string& name, std::uint32_t argument = 0);
  result<library_handle> open(group_id group, const std::string& name, std::uint32_t flags = open_flag::lazy);
  result<std::uint32_t> find(group_id group, library_handle in, const std::string& name);
  /// Calls through an index without a catch up by the host, as guest code would.
  result<std::uint32_t> call_slot(group_id group, std::uint32_t slot);

  std::vector<guest_event> events() const;
  /// Runs in the host call, on the guest's thread; may do all that a host function may.
  std::function<result<void>(instance_group&, std::uint32_t what, std::uint32_t number)> on_event;
  /// Gives open start functions what to call.
  std::function<std::uint32_t(instance_group&)> on_index;
  /// The body of a guest thread; by default it serves calls.
  std::function<result<void>(instance_group&, std::uint32_t argument)> on_thread;

  process_core& core() { return *core_; }

  std::shared_ptr<process_core> shared_core() { return core_; }

  fake_engine& engine() { return *engine_; }

  coordinator& coordination() { return core_->coordination(); }

  std::uint32_t shelf() const { return static_cast<std::uint32_t>(core_->program().layout.memory_base.value); }

private:
  host_registry host_functions();

  temporary_directory directory_;
  std::shared_ptr<fake_engine> engine_;
  runtime runtime_;
  std::shared_ptr<process_core> core_;
  std::atomic<std::uint32_t> next_allocation_{0};
  mutable std::mutex mutex_;
  std::vector<guest_event> events_;
};

/// Calls an export of a module in a group, from the group's thread, without any catch up.
result<std::uint32_t> call_without_catch_up(instance_group& group, module_id module, const std::string& name,
                                            std::vector<std::uint32_t> arguments);

} // namespace interlink::support
