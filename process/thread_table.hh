// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest threads of a process: who lives, who waits for whose end, and the operating system threads beneath.
#pragma once

#include "actors/guest_thread.hh"
#include "actors/parker.hh"
#include "actors/ranked_mutex.hh"
#include "messages/ids.hh"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process/thread_report.hh"

namespace interlink {

class instance_group;

enum class join_outcome : std::uint8_t { finished, interrupted, stopped };

/// Context: any thread.
class thread_table {
public:
  /// Registers the group and starts its thread; `body` runs on it and must end by giving its group back (`finish`).
  /// Errors: spawn_failed.
  result<void> start(std::shared_ptr<instance_group> group, std::size_t stack_bytes,
                     std::move_only_function<void()> body);

  /// The thread of `group` is about to end: wakes those who join it. Last act of a thread's body.
  void finish(group_id group);

  /// Null when it has finished or never was.
  std::shared_ptr<instance_group> find(group_id group) const;

  /// Sends a signal: the thread takes it at its next return from a host call that can wait. False when it is not alive.
  bool signal(group_id group, std::uint32_t signal);

  std::size_t alive_count() const;

  std::vector<std::shared_ptr<instance_group>> alive() const;

  /// Waits until `group` has finished. An unknown group has finished. `takes_interruption` as in futex_table.
  join_outcome join(group_id group, const std::shared_ptr<parker>& at,
                    const std::function<bool()>& takes_interruption = nullptr);

  /// Makes all waits of all groups, present and future, return at once.
  void stop_all_waits();

  /// Joins the operating system threads that have finished.
  void reap();

  /// Waits until every thread has finished, then joins them. False when the deadline passed first.
  bool join_all(std::optional<parker::clock::time_point> deadline);

  std::vector<thread_report> report() const;

private:
  struct entry {
    std::shared_ptr<instance_group> group;
    guest_thread thread;
    std::vector<std::shared_ptr<parker>> joiners;
  };

  mutable ranked_mutex mutex_{lock_rank::process_state};
  std::map<group_id, entry> alive_;
  std::vector<guest_thread> finished_;
  std::vector<std::shared_ptr<parker>> all_joiners_; ///< wait for the table to be empty
  bool is_stopped_{};
};

} // namespace interlink
