// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/process_family.hh"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

namespace interlink {

result<process_id> process_family::add(process_id parent, const std::shared_ptr<process_core>& process, keeping keep)
{
  std::lock_guard lock(mutex_);
  if (entries_.size() >= processes_max) {
    return fail(errc::spawn_failed, "too many processes: " + std::to_string(processes_max) + " are there");
  }
  const process_id id = next_++;
  entries_.emplace(id, entry{parent, process, keep == keeping::yes ? process : nullptr, std::nullopt});
  return id;
}

void process_family::replace(process_id process, const std::shared_ptr<process_core>& successor)
{
  std::shared_ptr<process_core> replaced; // released after the lock
  std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(process); found != entries_.end()) {
    ended_.push_back(std::exchange(found->second.process, successor));
    replaced = std::exchange(found->second.kept, successor);
  }
}

std::shared_ptr<process_core> process_family::find(process_id process) const
{
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(process);
  return found == entries_.end() || found->second.end ? nullptr : found->second.process.lock();
}

std::optional<process_id> process_family::parent_of(process_id process) const
{
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(process);
  return found == entries_.end() ? std::nullopt : std::optional(found->second.parent);
}

void process_family::finish(process_id process, process_end end)
{
  std::shared_ptr<process_core> ended; // released after the lock
  std::vector<std::shared_ptr<parker>> woken;
  {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(process);
    if (found == entries_.end() || found->second.end) {
      return;
    }
    ended.swap(found->second.kept);
    found->second.end = end;
    std::erase_if(ended_, [](const auto& each) { return each.expired(); });
    ended_.push_back(found->second.process);
    for (auto& [id, other] : entries_) {
      if (other.parent == process) {
        other.parent = first_process;
      }
    }
    woken = joiners_;
  }
  for (const auto& joiner : woken) {
    joiner->unpark();
  }
}

joined_child process_family::join(process_id parent, std::optional<process_id> child, bool waits,
                                  const std::shared_ptr<parker>& at, const std::function<bool()>& takes_interruption)
{
  const auto look = [&]() -> joined_child {
    bool runs = false;
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->second.parent != parent || it->first == parent || (child && it->first != *child)) {
        continue;
      }
      if (it->second.end) {
        const joined_child found{child_state::ended, it->first, *it->second.end};
        entries_.erase(it);
        return found;
      }
      runs = true;
    }
    return {runs ? child_state::runs : child_state::no_child};
  };
  joined_child found;
  while (true) {
    const bool is_interrupted = waits && takes_interruption && takes_interruption();
    {
      std::lock_guard lock(mutex_);
      found = look();
      std::erase(joiners_, at);
      if (found.state != child_state::runs || !waits) {
        return found;
      }
      if (is_interrupted) {
        return {child_state::interrupted};
      }
      joiners_.push_back(at);
    }
    if (at->park() == wake_reason::stopped) {
      std::lock_guard lock(mutex_);
      std::erase(joiners_, at);
      return {child_state::stopped};
    }
  }
}

std::vector<std::shared_ptr<process_core>> process_family::others(process_id but) const
{
  std::vector<std::shared_ptr<process_core>> running;
  std::lock_guard lock(mutex_);
  for (const auto& [id, each] : entries_) {
    auto process = id == but || each.end ? nullptr : each.process.lock();
    if (process) {
      running.push_back(std::move(process));
    }
  }
  return running;
}

std::vector<std::shared_ptr<process_core>> process_family::unfinished(process_id but) const
{
  std::vector<std::shared_ptr<process_core>> all = others(but);
  std::lock_guard lock(mutex_);
  for (const auto& each : ended_) {
    if (auto process = each.lock()) {
      all.push_back(std::move(process));
    }
  }
  return all;
}

} // namespace interlink
