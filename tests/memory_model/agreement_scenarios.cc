// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Publication, agreement, and the reuse of memory.
#include "tests/memory_model/guest_code.hh"
#include "tests/memory_model/real_code.hh"
#include "tests/memory_model/scenarios.hh"

namespace interlink::memory_model {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

/// What an operation has a group do: put a function into a slot.
struct operation {
  plain<int> function;
};

struct topology_view {
  topology_version version;
  plain<int> functions;
};

using log = operation_log<operation>;

/// A coordinator's part: what `coordinator::append` and `finish_batch` do, on the same templates.
template <class Publication>
struct process_with {
  std::uint64_t head = 0;
  log operations{operation{}};
  Publication published{make_shared<const topology_view>(topology_version{0}, 0), &head};
  atomic<int> leak, second_leak;
  atomic<bool> is_answered{false};

  void publish(std::uint64_t version)
  {
    const int function = 10 + static_cast<int>(version);
    operations.append(topology_version{version}, operation{function})->expect(1);
    published.publish(make_shared<const topology_view>(topology_version{version}, function));
  }
};

/// A group's part: what `instance_group` does, on the same templates.
template <class Process>
struct group_of {
  explicit group_of(Process& of) : in(of), cursor(of.operations.tail()) {}

  void catch_up()
  {
    lane.hold(in.published);
    const shared_ptr<const topology_view> target = in.published.current();
    while (cursor->version() < target->version) {
      function = cursor->next()->body().function;
      cursor = log::cursor(cursor->next());
      static_cast<void>(cursor->complete_one());
    }
    applied = static_cast<std::uint32_t>(target->version.value);
    check(applied == 0 || target->functions == function, "the snapshot is that of the last operation");
    lane.release();
  }

  /// An indirect call of instrumented code.
  void call_indirect(int index)
  {
    if (guest_must_catch_up(in.head, applied)) {
      catch_up();
    }
    check(static_cast<int>(applied) >= index, "agreement: the group has applied the operation that the index is from");
  }

  Process& in;
  log::cursor cursor;
  group_lane lane;
  std::uint32_t applied = 0;
  int function = 0;
};

using process = process_with<publication<topology_view>>;
using group = group_of<process>;

void one_leak(run& now)
{
  process& in = now.make<process>();
  group& other = now.make<group>(in);
  now.thread([&] {
    in.publish(1);
    in.leak.store(1, release);
  });
  now.thread([&] {
    if (const int index = in.leak.load(acquire)) {
      other.call_indirect(index);
    }
  });
}

void two_publications(run& now)
{
  process& in = now.make<process>();
  group& other = now.make<group>(in);
  now.thread([&] {
    in.publish(1);
    in.publish(2);
    in.leak.store(2, release);
  });
  now.thread([&] {
    const topology_version seen = in.published.head(); // as catch_up_if_behind does
    if (seen.value != other.applied) {
      other.catch_up();
    }
    check(other.applied >= seen.value, "a snapshot is at least as new as a head that was seen");
    if (const int index = in.leak.load(acquire)) {
      other.call_indirect(index);
    }
  });
}

void chain_of_leaks(run& now)
{
  process& in = now.make<process>();
  group& other = now.make<group>(in);
  now.thread([&] {
    in.publish(1);
    in.leak.store(1, release);
  });
  now.thread([&] { in.second_leak.store(in.leak.load(acquire), release); });
  now.thread([&] {
    if (const int index = in.second_leak.load(acquire)) {
      other.call_indirect(index);
    }
  });
}

/// The requester's guest stores the index with a plain store; the reader's load is atomic.
void plain_store_of_an_index(run& now)
{
  process& in = now.make<process>();
  group& other = now.make<group>(in);
  now.thread([&] {
    in.publish(1);
    in.leak.store(1, relaxed);
  });
  now.thread([&] {
    if (const int index = in.leak.load(acquire)) {
      other.call_indirect(index);
    }
  });
}

/// An operation has given a function its slot. Another drainer's turn writes the record of a closure that is backed by
/// it, and another group calls the closure: the record is all that passes to it.
void record_of_a_closure(run& now)
{
  struct closure {
    std::uint64_t word = 0;
  };

  process& in = now.make<process>();
  group& other = now.make<group>(in);
  closure& prepared = now.make<closure>();
  now.thread([&] {
    in.publish(1);
    in.is_answered.store(true, release);
  });
  now.thread([&] {
    in.is_answered.wait(false, acquire);
    shared_words(&prepared.word).store(0, 1);
  });
  now.thread([&] {
    if (const std::uint64_t backing = guest_record(prepared.word)) {
      other.call_indirect(static_cast<int>(backing));
    }
  });
}

/// Another thread drains, as `coordinator::finish_batch`; the requester learns the index from its reply.
void leak_after_a_reply(run& now)
{
  process& in = now.make<process>();
  group& other = now.make<group>(in);
  now.thread([&] {
    in.publish(1);
    in.is_answered.store(true, release);
  });
  now.thread([&] {
    in.is_answered.wait(false, acquire);
    in.leak.store(1, release);
  });
  now.thread([&] {
    if (const int index = in.leak.load(acquire)) {
      other.call_indirect(index);
    }
  });
}

/// A group catches up for a reason of its own, and hands out an index of what it finds; the publisher may stand
/// anywhere.
template <class Publication>
void snapshot_leak(run& now, std::memory_order stored)
{
  using process_here = process_with<Publication>;
  process_here& in = now.make<process_here>();
  auto& leaker = now.make<group_of<process_here>>(in);
  auto& caller = now.make<group_of<process_here>>(in);
  now.thread([&] { in.publish(1); });
  now.thread([&, stored] {
    leaker.catch_up();
    in.leak.store(static_cast<int>(leaker.applied), stored);
  });
  now.thread([&] {
    if (const int index = in.leak.load(acquire)) {
      caller.call_indirect(index);
    }
  });
}

void leak_from_a_snapshot(run& now)
{
  snapshot_leak<publication<topology_view>>(now, release);
}

/// The leaker's guest stores the index with a plain store.
void plain_store_from_a_snapshot(run& now)
{
  snapshot_leak<publication<topology_view>>(now, relaxed);
}

/// The leaker meets two publications; its head, if it raises one, is the older.
void leak_between_two_publications(run& now)
{
  process& in = now.make<process>();
  group& leaker = now.make<group>(in);
  group& caller = now.make<group>(in);
  now.thread([&] {
    in.publish(1);
    in.publish(2);
    in.second_leak.store(2, release);
  });
  now.thread([&] {
    leaker.catch_up();
    in.leak.store(static_cast<int>(leaker.applied), release);
  });
  now.thread([&] {
    const int index = std::max(in.leak.load(acquire), in.second_leak.load(acquire));
    if (index != 0) {
      caller.call_indirect(index);
    }
  });
}

/// How a publication may be wrong.
enum class misstep : std::uint8_t {
  reader_raises_nothing, ///< it leaves the head to the writer
  reader_stores,         ///< the head goes back to the snapshot that a slow reader has
  head_first,            ///< ahead of the snapshot
};

template <misstep Wrong>
class misordered_publication {
public:
  misordered_publication(shared_ptr<const topology_view> initial, std::uint64_t* word) : current_(initial), head_(*word)
  {
  }

  void publish(const shared_ptr<const topology_view>& next)
  {
    const std::uint64_t version = next->version.value;
    if (Wrong != misstep::head_first) {
      current_.store(next);
    }
    head_.store(version);
    if (Wrong == misstep::head_first) {
      current_.store(next);
    }
  }

  topology_version head() const { return topology_version{head_.load()}; }

  shared_ptr<const topology_view> current() const
  {
    const shared_ptr<const topology_view> snapshot = current_.load();
    if (Wrong == misstep::reader_stores) {
      head_.store(snapshot->version.value);
    }
    return snapshot;
  }

private:
  published<topology_view> current_;
  mutable atomic_ref<std::uint64_t> head_;
};

// ---- Lanes ----

/// A range that operation 1 frees. The group writes it as long as its snapshot has the module there.
struct reuse {
  plain<int> range;

  template <class Publication>
  void reuse_once_free(const Publication& published, const group_lane& lane)
  {
    if (std::min(published.head().value, lane.version()) >= 1) { // coordinator::note_reusable_memory
      range = 2;
    }
  }
};

void reuse_of_memory(run& now)
{
  process& in = now.make<process>();
  group& laggard = now.make<group>(in);
  reuse& memory = now.make<reuse>();
  now.thread([&] {
    laggard.lane.hold(in.published);
    if (in.published.current()->version.value == 0) {
      memory.range = 1;
    }
    laggard.lane.release();
  });
  now.thread([&] {
    in.publish(1);
    memory.reuse_once_free(in.published, laggard.lane);
  });
}

/// The same with a snapshot that is read without a lock: store buffering.
struct lockless_publication {
  atomic<std::uint64_t> snapshot, newest;

  topology_version head() const { return topology_version{newest.load()}; }
};

void reuse_without_a_lock(run& now)
{
  lockless_publication& published = now.make<lockless_publication>();
  group_lane& lane = now.make<group_lane>();
  reuse& memory = now.make<reuse>();
  now.thread([&] {
    lane.hold(published);
    if (published.snapshot.load() == 0) {
      memory.range = 1;
    }
    lane.release();
  });
  now.thread([&] {
    published.snapshot.store(1);
    published.newest.store(1);
    memory.reuse_once_free(published, lane);
  });
}

} // namespace

std::vector<scenario> agreement_scenarios()
{
  return {
      {"leak", "agreement: an operation is published, an index leaks, its reader checks", one_leak},
      {"two publications", "agreement after two operations; no snapshot is older than a head", two_publications},
      {"chain of leaks", "agreement when the index passes through a third thread", chain_of_leaks},
      {"plain store", "agreement when the publisher stores the index without an order", plain_store_of_an_index},
      {"closure", "agreement when the index is in a closure's record", record_of_a_closure},
      {"reply", "agreement when another thread drains and the requester leaks", leak_after_a_reply},
      {"snapshot leak", "agreement when a group leaks from a snapshot that it has found", leak_from_a_snapshot},
      {"plain snapshot leak", "the same, and it stores the index without an order", plain_store_from_a_snapshot},
      {"two snapshots", "agreement when it may have found either of two", leak_between_two_publications},
      {"reuse", "a freed range is written by its old and its new owner in order", reuse_of_memory},
      {"reuse without lock", "the same, were the snapshot read without a lock", reuse_without_a_lock},
  };
}

void leak_before_the_publication(run& now)
{
  process& in = now.make<process>();
  group& other = now.make<group>(in);
  now.thread([&] {
    in.leak.store(1, release);
    in.publish(1);
  });
  now.thread([&] {
    if (const int index = in.leak.load(acquire)) {
      other.call_indirect(index);
    }
  });
}

void call_without_a_check(run& now)
{
  process& in = now.make<process>();
  group& other = now.make<group>(in);
  now.thread([&] {
    in.publish(1);
    in.leak.store(1, release);
  });
  now.thread([&] {
    if (in.published.head().value != 0) { // before it loads the index: too early
      other.catch_up();
    }
    check(in.leak.load(acquire) <= static_cast<int>(other.applied), "agreement");
  });
}

void leak_from_a_snapshot_ahead_of_the_head(run& now)
{
  snapshot_leak<misordered_publication<misstep::reader_raises_nothing>>(now, release);
}

/// A slow reader of snapshot 1 takes the head back behind publication 2.
void head_that_goes_back(run& now)
{
  using process_here = process_with<misordered_publication<misstep::reader_stores>>;
  process_here& in = now.make<process_here>();
  auto& reader = now.make<group_of<process_here>>(in);
  auto& caller = now.make<group_of<process_here>>(in);
  now.thread([&] {
    in.publish(1);
    in.publish(2);
    in.leak.store(2, release);
  });
  now.thread([&] { reader.catch_up(); });
  now.thread([&] {
    caller.catch_up();
    if (const int index = in.leak.load(acquire)) {
      caller.call_indirect(index);
    }
  });
}

void head_ahead_of_its_snapshot(run& now)
{
  using process_here = process_with<misordered_publication<misstep::head_first>>;
  process_here& in = now.make<process_here>();
  auto& reader = now.make<group_of<process_here>>(in);
  now.thread([&] { in.publish(1); });
  now.thread([&] {
    const topology_version seen = in.published.head();
    reader.catch_up();
    check(reader.applied >= seen.value, "a snapshot is at least as new as a head that was seen");
  });
}

void lane_after_the_snapshot(run& now)
{
  process& in = now.make<process>();
  group& laggard = now.make<group>(in);
  reuse& memory = now.make<reuse>();
  now.thread([&] {
    const bool is_there = in.published.current()->version.value == 0;
    laggard.lane.hold(in.published);
    if (is_there) {
      memory.range = 1;
    }
    laggard.lane.release();
  });
  now.thread([&] {
    in.publish(1);
    memory.reuse_once_free(in.published, laggard.lane);
  });
}

void leak_by_a_race(run& now)
{
  process& in = now.make<process>();
  group& other = now.make<group>(in);
  now.thread([&] {
    in.publish(1);
    in.leak.store(1, relaxed);
  });
  now.thread([&] {
    if (const int index = in.leak.load(relaxed)) {
      other.call_indirect(index);
    }
  });
}

} // namespace interlink::memory_model
