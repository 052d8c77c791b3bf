// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/memory_model/execution.hh"

#include <algorithm>
#include <cstdlib>
#include <functional>

namespace interlink::memory_model {

namespace {

bool acquires(std::memory_order order)
{
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}

bool releases(std::memory_order order)
{
  return order == std::memory_order_release || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}

/// What the machine's instructions give anyway.
std::memory_order on_x86(event_kind kind, std::memory_order order)
{
  if (order == std::memory_order_seq_cst || kind == event_kind::fence) {
    return order;
  }
  return kind == event_kind::load    ? std::memory_order_acquire
         : kind == event_kind::store ? std::memory_order_release
                                     : std::memory_order_seq_cst;
}

/// `next` lists successors by number.
template <class Rows>
bool has_cycle(const Rows& next, int size)
{
  std::vector<char> state(static_cast<std::size_t>(size), 0); // 1: on the path, 2: done
  const std::function<bool(int)> visit = [&](int at) {
    auto& mine = state[static_cast<std::size_t>(at)];
    if (mine != 0) {
      return mine == 1;
    }
    mine = 1;
    for (int to = 0; to < size; ++to) {
      if (next[static_cast<std::size_t>(at)][static_cast<std::size_t>(to)] && visit(to)) {
        return true;
      }
    }
    mine = 2;
    return false;
  };
  for (int at = 0; at < size; ++at) {
    if (visit(at)) {
      return true;
    }
  }
  return false;
}

} // namespace

int execution::add_location(std::uint64_t initial)
{
  const int location = static_cast<int>(orders_.size());
  event first{.kind = event_kind::store, .order = std::memory_order_relaxed, .thread = 0, .tick = 0};
  first.location = location;
  first.position = 0;
  first.value = initial;
  orders_.push_back({size()});
  accesses_.push_back({size()});
  events_.push_back(first);
  return location;
}

int execution::lowest_position(int location, const vector_clock& past) const
{
  int lowest = 0;
  for (const int id : accesses_[static_cast<std::size_t>(location)]) {
    const event& access = at(id);
    if (past.covers(access.thread, access.tick)) {
      lowest = std::max(lowest, access.writes() ? access.position : at(access.reads_from).position);
    }
  }
  return lowest;
}

std::vector<int> execution::readable(int thread, int location) const
{
  const auto& order = order_of(location);
  return {order.begin() + lowest_position(location, threads_[static_cast<std::size_t>(thread)].clock), order.end()};
}

bool execution::is_updated(int store) const
{
  const auto& order = order_of(at(store).location);
  const auto next = static_cast<std::size_t>(at(store).position) + 1;
  return next < order.size() && at(order[next]).kind == event_kind::update;
}

std::vector<int> execution::positions(int thread, int location) const
{
  const auto& order = order_of(location);
  std::vector<int> places;
  for (auto place =
           static_cast<std::size_t>(lowest_position(location, threads_[static_cast<std::size_t>(thread)].clock) + 1);
       place <= order.size(); ++place) {
    if (place == order.size() ||
        at(order[place]).kind != event_kind::update) { // not between an update and what it read
      places.push_back(static_cast<int>(place));
    }
  }
  return places;
}

event& execution::add(event_kind kind, int thread, std::memory_order order)
{
  thread_state& self = threads_[static_cast<std::size_t>(thread)];
  auto& tick = self.clock.seen[static_cast<std::size_t>(thread)];
  ++tick;
  if (events_.size() >= max_events) {
    std::abort(); // the search ends an execution before
  }
  event& added = events_.emplace_back(event{
      .kind = kind, .order = model_ == memory::x86 ? on_x86(kind, order) : order, .thread = thread, .tick = tick});
  added.clock = self.clock;
  return added;
}

void execution::read(event& reader, int from)
{
  thread_state& self = threads_[static_cast<std::size_t>(reader.thread)];
  reader.reads_from = from;
  self.acquired.join(at(from).released);
  if (acquires(reader.order)) {
    self.clock.join(at(from).released);
  }
  reader.clock = self.clock;
}

void execution::write(event& writer, std::uint64_t value, int position)
{
  const thread_state& self = threads_[static_cast<std::size_t>(writer.thread)];
  writer.value = value;
  writer.released = releases(writer.order) ? writer.clock : self.released;
  if (writer.kind == event_kind::update) {
    writer.released.join(at(writer.reads_from).released); // a release sequence goes on
  }
  auto& order = orders_[static_cast<std::size_t>(writer.location)];
  order.insert(order.begin() + position, size() - 1);
  for (auto place = static_cast<std::size_t>(position); place < order.size(); ++place) {
    events_[static_cast<std::size_t>(order[place])].position = static_cast<int>(place);
  }
}

std::uint64_t execution::load(int thread, int location, std::memory_order order, int from)
{
  event& added = add(event_kind::load, thread, order);
  added.location = location;
  accesses_[static_cast<std::size_t>(location)].push_back(size() - 1);
  read(added, from);
  return at(from).value;
}

void execution::store(int thread, int location, std::memory_order order, std::uint64_t value, int position)
{
  event& added = add(event_kind::store, thread, order);
  added.location = location;
  accesses_[static_cast<std::size_t>(location)].push_back(size() - 1);
  write(added, value, position);
}

void execution::update(int thread, int location, std::memory_order order, int from, std::uint64_t value)
{
  event& added = add(event_kind::update, thread, order);
  added.location = location;
  accesses_[static_cast<std::size_t>(location)].push_back(size() - 1);
  read(added, from);
  write(added, value, at(from).position + 1);
}

void execution::fence(int thread, std::memory_order order)
{
  event& added = add(event_kind::fence, thread, order);
  thread_state& self = threads_[static_cast<std::size_t>(thread)];
  if (acquires(order)) {
    self.clock.join(self.acquired);
  }
  added.clock = self.clock;
  if (releases(order)) {
    self.released = self.clock;
  }
}

bool execution::happens_before(const event& a, const event& b) const
{
  return &a != &b && b.tick != 0 && b.clock.covers(a.thread, a.tick);
}

bool execution::reads_before(const event& a, const event& b) const
{
  return a.reads() && b.writes() && &a != &b && a.location == b.location && at(a.reads_from).position < b.position;
}

/// No cycle of: program order but for store to load, reading from another thread, the orders of stores, reading before.
bool execution::is_total_store_order() const
{
  std::vector<row> next(events_.size());
  std::array<int, max_threads> drained{}; // up to which tick each thread's stores have left its buffer for sure
  for (std::size_t j = 0; j < events_.size(); ++j) {
    const event& b = events_[j];
    int& up_to = drained[static_cast<std::size_t>(b.thread)];
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const event& a = events_[i];
      const bool overtakes = a.kind == event_kind::store && b.kind == event_kind::load && a.tick > up_to;
      const bool in_order = i < j && is_sequenced_before(a, b) && !overtakes;
      const bool read_by = b.reads() && b.reads_from == static_cast<int>(i) && a.thread != b.thread;
      const bool stored_before = a.writes() && b.writes() && a.location == b.location && a.position < b.position;
      next[i][j] = in_order || read_by || stored_before || reads_before(a, b);
    }
    if (b.order == std::memory_order_seq_cst && b.kind != event_kind::load) {
      up_to = b.tick;
    }
  }
  return !has_cycle(next, size());
}

/// What communication orders after a: (reading from, orders of stores, reading before), one or more of them.
execution::row execution::communicates_to(const event& a) const
{
  row to;
  for (std::size_t j = 0; j < events_.size(); ++j) {
    const event& b = events_[j];
    if (&a == &b || a.location < 0 || a.location != b.location) {
      continue;
    }
    const int from = a.writes() ? a.position : at(a.reads_from).position;
    const int reached = b.writes() ? b.position : at(b.reads_from).position;
    to[j] = reached > from || (reached == from && a.writes() && b.reads());
  }
  return to;
}

/// The axiom of sequential consistency; coherence and atomicity hold by construction.
bool execution::is_rc11() const
{
  std::vector<std::size_t> ordered; // seq_cst
  int threads = 0;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    if (events_[i].order == std::memory_order_seq_cst) {
      ordered.push_back(i);
      threads |= 1 << events_[i].thread;
    }
  }
  if ((threads & (threads - 1)) == 0) {
    return true; // one thread alone
  }
  const std::size_t count = events_.size();
  std::vector<row> before(count), sequenced_elsewhere(count), preceded_elsewhere(count), base(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      const event& a = events_[i];
      const event& b = events_[j];
      before[i][j] = happens_before(a, b);
      const bool elsewhere = is_sequenced_before(a, b) && (a.location < 0 || a.location != b.location);
      sequenced_elsewhere[i][j] = elsewhere;
      preceded_elsewhere[j][i] = elsewhere;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    const event& a = events_[i];
    row detour; // sequenced elsewhere, then anything that happens after
    for (std::size_t k = 0; k < count; ++k) {
      if (sequenced_elsewhere[i][k]) {
        detour |= before[k];
      }
    }
    for (std::size_t j = 0; j < count; ++j) {
      const event& b = events_[j];
      const bool same_place = a.location >= 0 && a.location == b.location;
      base[i][j] =
          i != j &&
          (is_sequenced_before(a, b) || (detour & preceded_elsewhere[j]).any() || (same_place && before[i][j]) ||
           (same_place && a.writes() && b.writes() && a.position < b.position) || reads_before(a, b));
    }
  }
  std::vector<std::vector<char>> next(ordered.size(), std::vector<char>(ordered.size(), 0));
  for (std::size_t x = 0; x < ordered.size(); ++x) {
    const std::size_t i = ordered[x];
    const bool from_fence = events_[i].kind == event_kind::fence;
    row reached = base[i];
    row communicated; // a fence, then happens before, then communication
    if (from_fence) {
      for (std::size_t k = 0; k < count; ++k) {
        if (before[i][k]) {
          reached |= base[k];
          communicated |= communicates_to(events_[k]);
        }
      }
    }
    for (std::size_t y = 0; y < ordered.size(); ++y) {
      const std::size_t j = ordered[y];
      row ends;
      ends[j] = true;
      if (events_[j].kind == event_kind::fence) {
        for (std::size_t k = 0; k < count; ++k) {
          ends[k] = ends[k] || before[k][j];
        }
        if (from_fence && (before[i][j] || (communicated & ends).any())) {
          next[x][y] = 1;
        }
      }
      if (x != y && (reached & ends).any()) {
        next[x][y] = 1;
      }
    }
  }
  return !has_cycle(next, static_cast<int>(ordered.size()));
}

} // namespace interlink::memory_model
