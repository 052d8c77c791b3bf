// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Words that one actor writes and guest code reads, each whole.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace interlink {

/// Context: a value; `store` by the owner alone. The words outlive it.
class shared_words {
public:
  explicit shared_words(std::uint64_t* first) : first_(first) {}

  /// A reader that finds the value finds all that happened before, above all the publication that told it: guest code
  /// loads the word, then compares the head.
  void store(std::size_t place, std::uint64_t value) const
  {
    std::atomic_ref(first_[place]).store(value, std::memory_order_release);
  }

private:
  std::uint64_t* first_;
};

} // namespace interlink
