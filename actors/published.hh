// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A shared pointer that one actor replaces and anyone reads. The lock is a leaf, held for one pointer copy.
#pragma once

#include "actors/ranked_mutex.hh"

#include <memory>
#include <mutex>
#include <utility>

namespace interlink {

/// Context: any thread.
template <class T>
class published {
public:
  explicit published(std::shared_ptr<const T> initial) : value_(std::move(initial)) {}

  std::shared_ptr<const T> load() const
  {
    std::lock_guard lock(mutex_);
    return value_;
  }

  void store(std::shared_ptr<const T> next)
  {
    {
      std::lock_guard lock(mutex_);
      value_.swap(next);
    }
    // The old value dies here, outside the lock.
  }

private:
  mutable ranked_mutex mutex_{lock_rank::published};
  std::shared_ptr<const T> value_;
};

} // namespace interlink
