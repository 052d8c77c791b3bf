// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a small concurrent program again and again, each time through another execution that the memory model allows,
// until there is none left or one goes wrong. The threads are fibers of one thread: they stop before each atomic access
// that reads, and a depth-first search chooses who goes on, which store it reads and where a store stands in the order
// of its location.
//
// Each execution (as a graph, see execution.hh) is met once. Stores and fences commute with all that others do: a read
// that ran before a store has read an older one, and may do so after it as well. So they are carried out at once. Once
// all that a read may find has been searched, its thread sleeps while the others go on, until there is a store that it
// has not been offered.
#pragma once

#include "tests/memory_model/execution.hh"
#include "tests/memory_model/weakening.hh"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <ucontext.h>
#include <vector>

namespace interlink::memory_model {

/// What a search found.
struct verdict {
  long executions = 0; ///< complete, consistent
  long abandoned = 0;  ///< forbidden after all, or without a store that was not searched before
  std::optional<std::string> failure;
};

class run;

struct search {
  memory model = memory::cpp20;
  weakening weaker{};          ///< the one order that is not as in the code
  bool counts_exactly = false; ///< the counts of shared pointers are atomic accesses as well
  long most_executions = 2'000'000;
};

/// `program` sets up and adds threads. Context: one at a time in a process.
verdict explore(const search& how, const std::function<void(run&)>& program);

/// A plain variable's past: who may touch it without a race.
struct plain_history {
  int writer = 0;
  int write_tick = 0;
  std::array<int, max_threads> read_ticks{};
};

/// One execution under way.
class run {
public:
  static run* current() { return current_; }

  /// Context: set-up.
  void thread(std::function<void()> body) { bodies_.push_back(std::move(body)); }

  /// Looks at the end, when all threads are done.
  void finally(std::function<void()> body) { last_ = std::move(body); }

  template <class T, class... Arguments>
  T& make(Arguments&&... arguments)
  {
    auto made = std::make_shared<T>(std::forward<Arguments>(arguments)...);
    T& reference = *made;
    owned_.push_back(std::move(made));
    return reference;
  }

  // ---- What checked.hh is made of ----

  int location_of(const void* address, std::uint64_t initial);

  void forget_location(const void* address) { locations_.erase(address); }

  std::uint64_t load(int location, std::memory_order order);
  /// Waits until there is a value other than `old`.
  std::uint64_t load_other_than(int location, std::memory_order order, std::uint64_t old);
  void store(int location, std::memory_order order, std::uint64_t value);
  /// The new value by the old; with none, as a failed comparison, it was a load in order `failed`.
  std::uint64_t update(int location, std::memory_order order, std::memory_order failed,
                       const std::function<std::optional<std::uint64_t>(std::uint64_t)>& next);
  void fence(std::memory_order order);
  void lock(int location);
  void unlock(int location);
  /// Until somebody notifies after event `since`.
  void await_notification(int location, int since);

  int event_count() const { return graph_.size(); }

  void read_plain(plain_history& past, const char* what);
  void write_plain(plain_history& past, const char* what);

  vector_clock& clock() { return graph_.clock_of(self_); }

  int self() const { return self_; }

  /// Something that must not be. The execution ends at its next access.
  void fail(const std::string& what);

  /// Accesses do nothing any more, but for telling threads to end.
  bool is_ending() const { return is_ending_; }

  /// What objects are made in: it stays until the execution is over, so that a late access finds something.
  void* allocate(std::size_t bytes, std::function<void()> destroy);

  /// Stays longest.
  template <class T>
  T* keep()
  {
    auto made = std::make_shared<T>();
    kept_.push_back(made);
    return made.get();
  }

  const search& how() const { return how_; }

private:
  friend verdict explore(const search& how, const std::function<void(run&)>& program);

  /// What a thread is about to read, and what of it is worth reading.
  struct pending {
    int location = -1;
    int since = 0;                                   ///< only stores from this event on were not searched
    std::function<bool(std::uint64_t)> is_awaited{}; ///< none: any value will do
    std::function<bool(std::uint64_t)> is_updated{}; ///< none: a load
    bool newest_only = false;                        ///< a lock, a notification
  };

  struct fiber {
    ucontext_t context{};
    bool is_done = false;
    bool is_asleep = false; ///< what it may read was searched
    int first_since = 0;    ///< before it fell asleep
    pending next;
  };

  struct choice {
    int options;
    int taken;
  };

  run(const search& how, std::vector<choice>& path) : how_(how), path_(path), graph_(how.model) {}

  /// Waits for the turn of this thread, and says what it reads.
  int pause(pending next);
  /// The stores, from event `since` on, that a paused thread may read.
  std::vector<int> offers(int thread, int since) const;
  int choose(int options);
  /// Who goes on; none when nobody can, or the execution ends.
  int choose_thread();
  void go_on();
  /// True when an access is to do nothing, as the execution has ended. Throws when its thread can be told so.
  bool has_ended() const;
  void make_fiber(int thread);
  void start(const std::function<void(run&)>& program);
  void end_threads();
  void clean_up();
  static void enter();

  static run* current_;

  const search& how_;
  std::vector<choice>& path_; ///< of the search; this execution follows it and extends it
  std::size_t depth_ = 0;
  execution graph_;
  std::map<const void*, int> locations_;
  std::vector<std::shared_ptr<void>> owned_;
  std::vector<std::shared_ptr<void>> kept_;
  std::vector<std::pair<std::unique_ptr<std::byte[]>, std::function<void()>>> allocated_;
  std::vector<std::function<void()>> bodies_;
  std::function<void()> last_;
  std::array<fiber, max_threads> fibers_;
  ucontext_t outside_{};
  int self_ = 0;
  bool is_starting_ = false; ///< its threads run to their first reads
  bool is_ending_ = false;
  bool is_over_ = false;      ///< no thread is left
  bool is_redundant_ = false; ///< forbidden after all, or met elsewhere
  std::optional<std::string> failure_;
};

/// Thrown through the threads of an execution that ends early.
struct ended {};

/// In programs: `what` must hold.
inline void check(bool holds, const char* what)
{
  if (!holds) {
    run::current()->fail(what); // nothing, when the execution has failed already
    throw ended{};
  }
}

} // namespace interlink::memory_model
