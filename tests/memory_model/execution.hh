// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One execution of a small concurrent program as a graph: the atomic accesses and fences of its threads, which store
// each load reads, and the order of the stores to each location. It says what a load may read and where a store may
// stand, so that a search through all choices meets every execution that the memory model allows, and no other.
//
// cpp20: the C++20 model as repaired by RC11 (Lahav and others, PLDI 2017): release sequences, fences and all orders;
// what
//        is left out is a load that reads from a store that depends on it (load buffering), as RC11 leaves it out.
// x86:   total store order: loads and stores keep their order, but for a store and a later load; a seq_cst store, a
//        read-modify-write and a seq_cst fence drain the store buffer.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace interlink::memory_model {

enum class memory { cpp20, x86 };

constexpr int max_threads = 5; ///< thread 0 sets up and looks at the end
constexpr int max_events = 160;

/// What happens before: for each thread the number of its events.
struct vector_clock {
  std::array<std::int16_t, max_threads> seen{};

  bool covers(int thread, int tick) const { return seen[static_cast<std::size_t>(thread)] >= tick; }

  void join(const vector_clock& other)
  {
    for (std::size_t i = 0; i < seen.size(); ++i) {
      seen[i] = seen[i] < other.seen[i] ? other.seen[i] : seen[i];
    }
  }
};

enum class event_kind : std::uint8_t { load, store, update, fence };

struct event {
  event_kind kind;
  std::memory_order order;
  int thread;
  int tick; ///< its number in its thread, from 1; 0 for initial values, which everything happens after
  int location = -1;
  int reads_from = -1;     ///< the store, by event
  int position = -1;       ///< of a store in its location's order
  std::uint64_t value = 0; ///< what it stores
  vector_clock clock{};    ///< what happens before it, itself included
  vector_clock released{}; ///< what an acquire that reads it learns

  bool reads() const { return kind == event_kind::load || kind == event_kind::update; }

  bool writes() const { return kind == event_kind::store || kind == event_kind::update; }
};

class execution {
public:
  explicit execution(memory model) : model_(model) { events_.reserve(max_events); }

  int add_location(std::uint64_t initial);

  /// The stores that coherence lets a thread read, in their order.
  std::vector<int> readable(int thread, int location) const;
  /// An update has read this store: no other may.
  bool is_updated(int store) const;
  /// Where a store of this thread may stand in the order of its location.
  std::vector<int> positions(int thread, int location) const;

  std::uint64_t load(int thread, int location, std::memory_order order, int from);
  void store(int thread, int location, std::memory_order order, std::uint64_t value, int position);
  void update(int thread, int location, std::memory_order order, int from, std::uint64_t value);
  void fence(int thread, std::memory_order order);

  /// False for what the model forbids after all. Holds of every beginning of an execution of which it holds.
  bool is_consistent() const { return model_ == memory::x86 ? is_total_store_order() : is_rc11(); }

  int size() const { return static_cast<int>(events_.size()); }

  const event& at(int id) const { return events_[static_cast<std::size_t>(id)]; }

  int newest(int location) const { return order_of(location).back(); }

  vector_clock& clock_of(int thread) { return threads_[static_cast<std::size_t>(thread)].clock; }

private:
  using row = std::bitset<max_events>;

  struct thread_state {
    vector_clock clock;
    vector_clock acquired; ///< by relaxed loads: an acquire fence makes it happen before
    vector_clock released; ///< at the last release fence
  };

  const std::vector<int>& order_of(int location) const { return orders_[static_cast<std::size_t>(location)]; }

  /// The first position that coherence leaves to an access with such a past.
  int lowest_position(int location, const vector_clock& past) const;
  event& add(event_kind kind, int thread, std::memory_order order);
  void read(event& reader, int from);
  void write(event& writer, std::uint64_t value, int position);

  bool happens_before(const event& a, const event& b) const;

  bool is_sequenced_before(const event& a, const event& b) const { return a.thread == b.thread && a.tick < b.tick; }

  /// a reads something older than the store b.
  bool reads_before(const event& a, const event& b) const;
  bool is_total_store_order() const;
  bool is_rc11() const;
  row communicates_to(const event& a) const;

  memory model_;
  std::vector<event> events_;
  std::vector<std::vector<int>> orders_;   ///< stores of each location
  std::vector<std::vector<int>> accesses_; ///< all events of each location
  std::array<thread_state, max_threads> threads_;
};

} // namespace interlink::memory_model
