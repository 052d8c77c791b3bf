// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A publication is held up between its steps, as by a scheduler that takes its thread off the processor: others find
// the snapshot, hand out an index of it, and call it. Nobody waits for the publisher, and nobody calls an empty slot.
#include "actors/schedule_point.hh"
#include "tests/scenarios/support/guest_process.hh"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace interlink {

namespace {

/// Far beyond what the guest needs between two steps; the publisher goes on then, and the test fails.
constexpr std::chrono::seconds longest_hold{10};

/// A publication that the guest has asked to be held up. Context: any thread.
class held_publication {
public:
  /// The next one is held.
  void arm()
  {
    const std::lock_guard lock(mutex_);
    is_armed_ = true;
  }

  /// The publisher, between its steps: until somebody has called what it has not published.
  void hold()
  {
    std::unique_lock lock(mutex_);
    if (!std::exchange(is_armed_, false)) {
      return;
    }
    is_held_ = true;
    ++held_;
    changed_.notify_all();
    if (changed_.wait_for(lock, longest_hold, [this] { return !is_held_; })) {
      ++released_;
    }
    is_held_ = false;
  }

  /// True when so many have been held; the last one may be still.
  bool await_held(std::uint32_t number)
  {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, longest_hold, [&] { return held_ >= number; });
  }

  void release()
  {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
    changed_.notify_all();
  }

  /// How many ended by a call.
  std::uint32_t released() const
  {
    const std::lock_guard lock(mutex_);
    return released_;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_armed_ = false;
  bool is_held_ = false;
  std::uint32_t held_ = 0;
  std::uint32_t released_ = 0;
};

held_publication the_publication;

} // namespace

void schedule_point(schedule_place place)
{
  if (place == schedule_place::snapshot_stored) {
    the_publication.hold();
  }
}

namespace {

using namespace test;

TEST(Agreement, HoldsForAnIndexOfASnapshotWhosePublisherIsHeldUp)
{
  guest_options options;
  options.functions.add("test", "hold_next", {{}, {}}, [](instance_group&, std::span<engine::value_slot>) {
    the_publication.arm();
    return result<void>{};
  });
  options.functions.add("test", "await_held", {{wasm::i32}, {wasm::i32}},
                        [](instance_group&, std::span<engine::value_slot> values) {
                          values[0] = engine::value_slot::of_i32(the_publication.await_held(values[0].i32()) ? 1 : 0);
                          return result<void>{};
                        });
  options.functions.add("test", "has_called", {{}, {}}, [](instance_group&, std::span<engine::value_slot>) {
    the_publication.release();
    return result<void>{};
  });
  guest_process guest("leaks_from_a_snapshot", std::move(options));
  ASSERT_FALSE(guest.refusal()) << guest.refusal()->message();
  const auto ended = guest.run();
  ASSERT_TRUE(ended) << ended.error().message();
  EXPECT_EQ(ended->exit_code, 0U) << guest.output() << (ended->failure ? ended->failure->message() : "");
  EXPECT_EQ(the_publication.released(), 100U); // as many as the guest has rounds: each call came before its publication
}

} // namespace

} // namespace interlink
