// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What surrounds a host call that can wait: a report can name it, and its return brings the group up to date, which
// keeps idle threads fresh.
#pragma once

#include "groups/instance_group.hh"
#include "messages/error.hh"

namespace interlink::abi {

/// Names the wait while it lasts. Context: the group's thread.
class blocking_call {
public:
  /// `holder` is the thread that can end the wait, if there is one that must.
  blocking_call(instance_group& group, const char* name, group_id holder = no_group)
      : group_(group),
        outer_(group.waiting_in.load()),
        slice_(group.events(),
               {.name = group.events().has_details() ? group.events().name_of_static(name) : 0,
                .peer = holder,
                .kind = event_kind::host_wait},
               group.events().has_details())
  {
    group_.waiting_in.store(name, std::memory_order_relaxed);
  }

  blocking_call(const blocking_call&) = delete;
  blocking_call& operator=(const blocking_call&) = delete;

  ~blocking_call() { group_.waiting_in.store(outer_, std::memory_order_relaxed); }

private:
  instance_group& group_;
  const char* outer_;
  event_slice slice_;
};

/// Catches up if behind and delivers signals. Errors: stopping.
result<void> after_blocking(instance_group& group);

} // namespace interlink::abi
