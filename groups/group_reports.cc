// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a group shows of itself: the events that it records, and its guest frames.
#include "groups/instance_group.hh"

#include <memory>

namespace interlink {

void instance_group::record(event_kind kind, std::uint64_t subject)
{
  events_->write({.subject = static_cast<std::uint32_t>(subject), .kind = kind});
}

event instance_group::initialisation_of(module_id module, event_note what)
{
  // A constructor runs once in a process, a start function in every thread.
  const bool is_named = what == event_note::constructor || events_->has_details();
  const loaded_module* loaded = is_named ? snapshot_->find(module) : nullptr;
  return {.subject = module.value,
          .name = loaded == nullptr ? 0 : events_->name(loaded->plan().name),
          .kind = event_kind::initialise,
          .note = what};
}

void instance_group::before_wait()
{
  if (is_watched_ && constructor_depth_ > 0) {
    show_frames();
  }
}

void instance_group::show_frames()
{
  is_asked_for_frames_.store(false, std::memory_order_relaxed);
  shown_frames_.store(
      std::make_shared<const shown_frames>(shown_frames{store_->store().backtrace(), event_clock::now()}));
}

} // namespace interlink
