// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"
#include "wasi/epoll_set.hh"
#include "wasi/stream.hh"
#include "wasi/wasix_calls.hh"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <poll.h>
#include <sys/epoll.h>
#include <vector>

namespace interlink::wasi {

namespace {

// Of an event: its flags 0, its data 8.
constexpr std::size_t event_bytes = 32;
constexpr std::size_t data_at = 8;

/// Events of one call; what is ready beyond stays for the next.
constexpr guest_size events_max = 1024;

/// An epoll descriptor. Errors: badf; inval for another kind.
expected<open_file_ptr> find_epoll(system& s, guest_fd fd)
{
  const auto found = s.descriptors().find(fd);
  if (!found) {
    return std::unexpected(found.error());
  }
  if (!(*found)->file->epoll) {
    return refuse(errno_code::inval);
  }
  return (*found)->file;
}

std::uint32_t guest_flags(std::uint32_t events)
{
  std::uint32_t flags = 0;
  flags |= (events & EPOLLIN) != 0 ? epoll_flag::in : 0;
  flags |= (events & EPOLLOUT) != 0 ? epoll_flag::out : 0;
  flags |= (events & EPOLLRDHUP) != 0 ? epoll_flag::peer_closed : 0;
  flags |= (events & EPOLLPRI) != 0 ? epoll_flag::priority : 0;
  flags |= (events & EPOLLERR) != 0 ? epoll_flag::error : 0;
  flags |= (events & EPOLLHUP) != 0 ? epoll_flag::hung_up : 0;
  return flags;
}

guest_size store_events(call_context& c, guest_pointer at, std::span<const epoll_event> events, const epoll_set& set)
{
  guest_size stored = 0;
  for (const auto& event : events) {
    epoll_data data{};
    if (!set.find(event.data.u64, data)) {
      continue;
    }
    std::array<std::byte, event_bytes> bytes{};
    put(bytes, 0, guest_flags(event.events));
    std::memcpy(bytes.data() + data_at, data.data(), data.size());
    (void)c.memory.store_bytes(at + stored * static_cast<guest_pointer>(event_bytes), bytes);
    ++stored;
  }
  return stored;
}

} // namespace

outcome epoll_create(system& s, call_context& c, guest_pointer made)
{
  if (!c.memory.contains(made, 4)) {
    return errno_code::fault;
  }
  unique_fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) {
    return from_host_errno(errno);
  }
  auto file = own_file(std::move(epoll), 0);
  if (!file) {
    return file.error();
  }
  (*file)->epoll = std::make_shared<epoll_set>();
  const auto number =
      s.descriptors().insert({std::move(*file), rights::fd_read | rights::poll_fd_readwrite, 0, std::nullopt});
  return number ? c.memory.store(made, *number) : number.error();
}

outcome epoll_ctl(system& s, call_context& c, guest_fd epoll, std::uint32_t operation, guest_fd fd, guest_pointer event)
{
  const auto watcher = find_epoll(s, epoll);
  if (!watcher) {
    return watcher.error();
  }
  const auto found = s.descriptors().find(fd);
  if (!found) {
    return found.error();
  }
  const auto& file = (*found)->file;
  if (operation > static_cast<std::uint32_t>(epoll_operation::remove) || file == *watcher) {
    return errno_code::inval;
  }
  if (!file->fd.is_open()) {
    return errno_code::perm; // a directory of ours
  }
  const int host_epoll = (*watcher)->fd.value();
  if (operation == static_cast<std::uint32_t>(epoll_operation::remove)) {
    return (*watcher)->epoll->remove(host_epoll, fd, file);
  }
  const auto text = c.memory.load_string(event, event_bytes);
  if (!text) {
    return text.error();
  }
  const auto bytes = std::as_bytes(std::span(*text));
  const auto flags = take<std::uint32_t>(bytes, 0);
  if ((flags & ~epoll_flag::all) != 0) {
    return errno_code::inval;
  }
  epoll_data data{};
  std::memcpy(data.data(), bytes.data() + data_at, data.size());
  return operation == static_cast<std::uint32_t>(epoll_operation::add)
             ? (*watcher)->epoll->add(host_epoll, fd, file, flags, data)
             : (*watcher)->epoll->modify(host_epoll, fd, file, flags, data);
}

outcome epoll_wait(system& s, call_context& c, guest_fd epoll, guest_pointer events, guest_size count,
                   std::uint64_t timeout, guest_pointer stored)
{
  using clock = std::chrono::steady_clock;
  const auto watcher = find_epoll(s, epoll);
  if (!watcher) {
    return watcher.error();
  }
  if (count == 0) {
    return errno_code::inval;
  }
  if (!c.memory.contains(events, std::uint64_t{count} * event_bytes) || !c.memory.contains(stored, 4)) {
    return errno_code::fault;
  }
  constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max() / 2;
  const std::int64_t limit = timeout > longest ? -1 : static_cast<std::int64_t>(timeout);
  const auto start = clock::now();
  std::vector<epoll_event> ready(std::min(count, events_max));
  const int host_epoll = (*watcher)->fd.value();
  while (true) {
    const int found = ::epoll_wait(host_epoll, ready.data(), static_cast<int>(ready.size()), 0);
    if (found < 0 && errno != EINTR) {
      return from_host_errno(errno);
    }
    const auto told = found <= 0 ? 0
                                 : store_events(c, events, std::span(ready).first(static_cast<std::size_t>(found)),
                                                *(*watcher)->epoll);
    const auto passed = (clock::now() - start).count();
    if (told != 0 || (limit >= 0 && passed >= limit)) {
      return c.memory.store(stored, told);
    }
    const auto waited = wait_for_events(host_epoll, POLLIN, c.cancel, limit < 0 ? -1 : limit - passed);
    if (!waited.is_success() && waited != outcome(errno_code::again)) {
      return waited;
    }
  }
}

outcome clock_time_set(system&, call_context&, std::uint32_t id, std::uint64_t)
{
  return id > static_cast<std::uint32_t>(clock_id::thread_cputime) ? errno_code::inval : errno_code::perm;
}

} // namespace interlink::wasi
