// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest threads that were asked for by the embedder and have not arrived yet, by cookie.
#pragma once

#include "actors/ranked_mutex.hh"
#include "messages/ids.hh"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace interlink {

/// Context: any thread.
class embedder_groups {
public:
  using arrival = std::move_only_function<void(group_id)>;

  /// The cookie to start a thread with; `arrived` runs on that thread, once.
  std::uint32_t expect(arrival arrived)
  {
    std::lock_guard lock(mutex_);
    const std::uint32_t cookie = next_++;
    expected_.emplace(cookie, std::move(arrived));
    return cookie;
  }

  /// A thread with this cookie is ready for calls. Unknown cookies are ignored: the guest chooses what it passes.
  void arrive(std::uint32_t cookie, group_id group)
  {
    if (auto arrived = take(cookie)) {
      arrived(group);
    }
  }

  /// The thread could not be made: its arrival is given back, or nothing when it has arrived.
  arrival take(std::uint32_t cookie)
  {
    std::lock_guard lock(mutex_);
    auto found = expected_.extract(cookie);
    return found.empty() ? arrival{} : std::move(found.mapped());
  }

private:
  ranked_mutex mutex_{lock_rank::process_state};
  std::map<std::uint32_t, arrival> expected_;
  std::uint32_t next_ = 1;
};

} // namespace interlink
