// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The flight recorder of a process: the rings of all its actors, those of threads that have ended lately among them,
// the names that events refer to, and the numbers of messages and slices. A reader may take its time with the
// events, on a thread of its own: no actor waits for one.
#pragma once

#include "actors/event_ring.hh"
#include "actors/ranked_mutex.hh"
#include "messages/event.hh"
#include "messages/ids.hh"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace interlink {

class event_recorder;

/// The events of one actor. Context: its actor, but for functions that say otherwise. Lifetime: its recorder's.
class actor_events {
public:
  actor_events(event_recorder& recorder, group_id actor, std::size_t capacity)
      : recorder_(recorder), actor_(actor), ring_(capacity)
  {
  }

  /// Records it, as following from what the actor does now unless it says from what.
  void write(event happened)
  {
    if (ring_.is_on()) {
      happened.cause = happened.cause == 0 ? task_ : happened.cause;
      ring_.write(happened);
    }
  }

  bool is_on() const { return ring_.is_on(); }

  /// Somebody reads a trace: events are wanted that a flight recorder has no room for. Context: any thread.
  bool has_details() const;

  /// A new number for a message or a slice.
  std::uint32_t next_message();

  /// The number of a name; 0 when nothing is recorded.
  std::uint32_t name(std::string_view text);
  /// The same for a text that lives as long as the recorder: the address stands for it.
  std::uint32_t name_of_static(const char* text);

  /// From here on the actor works for this message or slice; returns the one before.
  std::uint32_t begin_task(std::uint32_t message) { return std::exchange(task_, message); }

  std::uint32_t task() const { return task_; }

  group_id actor() const { return actor_; }

  /// Context: any thread.
  const event_ring& ring() const { return ring_; }

private:
  struct known_name {
    const char* text = nullptr;
    std::uint32_t number{};
  };

  event_recorder& recorder_;
  group_id actor_;
  event_ring ring_;
  std::uint32_t task_ = 0;
  std::uint32_t next_message_ = 0;
  std::uint32_t messages_left_ = 0;
  std::array<known_name, 16> known_{}; ///< by address
};

/// Context: any thread. Lifetime: outlives its actors.
class event_recorder {
public:
  /// Room for `events_per_actor` in each ring, for `coordinator_share` times as many in the coordinator's, through
  /// which all requests come. With 0 nothing is recorded.
  explicit event_recorder(std::size_t events_per_actor) : capacity_(events_per_actor) { event_clock::start(); }

  bool is_on() const { return capacity_ != 0; }

  /// The coordinator is `no_group`. Its ring is kept until `remove`, and then for a while.
  std::shared_ptr<actor_events> add(group_id actor);
  void remove(const std::shared_ptr<actor_events>& ended);

  /// The living actors, in the order of their numbers, then those that have ended and were not `forget`-ed, oldest
  /// first.
  std::vector<std::shared_ptr<actor_events>> actors() const;

  /// Those of `actors` that have ended.
  std::vector<std::shared_ptr<actor_events>> ended() const;

  /// A reader has all of it: for actors that have ended.
  void forget(const std::shared_ptr<actor_events>& ended);

  /// A reader goes on taking what is written: details are recorded, and ended actors are kept until it has forgotten
  /// them.
  void set_details(bool wanted) { has_details_.store(wanted, std::memory_order_relaxed); }

  bool has_details() const { return has_details_.load(std::memory_order_relaxed); }

  /// The first of `count` numbers that nobody else has. An actor takes some at a time: one counter would be every
  /// thread's.
  std::uint32_t take_messages(std::uint32_t count) { return next_message_.fetch_add(count, std::memory_order_relaxed); }

  /// Names are kept as long as the recorder; of too many, all further ones are one.
  std::uint32_t name(std::string_view text);
  std::string name_at(std::uint32_t number) const;

  /// When it was made: where a trace's time begins.
  const event_clock::pair& began() const { return began_; }

private:
  static constexpr std::size_t coordinator_share = 8;
  static constexpr std::size_t ended_kept = 64;              ///< for a flight recorder: 2 KiB each
  static constexpr std::size_t ended_kept_for_reader = 8192; ///< a reader comes every few milliseconds
  static constexpr std::size_t names_kept = 100'000;         ///< a guest may look up endless symbols

  std::size_t capacity_;
  event_clock::pair began_ = event_clock::read();
  std::atomic<bool> has_details_{false};
  std::atomic<std::uint32_t> next_message_{1};
  mutable ranked_mutex mutex_{lock_rank::event_recorder};
  std::map<group_id, std::shared_ptr<actor_events>> alive_;
  std::deque<std::shared_ptr<actor_events>> ended_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::deque<std::string> names_;
};

inline bool actor_events::has_details() const
{
  return ring_.is_on() && recorder_.has_details();
}

inline std::uint32_t actor_events::next_message()
{
  static constexpr std::uint32_t taken_at_once = 64;
  if (messages_left_ == 0) {
    next_message_ = recorder_.take_messages(taken_at_once);
    messages_left_ = taken_at_once;
  }
  --messages_left_;
  return next_message_++;
}

inline std::uint32_t actor_events::name(std::string_view text)
{
  return ring_.is_on() ? recorder_.name(text) : 0;
}

/// A slice: from here to the end of the scope, what the actor records follows from it. Context: the actor.
class event_slice {
public:
  /// Nothing is recorded unless `is_wanted`.
  event_slice(actor_events& events, event begun, bool is_wanted = true) : events_(events), slice_(begun)
  {
    if (!is_wanted || !events_.is_on()) {
      return;
    }
    slice_.message = events_.next_message();
    slice_.phase = event_phase::begin;
    events_.write(slice_);
    outer_ = events_.begin_task(slice_.message);
    slice_.phase = event_phase::end;
  }

  event_slice(const event_slice&) = delete;
  event_slice& operator=(const event_slice&) = delete;

  ~event_slice()
  {
    if (slice_.phase == event_phase::end) {
      events_.begin_task(outer_);
      slice_.cause = 0;
      events_.write(slice_);
    }
  }

  /// A note for the event at its end.
  void note(event_note what) { slice_.note = what; }

  void set_subject(std::uint32_t subject) { slice_.subject = subject; }

private:
  actor_events& events_;
  event slice_;
  std::uint32_t outer_ = 0;
};

} // namespace interlink
