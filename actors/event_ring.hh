// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The flight recorder of one actor: its last events, overwritten in turn. Writing takes no lock and waits for nobody;
// anybody may read at any time, and what a reader gets is whole.
//
// Order that must hold: an event's words are stored between two stores of the count, and a fence stands between the
// count and the words. So a reader that saw one word of a later event finds, behind a fence of its own, a count that
// tells it so, and throws the torn event away. Always one slot is taken for under way: the ring shows one event less
// than it has slots.
#pragma once

#include "actors/event_clock.hh"
#include "messages/event.hh"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace interlink {

/// Context: write from the owning actor; everything else from any thread.
class event_ring {
public:
  /// Room for `capacity` events, rounded up to a power of two. With 0 nothing is recorded.
  explicit event_ring(std::size_t capacity)
      : mask_(capacity == 0 ? 0 : std::bit_ceil(capacity + 1) - 1),
        slots_(capacity == 0 ? nullptr : std::make_unique<slot[]>(mask_ + 1))
  {
    event_clock::start();
  }

  bool is_on() const { return slots_ != nullptr; }

  /// Sets the time.
  void write(event happened)
  {
    if (slots_ == nullptr) {
      return;
    }
    happened.ticks = event_clock::now();
    const std::array<std::uint64_t, words_per_event> words = pack(happened);
    const std::uint64_t count = written_.load(std::memory_order_relaxed);
    slot& into = slots_[count & mask_];
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t i = 0; i < words_per_event; ++i) {
      into[i].store(words[i], std::memory_order_relaxed);
    }
    written_.store(count + 1, std::memory_order_release);
  }

  /// How many were written so far.
  std::uint64_t written() const { return written_.load(std::memory_order_acquire); }

  /// How many of those have been overwritten.
  std::uint64_t dropped() const
  {
    const std::uint64_t count = written();
    return count - std::min<std::uint64_t>(count, mask_);
  }

  /// The newest events, at most `number` of them, oldest first. Fewer when the writer overtakes the reader.
  std::vector<event> last(std::size_t number) const
  {
    const std::uint64_t end = written();
    return read(end - std::min<std::uint64_t>({number, end, mask_}), end).events;
  }

  struct reading {
    std::vector<event> events; ///< oldest first
    std::uint64_t dropped{};   ///< of those asked for, overwritten before they were read
    std::uint64_t next{};      ///< where to go on
  };

  /// The events written since the `begin`th.
  reading since(std::uint64_t begin) const { return read(begin, written()); }

private:
  reading read(std::uint64_t from, std::uint64_t end) const
  {
    reading all{.events = {}, .dropped = 0, .next = end};
    if (slots_ == nullptr) {
      return all;
    }
    const std::uint64_t begin = std::max(from, end - std::min<std::uint64_t>(end, mask_));
    for (std::uint64_t i = begin; i < end; ++i) {
      std::array<std::uint64_t, words_per_event> words{};
      for (std::size_t word = 0; word < words_per_event; ++word) {
        words[word] = slots_[i & mask_][word].load(std::memory_order_relaxed);
      }
      all.events.push_back(unpack(words));
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    // The slot of event i is written again by event i + slots, which may be under way when that many are complete.
    const std::uint64_t now = written_.load(std::memory_order_relaxed);
    const std::uint64_t intact = now > mask_ ? now - mask_ : 0;
    const std::uint64_t torn = intact > begin ? std::min<std::uint64_t>(intact - begin, all.events.size()) : 0;
    all.events.erase(all.events.begin(), all.events.begin() + static_cast<std::ptrdiff_t>(torn));
    all.dropped = begin - from + torn;
    return all;
  }

  static constexpr std::size_t words_per_event = sizeof(event) / sizeof(std::uint64_t);
  using slot = std::array<std::atomic<std::uint64_t>, words_per_event>;

  // Word by word, so that an event is put together in registers: copied from memory, its words would wait for the
  // narrower stores of its members.
  static std::array<std::uint64_t, words_per_event> pack(const event& from)
  {
    return {from.ticks, from.subject | std::uint64_t{from.name} << 32, from.message | std::uint64_t{from.cause} << 32,
            from.peer.value | static_cast<std::uint64_t>(from.kind) << 32 |
                static_cast<std::uint64_t>(from.request) << 40 | static_cast<std::uint64_t>(from.phase) << 48 |
                static_cast<std::uint64_t>(from.note) << 56};
  }

  static event unpack(const std::array<std::uint64_t, words_per_event>& words)
  {
    return {.ticks = words[0],
            .subject = static_cast<std::uint32_t>(words[1]),
            .name = static_cast<std::uint32_t>(words[1] >> 32),
            .message = static_cast<std::uint32_t>(words[2]),
            .cause = static_cast<std::uint32_t>(words[2] >> 32),
            .peer = group_id{static_cast<std::uint32_t>(words[3])},
            .kind = static_cast<event_kind>(words[3] >> 32 & 0xff),
            .request = static_cast<request_kind>(words[3] >> 40 & 0xff),
            .phase = static_cast<event_phase>(words[3] >> 48 & 0xff),
            .note = static_cast<event_note>(words[3] >> 56)};
  }

  std::size_t mask_;
  std::unique_ptr<slot[]> slots_;
  std::atomic<std::uint64_t> written_{0};
};

} // namespace interlink
