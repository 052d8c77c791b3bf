// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/stream.hh"

#include "wasi/signal_guard.hh"
#include "wasi/socket_state.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

namespace interlink::wasi {

namespace {

// How often a waiter without a wake-up descriptor looks whether it was cancelled.
constexpr int cancel_check_ms = 50;

// Between two tries when another thread of this process has the turn.
constexpr auto turn_retry = std::chrono::milliseconds(1);

// A negative result is a negated host error number.
using attempt = ssize_t;

attempt from_call(ssize_t returned)
{
  return returned >= 0 ? returned : -errno;
}

bool would_block(attempt result)
{
  return result == -EAGAIN || result == -EWOULDBLOCK;
}

bool is_ready_now(int fd, short events)
{
  pollfd one{fd, events, 0};
  return ::poll(&one, 1, 0) > 0;
}

attempt read_in_turn(open_file& file, std::span<iovec> buffers)
{
  if (file.read_turn.test_and_set(std::memory_order_acquire)) {
    return -EAGAIN;
  }
  attempt result = -EAGAIN;
  if (is_ready_now(file.fd.value(), POLLIN)) {
    result = from_call(::readv(file.fd.value(), buffers.data(), static_cast<int>(buffers.size())));
  }
  file.read_turn.clear(std::memory_order_release);
  return result;
}

// At most PIPE_BUF bytes: that much a pipe takes without blocking once poll says that it is writable.
attempt write_in_turn(open_file& file, std::span<iovec> buffers)
{
  if (file.write_turn.test_and_set(std::memory_order_acquire)) {
    return -EAGAIN;
  }
  attempt result = -EAGAIN;
  if (is_ready_now(file.fd.value(), POLLOUT)) {
    auto first = std::ranges::find_if(buffers, [](const iovec& b) { return b.iov_len != 0; });
    auto size = std::min<std::size_t>(first->iov_len, PIPE_BUF);
    result = from_call(::write(file.fd.value(), first->iov_base, size));
  }
  file.write_turn.clear(std::memory_order_release);
  return result;
}

// A device without support for the flag says so by one of these.
bool lacks_no_wait(attempt result)
{
  return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL || result == -ESPIPE;
}

attempt try_read(open_file& file, std::span<iovec> buffers)
{
  auto count = static_cast<int>(buffers.size());
  switch (file.method.load(std::memory_order_relaxed)) {
  case wait_method::socket: {
    msghdr message{};
    message.msg_iov = buffers.data();
    message.msg_iovlen = buffers.size();
    return from_call(::recvmsg(file.fd.value(), &message, MSG_DONTWAIT));
  }
  case wait_method::no_wait_flag: {
    auto result = from_call(::preadv2(file.fd.value(), buffers.data(), count, -1, RWF_NOWAIT));
    if (!lacks_no_wait(result)) {
      return result;
    }
    file.method.store(wait_method::turns, std::memory_order_relaxed);
    return read_in_turn(file, buffers);
  }
  case wait_method::turns:
    return read_in_turn(file, buffers);
  default:
    return from_call(::readv(file.transfer_fd(), buffers.data(), count));
  }
}

attempt try_write(open_file& file, std::span<iovec> buffers)
{
  auto count = static_cast<int>(buffers.size());
  switch (file.method.load(std::memory_order_relaxed)) {
  case wait_method::socket: {
    msghdr message{};
    message.msg_iov = buffers.data();
    message.msg_iovlen = buffers.size();
    return from_call(::sendmsg(file.fd.value(), &message, MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  case wait_method::no_wait_flag: {
    auto result = from_call(::pwritev2(file.fd.value(), buffers.data(), count, -1, RWF_NOWAIT));
    if (!lacks_no_wait(result)) {
      return result;
    }
    file.method.store(wait_method::turns, std::memory_order_relaxed);
    return write_in_turn(file, buffers);
  }
  case wait_method::turns:
    return write_in_turn(file, buffers);
  default:
    return from_call(::writev(file.transfer_fd(), buffers.data(), count));
  }
}

attempt try_write_quietly(open_file& file, std::span<iovec> buffers)
{
  if (!file.is_pipe) {
    return try_write(file, buffers);
  }
  signal_guard guard(SIGPIPE);
  auto result = try_write(file, buffers);
  guard.note(result == -EPIPE);
  return result;
}

// After a transfer that would have blocked. A ready file whose turn another thread has would make this a busy loop.
outcome wait_again(open_file& file, short events, canceller& cancel)
{
  const std::int64_t limit = file.socket == nullptr ? -1
                             : events == POLLIN     ? file.socket->receive_limit.load(std::memory_order_relaxed)
                                                    : file.socket->send_limit.load(std::memory_order_relaxed);
  auto ready = wait_for_events(file.fd.value(), events, cancel, limit);
  const bool takes_turns = file.method.load(std::memory_order_relaxed) == wait_method::turns;
  return ready.is_success() && takes_turns ? cancel.sleep_for(turn_retry) : ready;
}

bool is_nonblocking(const open_file& file)
{
  return (file.flags.load(std::memory_order_relaxed) & fd_flag::nonblock) != 0;
}

} // namespace

outcome wait_for_events(int fd, short events, canceller& cancel, std::int64_t limit)
{
  using clock = std::chrono::steady_clock;
  const auto start = clock::now();
  int wake_fd = cancel.wake_fd();
  while (true) {
    if (auto over = cancel.look(); !over.is_success()) {
      return over;
    }
    // A negative descriptor is skipped by poll.
    std::array<pollfd, 2> both{pollfd{fd, events, 0}, pollfd{wake_fd, POLLIN, 0}};
    int pause = wake_fd >= 0 ? -1 : cancel_check_ms;
    if (limit >= 0) {
      const auto left = std::chrono::nanoseconds(limit) - (clock::now() - start);
      if (left.count() <= 0) {
        return errno_code::again;
      }
      const auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
      pause = static_cast<int>(std::min<std::int64_t>(left_ms, pause < 0 ? INT_MAX : pause));
    }
    int count = ::poll(both.data(), both.size(), pause);
    if (count < 0 && errno != EINTR) {
      return from_host_errno(errno);
    }
    if (count > 0 && both[0].revents != 0) {
      return errno_code::success;
    }
  }
}

expected<std::size_t> read_stream(open_file& file, std::span<iovec> buffers, canceller& cancel)
{
  if (total_bytes(buffers) == 0) {
    return std::size_t{0};
  }
  if (cancel.is_cancelled()) {
    return refuse(outcome::cancelled());
  }
  if (file.polls_before_read && !is_nonblocking(file)) {
    if (auto ready = wait_for_events(file.fd.value(), POLLIN, cancel); !ready.is_success()) {
      return refuse(ready);
    }
  }
  while (true) {
    auto result = try_read(file, buffers);
    if (result >= 0) {
      return static_cast<std::size_t>(result);
    }
    if (result == -EINTR) {
      continue;
    }
    if (!would_block(result)) {
      return refuse(from_host_errno(static_cast<int>(-result)));
    }
    if (is_nonblocking(file)) {
      return refuse(errno_code::again);
    }
    if (auto ready = wait_again(file, POLLIN, cancel); !ready.is_success()) {
      return refuse(ready);
    }
  }
}

expected<std::size_t> write_stream(open_file& file, std::span<iovec> buffers, canceller& cancel)
{
  std::size_t written = 0;
  auto left = buffers;
  bool sends_empty_datagram = file.type == file_type::socket_dgram;
  while (sends_empty_datagram || total_bytes(left) != 0) {
    // Before each piece: a reader that keeps up would otherwise let a long write run to its end.
    if (cancel.is_cancelled()) {
      return refuse(outcome::cancelled());
    }
    auto result = try_write_quietly(file, left);
    if (result >= 0) {
      written += static_cast<std::size_t>(result);
      left = drop_front(left, static_cast<std::size_t>(result));
      sends_empty_datagram = false;
    } else if (would_block(result)) {
      if (is_nonblocking(file)) {
        break;
      }
      if (auto ready = wait_again(file, POLLOUT, cancel); !ready.is_success()) {
        const bool tells_a_part = written != 0 && ready.kind == outcome_kind::returned;
        return tells_a_part ? expected<std::size_t>(written) : refuse(ready);
      }
    } else if (result != -EINTR) {
      if (written != 0) {
        return written;
      }
      return refuse(from_host_errno(static_cast<int>(-result)));
    }
  }
  if (sends_empty_datagram || (written == 0 && total_bytes(left) != 0)) {
    return refuse(errno_code::again);
  }
  return written;
}

std::span<iovec> drop_front(std::span<iovec> buffers, std::size_t count)
{
  while (!buffers.empty() && count >= buffers.front().iov_len) {
    count -= buffers.front().iov_len;
    buffers = buffers.subspan(1);
  }
  if (!buffers.empty()) {
    buffers.front().iov_base = static_cast<char*>(buffers.front().iov_base) + count;
    buffers.front().iov_len -= count;
  }
  return buffers;
}

std::size_t total_bytes(std::span<const iovec> buffers)
{
  std::size_t total = 0;
  for (const auto& buffer : buffers) {
    total += buffer.iov_len;
  }
  return total;
}

} // namespace interlink::wasi
