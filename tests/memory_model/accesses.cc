// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the threads of a run do.
#include "tests/memory_model/explorer.hh"

#include <exception>
#include <utility>

namespace interlink::memory_model {

int run::location_of(const void* address, std::uint64_t initial)
{
  const auto known = locations_.find(address);
  if (known != locations_.end()) {
    return known->second;
  }
  return locations_[address] = graph_.add_location(initial);
}

bool run::has_ended() const
{
  if (is_ending_ && !is_over_ && std::uncaught_exceptions() == 0) {
    throw ended{};
  }
  return is_ending_;
}

std::uint64_t run::load(int location, std::memory_order order)
{
  if (has_ended()) {
    return 0;
  }
  const int from = pause({.location = location});
  return graph_.load(self_, location, order, from);
}

std::uint64_t run::load_other_than(int location, std::memory_order order, std::uint64_t old)
{
  if (has_ended()) {
    return 0;
  }
  const int from = pause({.location = location, .is_awaited = [old](std::uint64_t value) { return value != old; }});
  return graph_.load(self_, location, order, from);
}

void run::store(int location, std::memory_order order, std::uint64_t value)
{
  if (is_ending_) {
    return;
  }
  const std::vector<int> places = graph_.positions(self_, location);
  graph_.store(self_, location, order, value,
               places[static_cast<std::size_t>(choose(static_cast<int>(places.size())))]);
}

std::uint64_t run::update(int location, std::memory_order order, std::memory_order failed,
                          const std::function<std::optional<std::uint64_t>(std::uint64_t)>& next)
{
  if (has_ended()) {
    return 0;
  }
  const int from =
      pause({.location = location, .is_updated = [&next](std::uint64_t value) { return next(value).has_value(); }});
  const std::uint64_t old = graph_.at(from).value;
  if (const auto value = next(old)) {
    graph_.update(self_, location, order, from, *value);
  } else {
    graph_.load(self_, location, failed, from);
  }
  return old;
}

void run::fence(std::memory_order order)
{
  if (order != std::memory_order_relaxed && !is_ending_) {
    graph_.fence(self_, order);
  }
}

void run::lock(int location)
{
  if (has_ended()) {
    return;
  }
  const int from = pause({.location = location,
                          .is_awaited = [](std::uint64_t held) { return held == 0; },
                          .is_updated = [](std::uint64_t) { return true; },
                          .newest_only = true});
  graph_.update(self_, location, std::memory_order_acquire, from, 1);
}

void run::unlock(int location)
{
  if (is_ending_) {
    return;
  }
  graph_.store(self_, location, std::memory_order_release, 0, graph_.at(graph_.newest(location)).position + 1);
}

void run::await_notification(int location, int since)
{
  if (has_ended()) {
    return;
  }
  const int from = pause({.location = location, .since = since, .newest_only = true});
  graph_.load(self_, location, std::memory_order_relaxed, from);
}

// ---- Plain variables ----

void run::read_plain(plain_history& past, const char* what)
{
  if (is_ending_) {
    return;
  }
  if (past.writer != self_ && !clock().covers(past.writer, past.write_tick)) {
    fail(std::string("data race: a read of ") + what);
  }
  past.read_ticks[static_cast<std::size_t>(self_)] = clock().seen[static_cast<std::size_t>(self_)] + 1;
}

void run::write_plain(plain_history& past, const char* what)
{
  if (is_ending_) {
    return;
  }
  bool is_ordered = clock().covers(past.writer, past.write_tick) || past.writer == self_;
  for (int thread = 0; thread < max_threads; ++thread) {
    is_ordered =
        is_ordered && (thread == self_ || clock().covers(thread, past.read_ticks[static_cast<std::size_t>(thread)]));
  }
  if (!is_ordered) {
    fail(std::string("data race: a write of ") + what);
  }
  past.writer = self_;
  past.write_tick = clock().seen[static_cast<std::size_t>(self_)] + 1;
}

} // namespace interlink::memory_model
