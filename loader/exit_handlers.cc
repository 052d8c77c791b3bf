// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/exit_handlers.hh"

#include <algorithm>
#include <array>
#include <mutex>
#include <ranges>

namespace interlink {

namespace {

bool runs_at_close(registration kind)
{
  return kind == registration::cxa_atexit || kind == registration::atexit;
}

bool contains(std::span<const module_id> modules, module_id module)
{
  return std::ranges::find(modules, module) != modules.end();
}

} // namespace

bool exit_handlers::is_of(const record& kept, std::span<const module_id> modules) const
{
  return contains(modules, kept.handler.owner) || contains(modules, kept.handler.provider);
}

handler_id exit_handlers::add(const exit_handler& handler)
{
  const std::lock_guard lock(mutex_);
  const handler_id id{next_++};
  records_.emplace(id, record{handler, false, {}});
  if (handler.kind == registration::quick_exit) {
    quick_.push_back(id);
  }
  return id;
}

void exit_handlers::remove(handler_id id)
{
  const std::lock_guard lock(mutex_);
  records_.erase(id);
  std::erase(quick_, id);
}

std::optional<exit_handler> exit_handlers::begin(handler_id id)
{
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(id);
  // That of a thread's end is always there, for it pins its modules.
  is_exiting_ = is_exiting_ || found == records_.end() || found->second.handler.kind != registration::thread_exit;
  if (found == records_.end() || found->second.is_begun) {
    return std::nullopt;
  }
  found->second.is_begun = true;
  return found->second.handler;
}

std::optional<std::pair<handler_id, exit_handler>> exit_handlers::begin_newest_of(module_id module)
{
  const std::lock_guard lock(mutex_);
  for (auto& [id, kept] : std::views::reverse(records_)) {
    if (!kept.is_begun && runs_at_close(kept.handler.kind) && is_of(kept, std::array{module})) {
      kept.is_begun = true;
      return std::pair{id, kept.handler};
    }
  }
  return std::nullopt;
}

std::optional<std::pair<handler_id, exit_handler>> exit_handlers::begin_next_quick()
{
  const std::lock_guard lock(mutex_);
  is_exiting_ = true;
  if (quick_.empty()) {
    return std::nullopt;
  }
  const handler_id id = quick_.back();
  quick_.pop_back();
  const auto found = records_.find(id);
  if (found == records_.end() || found->second.is_begun) {
    return std::nullopt;
  }
  found->second.is_begun = true;
  return std::pair{id, found->second.handler};
}

std::vector<module_id> exit_handlers::finish(handler_id id)
{
  const std::lock_guard lock(mutex_);
  auto run = records_.extract(id);
  return run.empty() ? std::vector<module_id>{} : std::move(run.mapped().unloads);
}

exit_handlers::retirement exit_handlers::retire(std::span<const module_id> closing)
{
  const std::lock_guard lock(mutex_);
  if (is_exiting_) {
    return retirement::deferred;
  }
  record* running = nullptr;
  for (auto& [id, kept] : records_) {
    if (is_of(kept, closing)) {
      if (!kept.is_begun && runs_at_close(kept.handler.kind)) {
        return retirement::run_more;
      }
      running = kept.is_begun ? &kept : running;
    }
  }
  if (running != nullptr) {
    running->unloads.insert(running->unloads.end(), closing.begin(), closing.end());
    return retirement::deferred;
  }
  std::erase_if(records_, [&](const auto& entry) { return is_of(entry.second, closing); });
  return retirement::granted;
}

std::size_t exit_handlers::size() const
{
  const std::lock_guard lock(mutex_);
  return records_.size();
}

} // namespace interlink
