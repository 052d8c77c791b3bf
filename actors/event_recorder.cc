// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/event_recorder.hh"

#include <algorithm>
#include <mutex>

namespace interlink {

std::uint32_t actor_events::name_of_static(const char* text)
{
  if (!ring_.is_on() || text == nullptr) {
    return 0;
  }
  known_name& known = known_[reinterpret_cast<std::uintptr_t>(text) / 8 % known_.size()];
  if (known.text != text) {
    known = {text, recorder_.name(text)};
  }
  return known.number;
}

std::shared_ptr<actor_events> event_recorder::add(group_id actor)
{
  auto events =
      std::make_shared<actor_events>(*this, actor, actor == no_group ? capacity_ * coordinator_share : capacity_);
  if (is_on()) {
    std::lock_guard lock(mutex_);
    alive_.insert_or_assign(actor, events);
  }
  return events;
}

void event_recorder::remove(const std::shared_ptr<actor_events>& ended)
{
  if (!is_on()) {
    return;
  }
  std::shared_ptr<actor_events> oldest; // destroyed without the lock
  std::lock_guard lock(mutex_);
  alive_.erase(ended->actor());
  ended_.push_back(ended);
  if (ended_.size() > (has_details() ? ended_kept_for_reader : ended_kept)) {
    oldest = std::move(ended_.front());
    ended_.pop_front();
  }
}

void event_recorder::forget(const std::shared_ptr<actor_events>& ended)
{
  std::lock_guard lock(mutex_);
  std::erase(ended_, ended);
}

std::vector<std::shared_ptr<actor_events>> event_recorder::actors() const
{
  std::vector<std::shared_ptr<actor_events>> all;
  std::lock_guard lock(mutex_);
  all.reserve(alive_.size() + ended_.size());
  for (const auto& [actor, events] : alive_) {
    all.push_back(events);
  }
  all.insert(all.end(), ended_.begin(), ended_.end());
  return all;
}

std::vector<std::shared_ptr<actor_events>> event_recorder::ended() const
{
  std::lock_guard lock(mutex_);
  return {ended_.begin(), ended_.end()};
}

std::uint32_t event_recorder::name(std::string_view text)
{
  std::lock_guard lock(mutex_);
  if (names_.size() == names_kept) {
    text = "(one of too many names)";
  }
  const auto [entry, is_new] = numbers_.try_emplace(std::string(text), static_cast<std::uint32_t>(names_.size() + 1));
  if (is_new) {
    names_.emplace_back(text);
  }
  return entry->second;
}

std::string event_recorder::name_at(std::uint32_t number) const
{
  std::lock_guard lock(mutex_);
  return number == 0 || number > names_.size() ? std::string() : names_[number - 1];
}

} // namespace interlink
