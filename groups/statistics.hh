// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What INTERLINK_DEBUG=statistics counts. A process has one of these, or none: then nothing is counted and no clock is
// read. Counters are independent of each other, so all are relaxed: a report made while others count is a little old.
#pragma once

#include "messages/operation.hh"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace interlink {

/// The parts of a load (docs/architecture.md). Times are those of the requesters' threads, waits included.
enum class load_phase : std::uint8_t { read, prepare, rehearse, commit, construct };
inline constexpr std::size_t load_phase_count = 5;

/// Context: any thread.
struct statistics {
  using counter = std::atomic<std::uint64_t>;

  counter groups{0};         ///< made: guest threads, and groups of the embedder
  counter modules{0};        ///< loaded, the program included
  counter turns{0};          ///< of the coordinator
  counter slots{0};          ///< of the function table, filled by the linker
  counter catch_ups{0};      ///< of all groups, empty ones included
  counter dead_instances{0}; ///< of failed loads and unloaded modules; the engine keeps them until their thread ends
  counter second_lives{0};   ///< of them, how often one was taken again by a load of the same code at the same numbers
  counter settled{0};        ///< operations that all groups have carried out
  counter bytes_compiled{0}; ///< of instrumented modules and thunks, as given to the engine
  std::array<counter, std::variant_size_v<operation_body>> operations{}; ///< published, by alternative
  std::array<counter, load_phase_count> phase_nanoseconds{};
  std::array<counter, load_phase_count> phase_runs{};
};

/// Adds to one counter. Does nothing when nobody counts.
inline void count(statistics* into, statistics::counter statistics::* which, std::uint64_t number = 1)
{
  if (into != nullptr) {
    (into->*which).fetch_add(number, std::memory_order_relaxed);
  }
}

/// An operation that is being published: itself, and the modules and slots in it.
void count_operation(statistics& into, const operation_body& operation);

/// Times its own scope as one run of a phase.
class phase_timer {
public:
  phase_timer(statistics* into, load_phase phase) : into_(into), phase_(phase)
  {
    if (into_ != nullptr) {
      began_ = clock::now();
    }
  }

  phase_timer(const phase_timer&) = delete;
  phase_timer& operator=(const phase_timer&) = delete;

  ~phase_timer()
  {
    if (into_ != nullptr) {
      const auto place = static_cast<std::size_t>(phase_);
      const auto spent = std::chrono::duration_cast<std::chrono::nanoseconds>(clock::now() - began_).count();
      into_->phase_nanoseconds[place].fetch_add(static_cast<std::uint64_t>(spent), std::memory_order_relaxed);
      into_->phase_runs[place].fetch_add(1, std::memory_order_relaxed);
    }
  }

private:
  using clock = std::chrono::steady_clock;

  statistics* into_;
  load_phase phase_;
  clock::time_point began_{};
};

/// What is printed at exit, line by line.
std::vector<std::string> to_lines(const statistics& counted);

} // namespace interlink
