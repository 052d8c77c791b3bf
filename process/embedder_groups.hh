// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest threads that were asked for by the embedder and have not arrived yet, by cookie.
#pragma once

#include "actors/ranked_mutex.hh"
#include "messages/error.hh"
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
  using arrival = std::move_only_function<void(result<group_id>)>;

  /// The cookie to start a thread with; `arrived` runs once: on that thread, or with `stopping` when the process ends
  /// first. 0, which no thread is started with, when it has ended already.
  std::uint32_t expect(arrival arrived)
  {
    {
      std::lock_guard lock(mutex_);
      if (!is_closed_) {
        const std::uint32_t cookie = next_++;
        expected_.emplace(cookie, std::move(arrived));
        return cookie;
      }
    }
    arrived(fail(errc::stopping, "the process has ended"));
    return 0;
  }

  /// The process has ended: nobody arrives any more.
  void close()
  {
    std::map<std::uint32_t, arrival> rest;
    {
      std::lock_guard lock(mutex_);
      is_closed_ = true;
      rest.swap(expected_);
    }
    for (auto& [cookie, arrived] : rest) {
      arrived(fail(errc::stopping, "the process has ended"));
    }
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
  bool is_closed_{};
};

} // namespace interlink
