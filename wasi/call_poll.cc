// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits.h>
#include <limits>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace interlink::wasi {

namespace {

using std::chrono::nanoseconds;

// The wall clock may be set while we wait for a time of it; this is how late that can be noticed.
constexpr nanoseconds wall_clock_look = std::chrono::seconds(1);

// How often a poll that could not get a wake-up descriptor looks whether it was cancelled.
constexpr nanoseconds cancel_look = std::chrono::milliseconds(50);

constexpr nanoseconds forever = nanoseconds::max();

/// One subscription, copied from the guest, and what became of it.
struct subscription {
  std::uint64_t userdata{};
  event_type type{};

  // Of a clock: a time of the host clock.
  clockid_t clock{};
  std::uint64_t deadline{};

  // Of a descriptor.
  open_file_ptr file;
  bool is_polled = false; ///< the kernel decides; else it is ready at once

  bool is_done = false;
  errno_code failure = errno_code::success;
  std::uint64_t bytes{};
  bool is_hung_up = false;

  short poll_events() const { return type == event_type::fd_read ? POLLIN | POLLRDHUP : POLLOUT; }
};

std::uint64_t now(clockid_t clock)
{
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

void fail_with(subscription& sub, errno_code code)
{
  sub.is_done = true;
  sub.failure = code;
}

// Of the union at 16: clock 16, time 24, flags 40; the unstable layout has an identifier first, so each is 8 later.
void read_clock(subscription& sub, std::span<const std::byte> bytes, abi_version version)
{
  std::size_t shift = version == abi_version::unstable ? 8 : 0;
  auto id = take<std::uint32_t>(bytes, 16 + shift);
  auto time = take<std::uint64_t>(bytes, 24 + shift);
  auto flags = take<std::uint16_t>(bytes, 40 + shift);
  bool is_absolute = (flags & 1) != 0;
  if ((flags & ~1) != 0 || id > static_cast<std::uint32_t>(clock_id::thread_cputime)) {
    fail_with(sub, errno_code::inval);
    return;
  }
  if (id > static_cast<std::uint32_t>(clock_id::monotonic)) {
    fail_with(sub, errno_code::notsup);
    return;
  }
  // A duration is one whatever the clock; the monotonic one measures it even when the wall clock is set meanwhile.
  bool is_wall_clock = is_absolute && id == static_cast<std::uint32_t>(clock_id::realtime);
  sub.clock = is_wall_clock ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  auto start = is_absolute ? 0 : now(sub.clock);
  sub.deadline = time > std::numeric_limits<std::uint64_t>::max() - start ? std::numeric_limits<std::uint64_t>::max()
                                                                          : start + time;
}

// The descriptor stands at 16 in both layouts.
void read_descriptor(subscription& sub, std::span<const std::byte> bytes, system& s)
{
  auto found = s.descriptors().find(take<std::uint32_t>(bytes, 16));
  if (!found) {
    fail_with(sub, found.error().code());
    return;
  }
  auto direction = sub.type == event_type::fd_read ? rights::fd_read : rights::fd_write;
  auto needed = direction | rights::poll_fd_readwrite;
  if (((*found)->base_rights & needed) != needed) {
    fail_with(sub, errno_code::notcapable);
    return;
  }
  sub.file = (*found)->file;
  sub.is_polled = sub.file->method.load(std::memory_order_relaxed) != wait_method::never_waits;
  sub.is_done = !sub.is_polled;
}

expected<std::vector<subscription>> load_subscriptions(system& s, call_context& c, guest_pointer address,
                                                       guest_size count, abi_version version)
{
  std::uint64_t size = version == abi_version::unstable ? abi_size::subscription_unstable : abi_size::subscription;
  auto text = c.memory.load_string(address, static_cast<std::uint32_t>(size * count));
  if (!text) {
    return std::unexpected(text.error());
  }
  auto bytes = std::as_bytes(std::span(*text));
  std::vector<subscription> subs(count);
  for (auto& sub : subs) {
    // User data 0, type 8.
    sub.userdata = take<std::uint64_t>(bytes, 0);
    auto type = take<std::uint8_t>(bytes, 8);
    if (type > static_cast<std::uint8_t>(event_type::fd_write)) {
      return refuse(errno_code::inval);
    }
    sub.type = static_cast<event_type>(type);
    if (sub.type == event_type::clock) {
      read_clock(sub, bytes.first(size), version);
    } else {
      read_descriptor(sub, bytes.first(size), s);
    }
    bytes = bytes.subspan(size);
  }
  return subs;
}

std::uint64_t readable_bytes(const subscription& sub)
{
  int fd = sub.file->fd.value();
  if (!sub.is_polled) {
    struct stat status{};
    auto place = ::lseek(fd, 0, SEEK_CUR);
    if (::fstat(fd, &status) != 0 || place < 0 || status.st_size <= place) {
      return 0;
    }
    return static_cast<std::uint64_t>(status.st_size - place);
  }
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

void note_poll_result(subscription& sub, short happened)
{
  if (happened == 0) {
    return;
  }
  sub.is_done = true;
  if ((happened & POLLNVAL) != 0) {
    sub.failure = errno_code::badf;
  }
  // A pipe without reader is an error to a writer's poll; what it means is that the other end is gone.
  sub.is_hung_up = (happened & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
}

// Returns how long the wait may last: until the first deadline.
nanoseconds note_deadlines(std::span<subscription> subs)
{
  nanoseconds shortest = forever;
  for (auto& sub : subs) {
    if (sub.type != event_type::clock || sub.is_done) {
      continue;
    }
    auto time = now(sub.clock);
    if (time >= sub.deadline) {
      sub.is_done = true;
      continue;
    }
    auto left = std::min<std::uint64_t>(sub.deadline - time, static_cast<std::uint64_t>(forever.count()));
    shortest = std::min(shortest, nanoseconds(left));
    if (sub.clock == CLOCK_REALTIME) {
      shortest = std::min(shortest, wall_clock_look);
    }
  }
  return shortest;
}

bool any_done(std::span<const subscription> subs)
{
  return std::ranges::any_of(subs, [](const auto& sub) { return sub.is_done; });
}

// One poll of every descriptor, and of the canceller's when it waits.
outcome poll_descriptors(std::span<subscription> subs, nanoseconds longest, canceller& cancel)
{
  // Only what is polled: the kernel refuses more entries than the process may have open files. Source: poll(2).
  std::vector<pollfd> fds;
  std::vector<subscription*> polled;
  for (auto& sub : subs) {
    if (sub.is_polled) {
      fds.push_back({sub.file->fd.value(), sub.poll_events(), 0});
      polled.push_back(&sub);
    }
  }
  int wake_fd = longest.count() > 0 ? cancel.wake_fd() : -1;
  if (wake_fd < 0) {
    longest = std::min(longest, cancel_look);
  }
  if (wake_fd >= 0) {
    fds.push_back({wake_fd, POLLIN, 0});
  }
  timespec timeout{static_cast<time_t>(longest.count() / 1'000'000'000),
                   static_cast<long>(longest.count() % 1'000'000'000)};
  int ready = ::ppoll(fds.data(), fds.size(), longest == forever ? nullptr : &timeout, nullptr);
  if (ready < 0 && errno != EINTR) {
    return from_host_errno(errno);
  }
  if (ready > 0) {
    for (std::size_t i = 0; i < polled.size(); ++i) {
      note_poll_result(*polled[i], fds[i].revents);
    }
  }
  return errno_code::success;
}

outcome wait_for_any(std::span<subscription> subs, canceller& cancel)
{
  bool has_descriptors = std::ranges::any_of(subs, [](const auto& sub) { return sub.is_polled; });
  while (true) {
    if (auto over = cancel.look(); !over.is_success()) {
      return over;
    }
    auto longest = note_deadlines(subs);
    // What is ready already does not end the look at the others: they are reported in the same call.
    if (any_done(subs)) {
      longest = nanoseconds(0);
    }
    if (has_descriptors) {
      if (auto polled = poll_descriptors(subs, longest, cancel); !polled.is_success()) {
        return polled;
      }
    }
    if (any_done(subs)) {
      return errno_code::success;
    }
    if (!has_descriptors) {
      if (auto slept = cancel.sleep_for(longest); !slept.is_success()) {
        return slept;
      }
    }
  }
}

// User data 0, errno 8, type 10, bytes 16, flags 24 (bit 0: hung up).
outcome store_event(call_context& c, guest_pointer address, const subscription& sub)
{
  std::array<std::byte, abi_size::event> bytes{};
  put(bytes, 0, sub.userdata);
  put(bytes, 8, static_cast<std::uint16_t>(sub.failure));
  put(bytes, 10, static_cast<std::uint8_t>(sub.type));
  if (sub.type != event_type::clock && sub.failure == errno_code::success) {
    put(bytes, 16, sub.type == event_type::fd_read ? readable_bytes(sub) : std::uint64_t{PIPE_BUF});
    put(bytes, 24, static_cast<std::uint16_t>(sub.is_hung_up ? 1 : 0));
  }
  return c.memory.store_bytes(address, bytes);
}

outcome poll(system& s, call_context& c, guest_pointer subscriptions, guest_pointer events, guest_size count,
             guest_pointer stored, abi_version version)
{
  if (count == 0 || count > bound::subscriptions) {
    return errno_code::inval;
  }
  if (!c.memory.contains(events, std::uint64_t{count} * abi_size::event) || !c.memory.contains(stored, 4)) {
    return errno_code::fault;
  }
  auto subs = load_subscriptions(s, c, subscriptions, count, version);
  if (!subs) {
    return subs.error();
  }
  if (auto waited = wait_for_any(*subs, c.cancel); !waited.is_success()) {
    return waited;
  }
  std::uint32_t number = 0;
  for (const auto& sub : *subs) {
    if (sub.is_done) {
      (void)store_event(c, events + number * static_cast<guest_pointer>(abi_size::event), sub);
      ++number;
    }
  }
  return c.memory.store(stored, number);
}

} // namespace

outcome poll_oneoff(system& s, call_context& c, guest_pointer subscriptions, guest_pointer events, guest_size count,
                    guest_pointer stored)
{
  return poll(s, c, subscriptions, events, count, stored, abi_version::snapshot_preview1);
}

outcome unstable_poll_oneoff(system& s, call_context& c, guest_pointer subscriptions, guest_pointer events,
                             guest_size count, guest_pointer stored)
{
  return poll(s, c, subscriptions, events, count, stored, abi_version::unstable);
}

} // namespace interlink::wasi
