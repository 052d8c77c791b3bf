// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a thread waits: one parker for each thread that can wait in the linker. A permit is level-triggered (an unpark
// before the park is not lost), and stop is sticky.
#pragma once

#include "actors/ranked_mutex.hh"
#include "actors/schedule_point.hh"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <optional>

namespace interlink {

enum class wake_reason : std::uint8_t { unparked, deadline, stopped };

/// Context: any thread may unpark and stop; one thread at a time parks.
class parker {
public:
  using clock = schedule_clock;

  /// Waits for a permit and takes it. A permit wins over stop and deadline, so an answer that has arrived is never
  /// thrown away.
  wake_reason park(std::optional<clock::time_point> deadline = std::nullopt);

  /// Like `park`, but stop does not end the wait: for replies that are sure to come.
  wake_reason park_regardless_of_stop(std::optional<clock::time_point> deadline = std::nullopt);

  void unpark();

  /// Every park from now on returns `stopped` when it finds no permit.
  void stop();

  bool is_stopped();

private:
  wake_reason wait(std::optional<clock::time_point> deadline, bool heeds_stop);

  ranked_mutex mutex_{lock_rank::parker};
  std::condition_variable_any wake_;
  bool permit_{};
  bool stopped_{};
};

} // namespace interlink
