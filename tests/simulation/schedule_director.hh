// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Who decides in a run when its seed does not: which thread goes on, what the threads' scripts do, and which of their
// steps are taken. And who writes down what a seed decided. Places in a run are named by the script, not by time, so
// that a decision keeps its place when others change.
#pragma once

#include <compare>
#include <cstdint>
#include <span>

namespace interlink::simulation {

/// A part of the script: all of one thread, or one step of it, however nested. The number comes from the way to the
/// part alone: from the parts around it, and from its place among those in them.
enum class script_part : std::uint64_t {};

/// Where the world is made, before any thread runs.
inline constexpr script_part whole_world{0};

/// The finaliser of splitmix64, over two numbers.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b)
{
  std::uint64_t mixed = a * 0x9E3779B97F4A7C15ULL + b + 0x9E3779B97F4A7C15ULL;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

constexpr script_part part_in(script_part around, std::uint32_t number)
{
  return script_part{mix(static_cast<std::uint64_t>(around), number)};
}

/// The n-th point, or the n-th number drawn, in a part and outside of the parts in it.
struct script_place {
  script_part part{};
  std::uint32_t number{};

  friend auto operator<=>(const script_place&, const script_place&) = default;
};

/// What other threads could see at a point.
enum class point_kind : std::uint8_t {
  guest,       ///< an access of guest code to memory, a turn of its loop
  protocol,    ///< between two steps of the linker
  publication, ///< between two steps of a publication, or of whoever reads one
  wait,        ///< the thread that ran waits, or has ended
};

/// A thread that can go on.
struct able_thread {
  std::uint32_t number{}; ///< of the scheduler, in the order of their starts
  script_part part{};     ///< all that it does
};

/// Context: the scheduler's thread.
class schedule_director {
public:
  schedule_director() = default;
  schedule_director(const schedule_director&) = delete;
  schedule_director& operator=(const schedule_director&) = delete;
  virtual ~schedule_director() = default;

  /// Which of `able`, two or more, goes on. `usual` is the thread that runs; the next one after it when that waits.
  virtual std::uint32_t choose(script_place place, point_kind kind, std::uint32_t usual,
                               std::span<const able_thread> able) = 0;

  /// A number for the script; it is taken modulo some bound.
  virtual std::uint64_t draw(script_place place) = 0;

  /// Whether a step is taken.
  virtual bool takes(script_part step) = 0;
};

/// Context: the scheduler's thread.
class run_recorder {
public:
  run_recorder() = default;
  run_recorder(const run_recorder&) = delete;
  run_recorder& operator=(const run_recorder&) = delete;
  virtual ~run_recorder() = default;

  /// `next` goes on at that place. Not told where the thread that runs goes on without having waited.
  virtual void on_choice(script_place place, script_part next) = 0;
  virtual void on_draw(script_place place, std::uint64_t drawn) = 0;
  virtual void on_step(script_part step) = 0;
};

} // namespace interlink::simulation
