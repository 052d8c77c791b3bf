// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/parker.hh"

#include <mutex>

namespace interlink {

wake_reason parker::park(std::optional<clock::time_point> deadline)
{
  return wait(deadline, true);
}

wake_reason parker::park_regardless_of_stop(std::optional<clock::time_point> deadline)
{
  return wait(deadline, false);
}

wake_reason parker::wait(std::optional<clock::time_point> deadline, bool heeds_stop)
{
  std::unique_lock lock(mutex_);
  auto is_over = [&] {
    return permit_ || (heeds_stop && stopped_);
  };
  if (!deadline) {
    wake_.wait(lock, is_over);
  } else if (!wake_.wait_until(lock, *deadline, is_over)) {
    return wake_reason::deadline;
  }
  if (permit_) {
    permit_ = false;
    return wake_reason::unparked;
  }
  return wake_reason::stopped;
}

void parker::unpark()
{
  // Notifies under the lock: the parked thread may destroy the parker as soon as it has the permit.
  std::lock_guard lock(mutex_);
  permit_ = true;
  wake_.notify_one();
}

void parker::stop()
{
  std::lock_guard lock(mutex_);
  stopped_ = true;
  wake_.notify_all();
}

bool parker::is_stopped()
{
  std::lock_guard lock(mutex_);
  return stopped_;
}

} // namespace interlink
