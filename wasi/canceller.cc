// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/canceller.hh"

#include <climits>

#include <cerrno>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace interlink::wasi {

namespace {

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

timespec monotonic_after(std::chrono::nanoseconds duration) noexcept
{
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  auto seconds = duration.count() / nanoseconds_per_second;
  auto rest = now.tv_nsec + duration.count() % nanoseconds_per_second;
  return {now.tv_sec + seconds + rest / nanoseconds_per_second, rest % nanoseconds_per_second};
}

} // namespace

canceller::~canceller()
{
  int fd = wake_fd_.load(std::memory_order_acquire);
  if (fd >= 0) {
    ::close(fd);
  }
}

// Who ends a wait stores the word and then reads the descriptor; `wake_fd` stores the descriptor and then reads the
// word. Both orders are sequentially consistent, so at least one of the two sees the other and the descriptor is rung.
void canceller::ring() noexcept
{
  int fd = wake_fd_.load(std::memory_order_seq_cst);
  if (fd >= 0) {
    std::uint64_t one = 1;
    // The only failure is a full counter, and then the descriptor is readable already.
    [[maybe_unused]] auto written = ::write(fd, &one, sizeof one);
  }
  ::syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void canceller::quieten() const noexcept
{
  int fd = wake_fd_.load(std::memory_order_seq_cst);
  if (fd >= 0) {
    std::uint64_t count = 0;
    // The descriptor does not block: an empty counter is an error that means nothing here.
    [[maybe_unused]] auto read = ::read(fd, &count, sizeof count);
  }
}

void canceller::cancel() noexcept
{
  state_.fetch_or(cancelled_bit, std::memory_order_seq_cst);
  ring();
}

void canceller::wake() noexcept
{
  state_.fetch_add(one_wake, std::memory_order_seq_cst);
  ring();
}

void canceller::clear() noexcept
{
  state_.store(0, std::memory_order_seq_cst);
  quieten();
}

// Quiet first: what rings after that is seen here or ends the wait that follows.
outcome canceller::look() noexcept
{
  quieten();
  if ((state_.load(std::memory_order_seq_cst) & cancelled_bit) != 0) {
    return outcome::cancelled();
  }
  return takes_interruption && takes_interruption() ? errno_code::intr : errno_code::success;
}

outcome canceller::sleep_for(std::chrono::nanoseconds duration) noexcept
{
  if (duration.count() <= 0) {
    return look();
  }
  if (before_wait) {
    before_wait();
  }
  // An absolute deadline, so that an interruption by a host signal does not lengthen the sleep.
  timespec deadline = monotonic_after(duration);
  while (true) {
    auto seen = state_.load(std::memory_order_seq_cst);
    if (auto over = look(); !over.is_success()) {
      return over;
    }
    auto waited =
        ::syscall(SYS_futex, &state_, FUTEX_WAIT_BITSET_PRIVATE, seen, &deadline, nullptr, FUTEX_BITSET_MATCH_ANY);
    if (waited == -1 && errno == ETIMEDOUT) {
      return look();
    }
  }
}

int canceller::wake_fd() noexcept
{
  if (before_wait) {
    before_wait();
  }
  int fd = wake_fd_.load(std::memory_order_acquire);
  if (fd >= 0) {
    return fd;
  }
  int made = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made < 0) {
    return -1;
  }
  int none = -1;
  if (!wake_fd_.compare_exchange_strong(none, made, std::memory_order_seq_cst)) {
    ::close(made);
    return none;
  }
  if (state_.load(std::memory_order_seq_cst) != 0) {
    ring();
  }
  return made;
}

} // namespace interlink::wasi
