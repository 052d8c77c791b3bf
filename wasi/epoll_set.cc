// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/epoll_set.hh"

#include "wasi/wasix_abi.hh"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/epoll.h>
#include <utility>

namespace interlink::wasi {

namespace {

std::uint32_t host_events(std::uint32_t flags)
{
  std::uint32_t events = 0;
  events |= (flags & epoll_flag::in) != 0 ? std::uint32_t{EPOLLIN} : 0;
  events |= (flags & epoll_flag::out) != 0 ? std::uint32_t{EPOLLOUT} : 0;
  events |= (flags & epoll_flag::peer_closed) != 0 ? std::uint32_t{EPOLLRDHUP} : 0;
  events |= (flags & epoll_flag::priority) != 0 ? std::uint32_t{EPOLLPRI} : 0;
  events |= (flags & epoll_flag::edge) != 0 ? std::uint32_t{EPOLLET} : 0;
  events |= (flags & epoll_flag::one_shot) != 0 ? std::uint32_t{EPOLLONESHOT} : 0;
  return events;
}

int control(int epoll, int operation, int host_fd, std::uint32_t flags, std::uint64_t key)
{
  epoll_event event{};
  event.events = host_events(flags);
  event.data.u64 = key;
  return ::epoll_ctl(epoll, operation, host_fd, &event) == 0 ? 0 : errno;
}

outcome from_failure(int failure)
{
  return failure == 0 ? outcome(errno_code::success) : from_host_errno(failure);
}

} // namespace

epoll_set::map::iterator epoll_set::find(guest_fd fd, const open_file_ptr& file)
{
  return std::ranges::find_if(
      watched_, [&](const auto& each) { return each.second.fd == fd && each.second.file.lock() == file; });
}

outcome epoll_set::add(int epoll, guest_fd fd, const open_file_ptr& file, std::uint32_t flags, const epoll_data& data)
{
  std::lock_guard lock(mutex_);
  std::erase_if(watched_, [](const auto& each) { return each.second.file.expired(); }); // the kernel forgot them
  if (find(fd, file) != watched_.end()) {
    return errno_code::exist;
  }
  const std::uint64_t key = next_key_++;
  watched added{fd, file, {}, file->fd.value(), data};
  int failure = control(epoll, EPOLL_CTL_ADD, added.host_fd, flags, key);
  if (failure == EEXIST) {
    added.duplicate = unique_fd(::fcntl(file->fd.value(), F_DUPFD_CLOEXEC, 3));
    added.host_fd = added.duplicate.value();
    failure = added.duplicate.is_open() ? control(epoll, EPOLL_CTL_ADD, added.host_fd, flags, key) : errno;
  }
  if (failure == 0) {
    watched_.emplace(key, std::move(added));
  }
  return from_failure(failure);
}

outcome epoll_set::modify(int epoll, guest_fd fd, const open_file_ptr& file, std::uint32_t flags,
                          const epoll_data& data)
{
  std::lock_guard lock(mutex_);
  const auto found = find(fd, file);
  if (found == watched_.end()) {
    return errno_code::noent;
  }
  const int failure = control(epoll, EPOLL_CTL_MOD, found->second.host_fd, flags, found->first);
  if (failure == 0) {
    found->second.data = data;
  }
  return from_failure(failure);
}

outcome epoll_set::remove(int epoll, guest_fd fd, const open_file_ptr& file)
{
  std::lock_guard lock(mutex_);
  const auto found = find(fd, file);
  if (found == watched_.end()) {
    return errno_code::noent;
  }
  const int failure = control(epoll, EPOLL_CTL_DEL, found->second.host_fd, 0, 0);
  watched_.erase(found);
  return from_failure(failure);
}

bool epoll_set::find(std::uint64_t key, epoll_data& data) const
{
  std::lock_guard lock(mutex_);
  const auto found = watched_.find(key);
  if (found == watched_.end()) {
    return false;
  }
  data = found->second.data;
  return true;
}

} // namespace interlink::wasi
