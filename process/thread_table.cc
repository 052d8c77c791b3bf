// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/thread_table.hh"

#include "groups/instance_group.hh"
#include "messages/assert.hh"

#include <algorithm>
#include <mutex>
#include <utility>

namespace interlink {

result<void> thread_table::start(std::shared_ptr<instance_group> group, std::size_t stack_bytes,
                                 std::move_only_function<void()> body)
{
  reap();
  const group_id id = group->id();
  // The lock is held while the thread is made, so that the new thread's `finish` finds its entry complete.
  std::lock_guard lock(mutex_);
  if (is_stopped_) {
    group->stop_waits();
  }
  auto thread = guest_thread::start(stack_bytes, std::move(body));
  if (!thread) {
    return fail(std::move(thread.error()));
  }
  alive_.emplace(id, entry{std::move(group), std::move(*thread), {}});
  return {};
}

void thread_table::finish(group_id group)
{
  entry ended;
  {
    std::lock_guard lock(mutex_);
    auto found = alive_.extract(group);
    INTERLINK_ASSERT(!found.empty());
    ended = std::move(found.mapped());
    finished_.push_back(std::move(ended.thread));
    if (alive_.empty()) {
      ended.joiners.insert(ended.joiners.end(), all_joiners_.begin(), all_joiners_.end());
    }
  }
  for (const auto& joiner : ended.joiners) {
    joiner->unpark();
  }
}

std::shared_ptr<instance_group> thread_table::find(group_id group) const
{
  std::lock_guard lock(mutex_);
  const auto found = alive_.find(group);
  return found == alive_.end() ? nullptr : found->second.group;
}

bool thread_table::signal(group_id group, std::uint32_t signal)
{
  const std::shared_ptr<instance_group> target = find(group);
  if (target != nullptr && signal != 0) {
    target->pending_signals.fetch_or(1U << signal, std::memory_order_acq_rel);
    target->wake_waits();
  }
  return target != nullptr;
}

std::size_t thread_table::alive_count() const
{
  std::lock_guard lock(mutex_);
  return alive_.size();
}

std::vector<std::shared_ptr<instance_group>> thread_table::alive() const
{
  std::vector<std::shared_ptr<instance_group>> groups;
  std::lock_guard lock(mutex_);
  for (const auto& [id, thread] : alive_) {
    groups.push_back(thread.group);
  }
  return groups;
}

join_outcome thread_table::join(group_id group, const std::shared_ptr<parker>& at,
                                const std::function<bool()>& takes_interruption)
{
  while (true) {
    const bool is_interrupted = takes_interruption && takes_interruption();
    {
      std::lock_guard lock(mutex_);
      const auto found = alive_.find(group);
      if (found == alive_.end()) {
        return join_outcome::finished;
      }
      std::vector<std::shared_ptr<parker>>& joiners = found->second.joiners;
      if (is_interrupted) {
        std::erase(joiners, at);
        return join_outcome::interrupted;
      }
      if (std::ranges::find(joiners, at) == joiners.end()) { // a signal wakes a joiner as often as the guest likes
        joiners.push_back(at);
      }
    }
    if (at->park() == wake_reason::stopped) {
      return join_outcome::stopped;
    }
  }
}

void thread_table::stop_all_waits()
{
  std::vector<std::shared_ptr<instance_group>> groups;
  {
    std::lock_guard lock(mutex_);
    is_stopped_ = true;
    for (const auto& [id, alive] : alive_) {
      groups.push_back(alive.group);
    }
  }
  for (const auto& group : groups) {
    group->stop_waits();
  }
}

void thread_table::reap()
{
  std::vector<guest_thread> finished;
  {
    std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  for (guest_thread& thread : finished) {
    thread.join();
  }
}

bool thread_table::join_all(std::optional<parker::clock::time_point> deadline)
{
  const auto at = std::make_shared<parker>();
  bool is_empty = false;
  {
    std::lock_guard lock(mutex_);
    all_joiners_.push_back(at);
    is_empty = alive_.empty();
  }
  while (!is_empty && at->park(deadline) != wake_reason::deadline) {
    std::lock_guard lock(mutex_);
    is_empty = alive_.empty();
  }
  {
    std::lock_guard lock(mutex_);
    std::erase(all_joiners_, at);
  }
  reap();
  return is_empty;
}

std::vector<thread_report> thread_table::report() const
{
  std::vector<std::shared_ptr<instance_group>> groups;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, alive] : alive_) {
      groups.push_back(alive.group);
    }
  }
  std::vector<thread_report> reports;
  reports.reserve(groups.size());
  for (const auto& group : groups) {
    reports.push_back(describe_thread(*group));
  }
  return reports;
}

} // namespace interlink
